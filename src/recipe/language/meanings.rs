//! Reads the meanings of variables: lines with `///` above a default or, if there is none, above an example in a comment. Nothing
//! is evaluated.

/// The meaning of a variable, as a recipe describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::recipe) struct Meaning {
    pub(in crate::recipe) name: String,
    pub(in crate::recipe) text: String,
    /// The default as the recipe writes it, if it is on one line.
    pub(in crate::recipe) default: Option<String>,
    /// True if a default is set, and not only shown in a comment as an example.
    pub(in crate::recipe) has_default: bool,
}

/// The variables that capr itself reads, so that the tasks of the library need not name them.
pub(in crate::recipe) static READ_BY_CAPR: &[(&str, &str)] = &[
    ("admin_runner", "The user that `try_sudo` becomes."),
    (
        "capture_limit",
        "How many bytes `capture` and the like take; more is an error.",
    ),
    (
        "command_map",
        "A map: a program that commands begin with, and what is run in its place, without a prefix: `#{ rake: \"bin/rake\" }`.",
    ),
    (
        "command_prefixes",
        "Names, the outermost first. For each NAME stands in front of the programs of `NAME_map_bins`, where a command begins with one, \
         what `NAME_prefix` is. The map `NAME_env_variables`, if there is one, is given to all commands.",
    ),
    (
        "default_env",
        "The same as `default_environment`, in the word of Capistrano 3.",
    ),
    ("default_environment", "A map: the environment of all commands."),
    (
        "default_run_options",
        "A map: options of all commands, as `run` takes them.",
    ),
    (
        "default_shell",
        "The program that interprets commands, as the option `shell` says it.",
    ),
    ("default_stage", "The stage that is taken where none is named."),
    (
        "protected",
        "True: before tasks run a person types the name of the stage (without stages, of the application), or `--confirm` says it.",
    ),
    (
        "filter",
        "With `set :dialect, 3` a map with `hosts` and `roles`: of all servers commands reach only these, as with `HOSTS=` and `ROLES=`.",
    ),
    ("gateway", "The server through which the others are reached."),
    (
        "heartbeat",
        "Seconds of silence after which it is told that commands still run.",
    ),
    ("journal", "False: no journal of the run is kept on this machine."),
    (
        "password",
        "The password for logins and sudo; asked for where it is needed and not set.",
    ),
    ("port", "The port of servers that name none."),
    (
        "pty",
        "Whether commands get a terminal, in the word of Capistrano 3; `default_run_options` has its say.",
    ),
    (
        "run_method",
        "How commands that may need rights are run: `:sudo` or `:run`.",
    ),
    (
        "ssh_options",
        "A map: how servers are reached; its keys are in the reference of the language.",
    ),
    ("stage", "The stage that was named."),
    (
        "stages",
        "The names of the stages, as in Capistrano 2. The files below config/deploy are the stages; `check` tells which of these has none.",
    ),
    ("sudo", "The program that is called for sudo."),
    ("sudo_prompt", "The prompt by which calls of sudo are known."),
    ("use_sudo", "Whether commands that may need rights go through sudo."),
    ("user", "Who logs in where a server does not say it."),
];

/// Reads the meanings in a recipe, in their order.
pub(in crate::recipe) fn meanings(text: &str) -> Vec<Meaning> {
    let mut found = Vec::new();
    let mut said: Vec<&str> = Vec::new();
    for line in text.lines().map(str::trim) {
        if let Some(words) = line.strip_prefix("///") {
            said.push(words.trim());
        } else if let Some(meaning) = (!said.is_empty()).then(|| meaning(line, &said)).flatten() {
            found.push(meaning);
            said.clear();
        } else {
            said.clear();
        }
    }
    found
}

fn meaning(line: &str, said: &[&str]) -> Option<Meaning> {
    let (line, has_default) = match line.strip_prefix("//") {
        Some(rest) => (rest.trim_start(), false),
        None => (line, true),
    };
    let rest = ["set_default", "set_if_empty", "set"]
        .iter()
        .find_map(|verb| line.strip_prefix(verb)?.strip_prefix([' ', '(']))?;
    let rest = rest.trim_start().strip_prefix(':')?;
    let end = rest
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .unwrap_or(rest.len());
    let (name, value) = rest.split_at_checked(end)?;
    let value = value.trim_start_matches(')').trim();
    let value = value.strip_prefix(',').unwrap_or(value).trim();
    let value = value.strip_suffix(';').unwrap_or(value).trim_end();
    let block = value.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    let is_whole = !value.is_empty() && (!value.starts_with('{') || block.is_some());
    Some(Meaning {
        name: name.to_owned(),
        text: said.join(" "),
        default: is_whole.then(|| block.unwrap_or(value).trim().to_owned()),
        has_default,
    })
}

#[cfg(test)]
#[allow(clippy::indexing_slicing)]
mod tests {
    use super::meanings;

    #[test]
    fn what_stands_above_a_default_or_its_example_is_its_meaning() {
        let text = "/// Where it is.\n/// On the servers.\nset_default :deploy_to { `/u/${x}` }\n\n/// Alone.\n\nset_default :none, 1;\n\
                    /// Many.\nset_default(:many, [1, 2]);\n  /// A branch.\n  // set :branch, \"main\";\n/// Long.\nset :long {\n  1\n}\n\
                    // no meaning\nset_default :bare, 2;\n/// A function.\nfn x() { }\n";
        let found = meanings(text);
        let shown: Vec<_> = found
            .iter()
            .map(|one| {
                (
                    one.name.as_str(),
                    one.text.as_str(),
                    one.default.as_deref(),
                    one.has_default,
                )
            })
            .collect();
        assert_eq!(
            shown,
            [
                ("deploy_to", "Where it is. On the servers.", Some("`/u/${x}`"), true),
                ("many", "Many.", Some("[1, 2])"), true),
                ("branch", "A branch.", Some("\"main\""), false),
                ("long", "Long.", None, true),
            ]
        );
    }
}
