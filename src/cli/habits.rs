//! Options of Capistrano's command line that have other names here.

use std::ffi::OsString;

/// The options of `cap` 3 and 2 that capr lacks or means otherwise, each with what does the same here.
const OPTIONS: &[(&str, &str)] = &[
    ("--hosts", "HOSTS=app1,app2 behind the tasks"),
    ("--install", "capr init"),
    ("--prereqs", "capr tree TASK"),
    ("--print-config-variables", "capr vars --values"),
    ("--roles", "ROLES=app,web behind the tasks"),
    (
        "--trace",
        "-v, which shows more; here it writes a trace for Perfetto into FILE.json",
    ),
    ("-P", "capr tree TASK"),
    ("-z", "HOSTS=app1,app2 behind the tasks"),
];

/// Returns the advice on the first word that is such an option.
pub(super) fn advice(words: &[OsString]) -> Option<String> {
    let options = words.iter().skip(1).filter_map(|word| word.to_str());
    let found = options.into_iter().find_map(|word| {
        let name = word.split('=').next().unwrap_or(word);
        OPTIONS.iter().find(|(option, _)| *option == name)
    });
    let (option, here) = found?;
    Some(format!("  tip: what {option} of Capistrano does is here: {here}\n"))
}
