//! Completion for shells: `capr completions SHELL` writes a script, which calls capr again with the words typed so far.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::Path;

use clap::{Command, CommandFactory, Parser, ValueEnum};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate, PathCompleter, ValueCompleter, complete};
use clap_complete::env::{EnvCompleter, Shells};

use super::arguments::{Tool, TypedArguments};
use super::bash;
use super::connectors;
use super::guide::ALL;
use super::lib::Deed;
use super::settings::{Settings, is_assignment, is_recipe};
use super::shell::Invocation;
use crate::configuration::TaskSummary;
use crate::event::{Event, Reporter};
use crate::interrupt::Interrupt;
use crate::manual::PAGES;
use crate::recipe::{Nobody, Recipe, Surroundings, is_test_file};
use crate::report::{is_plain, shown};
use crate::secret::Redactor;

/// The variable that the script sets to the shell's name.
pub(super) const VARIABLE: &str = "CAPR_COMPLETE";
/// The variable in which the script passes the index of the word at the cursor, from 0.
const INDEX: &str = "_CLAP_COMPLETE_INDEX";
/// The variable in which the script passes the separator of the answers.
const SEPARATOR: &str = "_CLAP_IFS";

/// Returns the script that makes a shell ask capr.
pub(super) fn script(name: &str) -> io::Result<String> {
    let mut script = Vec::new();
    completer(name)?.write_registration(VARIABLE, "capr", "capr", "capr", &mut script)?;
    let script = String::from_utf8_lossy(&script);
    Ok(match name {
        "bash" => bash::mended(&script),
        "zsh" => open_ended(&script),
        _ => script.into_owned(),
    })
}

/// The line for a script that lies in `fpath` as `_capr`: zsh reads it at the first completion and uses it as the function.
const AUTOLOADED: &str = "[[ \"$funcstack[1]\" == _capr ]] && _clap_dynamic_completer_capr \"$@\"\n";

/// Returns the script of zsh, changed to add no blank after `HOSTS=`.
fn open_ended(script: &str) -> String {
    let script = script.trim_end();
    format!("{script}\n{AUTOLOADED}")
        .replace("        local -a other=()\n", "        local -a other=() open=()\n")
        .replace(
            "            else\n                other+=",
            "            elif [[ \"$value\" == *= ]]; then\n                open+=(\"$completion\")\n            else\n                other+=",
        )
        .replace(
            "        [[ -n $other ]] &&",
            "        [[ -n $open ]] && _describe -V 'values' open -S ''\n        [[ -n $other ]] &&",
        )
}

/// Returns an error for a shell that has no script.
pub(super) fn is_known(name: &str) -> io::Result<()> {
    completer(name).map(|_| ())
}

fn completer(name: &str) -> io::Result<&'static dyn EnvCompleter> {
    let shells = Shells::builtins();
    let shell = shells.0.iter().find(|shell| shell.is(name));
    shell.copied().ok_or_else(|| {
        let known: Vec<&str> = shells.names().collect();
        io::Error::other(format!("completions are for {}, not for `{name}'", known.join(", ")))
    })
}

/// The source of the names that are offered.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum NameSource {
    /// This program, and the recipe, which is loaded.
    OfRecipe,
    /// This program alone: its commands and options, and names of files.
    OfProgram,
}

/// Returns the words that may stand at the cursor. The arguments are the program's name, `--`, and all words that were typed.
pub(super) fn answer(name: &str, arguments: &[OsString], names: NameSource, shell: &Invocation) -> io::Result<String> {
    let words = arguments.iter().skip_while(|word| *word != "--").skip(1);
    let mut words: Vec<OsString> = words.cloned().collect();
    let mut index = match shell.variable(INDEX).and_then(|index| index.parse().ok()) {
        Some(index) => index,
        None => words.len().saturating_sub(1),
    };
    let is_bash = name == "bash";
    let cut = match is_bash {
        true => bash::rejoin(&mut words, &mut index, shell.variable(bash::LINE)),
        false => 0,
    };
    let before = words.iter().take(index).skip(1).filter_map(|word| word.to_str());
    let typed = Typed::of(before, &shell.directory);
    let known = match names {
        NameSource::OfRecipe => Known::of(&typed, shell),
        NameSource::OfProgram => Known::default(),
    };
    let mut command = command(&typed, &known, shell);
    if is_bash {
        let found = complete(&mut command, words, index, Some(&shell.directory))?;
        let values = found.iter().map(|found| found.get_value().to_string_lossy());
        // Bash replaces only the part after the last sign.
        let values: Vec<String> = values
            .map(|value| value.get(cut..).unwrap_or_default().to_owned())
            .collect();
        return Ok(values.join(shell.variable(SEPARATOR).unwrap_or("\n")));
    }
    let mut answer = Vec::new();
    completer(name)?.write_complete(&mut command, words, Some(&shell.directory), &mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// The words that were typed before the cursor.
#[derive(Debug, Default, PartialEq, Eq)]
struct Typed {
    tool: Option<Tool>,
    recipe: Option<String>,
    /// True after `-f`.
    is_named: bool,
    /// Stages and tasks.
    words: Vec<String>,
    /// Options that decide which recipe is loaded.
    options: Vec<String>,
}

impl Typed {
    fn of<'a>(words: impl Iterator<Item = &'a str>, directory: &Path) -> Self {
        let mut typed = Self::default();
        let mut words = words.peekable();
        while let Some(word) = words.next() {
            match word {
                "-f" | "--file" => {
                    typed.is_named |= typed.recipe.is_none();
                    typed.recipe = typed.recipe.or(words.next().map(str::to_owned));
                }
                "-x" | "--skip-user-file" | "-X" | "--skip-system-file" => typed.options.push(word.to_owned()),
                option if option.starts_with('-') => {}
                word if is_assignment(word) => {}
                word => {
                    let is_first = typed.tool.is_none() && typed.recipe.is_none() && typed.words.is_empty();
                    match Tool::from_str(word, false) {
                        Ok(tool) if is_first => typed.tool = Some(tool),
                        _ if typed.recipe.is_none() && typed.words.is_empty() && is_recipe(word, directory) => {
                            typed.recipe = Some(word.to_owned());
                        }
                        _ => typed.words.push(word.to_owned()),
                    }
                }
            }
        }
        typed
    }
}

/// The names in a recipe.
#[derive(Default)]
struct Known {
    tasks: Vec<TaskSummary>,
    /// Other names of these tasks.
    synonyms: Vec<TaskSummary>,
    servers: Vec<String>,
    roles: Vec<String>,
    stages: Vec<String>,
    variables: Vec<String>,
}

impl Known {
    /// Returns the names in the recipe; none if it cannot be loaded, as completion shows no errors.
    fn of(typed: &Typed, shell: &Invocation) -> Self {
        Self::load(typed, shell).unwrap_or_default()
    }

    fn load(typed: &Typed, shell: &Invocation) -> Option<Self> {
        let named = typed.is_named.then_some("-f").into_iter();
        let named = named.chain(typed.recipe.iter().map(String::as_str));
        let options = typed.options.iter().map(String::as_str);
        let words = ["capr", "definitions", "-n"].into_iter().chain(options).chain(named);
        let settings = Settings::resolve(TypedArguments::try_parse_from(words).ok()?, shell).ok()?;
        if let Some(directory) = &settings.directory {
            std::env::set_current_dir(directory).ok()?;
        }
        let (remote, local) = connectors::make(true, settings.ssh, None);
        let surroundings = Surroundings {
            remote,
            local,
            reporter: Box::new(Silent),
            prompts: Box::new(Nobody),
            redactor: Redactor::default(),
            interrupt: Interrupt::default(),
        };
        let recipe = Recipe::load(&settings.recipes, settings.recipe_options, surroundings).ok()?;
        let stages: Vec<String> = recipe.stages().map(str::to_owned).collect();
        // An error in the stage is reported when the stage is used.
        let _ = recipe.look_at_stage(&typed.words);
        let variables = recipe.variables(|_| true, false);
        Some(Self {
            tasks: recipe.tasks(),
            synonyms: recipe.synonyms(),
            servers: recipe.servers(),
            roles: recipe.roles(),
            stages,
            variables: variables.into_iter().map(|variable| variable.name).collect(),
        })
    }
}

/// A reporter that reports nothing.
struct Silent;

impl Reporter for Silent {
    fn report(&mut self, _: &Event) {}
}

/// A word that may stand at the cursor, with its description.
struct Offer {
    word: String,
    help: Option<String>,
}

impl Offer {
    fn new(word: impl Into<String>, help: Option<&str>) -> Self {
        Self {
            word: word.into(),
            help: help.map(shown),
        }
    }

    fn fitting(offers: &[Self], current: &OsStr) -> Vec<CompletionCandidate> {
        let current = current.to_string_lossy();
        // Control and hidden characters cannot be typed, and a terminal would obey some of them.
        let offers = offers.iter().filter(|offer| is_plain(&offer.word));
        let fitting = offers.filter(|offer| offer.word.starts_with(&*current));
        let candidate = |offer: &Self| CompletionCandidate::new(&offer.word).help(offer.help.clone().map(Into::into));
        fitting.map(candidate).collect()
    }
}

fn command(typed: &Typed, known: &Known, shell: &Invocation) -> Command {
    let words: Vec<Offer> = match typed.tool {
        None => tools(typed)
            .chain(stages(typed, known))
            .chain(tasks(&known.tasks))
            .collect(),
        Some(Tool::Tree | Tool::Explain | Tool::Graph) => stages(typed, known).chain(tasks(&known.tasks)).collect(),
        Some(Tool::Ssh) => stages(typed, known)
            .chain(known.servers.iter().map(|name| Offer::new(name, None)))
            .collect(),
        Some(Tool::Vars) => stages(typed, known).chain(variables(known, "")).collect(),
        Some(Tool::Definitions | Tool::Doctor | Tool::Resume | Tool::Run | Tool::Shell) => {
            stages(typed, known).collect()
        }
        Some(Tool::Completions) => Shells::builtins().names().map(|name| Offer::new(name, None)).collect(),
        Some(Tool::Lib) => deeds(typed).chain(added(typed, shell)).collect(),
        Some(Tool::Help) => tools(&Typed::default()).chain(topics()).collect(),
        Some(
            Tool::Check
            | Tool::Fmt
            | Tool::Init
            | Tool::Manual
            | Tool::Port
            | Tool::Report
            | Tool::Test
            | Tool::Version,
        ) => Vec::new(),
    };
    let paths = match typed.tool {
        Some(Tool::Init | Tool::Manual) => Some(PathCompleter::dir()),
        Some(Tool::Report) => Some(PathCompleter::file()),
        Some(Tool::Lib) => takes_path(typed).then(PathCompleter::any),
        Some(Tool::Port) => Some(PathCompleter::any()),
        Some(Tool::Fmt) => Some(recipes()),
        Some(Tool::Test) => Some(test_files()),
        Some(Tool::Completions | Tool::Help | Tool::Version) => None,
        _ => (typed.recipe.is_none() && typed.words.is_empty()).then(recipes),
    };
    let paths = paths.map(|paths| paths.current_dir(&shell.directory));
    let synonyms: Vec<Offer> = match typed.tool {
        None => tasks(&known.synonyms).collect(),
        Some(_) => Vec::new(),
    };
    let narrowing = Narrowing {
        servers: known.servers.clone(),
        roles: known.roles.clone(),
    };
    let words = ArgValueCompleter::new(move |current: &OsStr| {
        let mut found = Offer::fitting(&words, current);
        if !current.is_empty() {
            found.extend(Offer::fitting(&synonyms, current));
            found.extend(Offer::fitting(&narrowing.offers(&current.to_string_lossy()), current));
        }
        found.extend(paths.iter().flat_map(|paths| paths.complete(current)));
        found
    });
    let among = |offers: Vec<Offer>| ArgValueCompleter::new(move |current: &OsStr| Offer::fitting(&offers, current));
    let settings = among(variables(known, "=").collect());
    TypedArguments::command()
        .mut_arg("words", |argument| argument.add(words))
        // An argument that was changed moves to the end, and the one after `--' has to be last.
        .mut_arg("command", |argument| argument)
        .mut_arg("files", |argument| argument.add(ArgValueCompleter::new(recipes())))
        .mut_arg("set_before", |argument| argument.add(settings.clone()))
        .mut_arg("set_after", |argument| argument.add(settings))
        .mut_arg("explain", |argument| argument.add(among(tasks(&known.tasks).collect())))
}

/// Completes files that end in `.rhai`, and directories that may lead to some.
fn recipes() -> PathCompleter {
    PathCompleter::any().filter(|path| path.is_dir() || path.extension().is_some_and(|ending| ending == "rhai"))
}

/// Completes test files, and directories that may lead to some.
fn test_files() -> PathCompleter {
    PathCompleter::any().filter(|path| path.is_dir() || path.to_str().is_some_and(is_test_file))
}

fn tools(typed: &Typed) -> impl Iterator<Item = Offer> {
    let is_first = typed.recipe.is_none() && typed.words.is_empty();
    let tools = Tool::value_variants().iter().filter(move |_| is_first);
    tools.filter_map(|tool| {
        let tool = tool.to_possible_value()?;
        let help = tool.get_help().map(ToString::to_string);
        Some(Offer::new(tool.get_name(), help.as_deref()))
    })
}

/// Offers the words after `lib`.
fn deeds(typed: &Typed) -> impl Iterator<Item = Offer> {
    let is_first = typed.words.is_empty();
    let deeds = Deed::value_variants().iter().filter(move |_| is_first);
    deeds.filter_map(|deed| {
        let deed = deed.to_possible_value()?;
        let help = deed.get_help().map(ToString::to_string);
        Some(Offer::new(deed.get_name(), help.as_deref()))
    })
}

/// Returns true after those words of `lib` that take a path.
fn takes_path(typed: &Typed) -> bool {
    let [word] = typed.words.as_slice() else {
        return false;
    };
    matches!(Deed::from_str(word, false), Ok(Deed::Add | Deed::Doc))
}

/// Offers the names of the project's libraries, after those words of `lib` that take one.
fn added(typed: &Typed, shell: &Invocation) -> Vec<Offer> {
    let deed = typed.words.first().and_then(|word| Deed::from_str(word, false).ok());
    let takes = match deed {
        Some(Deed::Update) => true,
        Some(Deed::Remove | Deed::Doc) => typed.words.len() == 1,
        _ => false,
    };
    if !takes {
        return Vec::new();
    }
    let wanted = super::lib::names(shell)
        .into_iter()
        .filter(|name| !typed.words.contains(name));
    wanted.map(|name| Offer::new(name, None)).collect()
}

fn topics() -> impl Iterator<Item = Offer> {
    let all = Offer::new(ALL, Some("all pages of the guide in one"));
    PAGES
        .iter()
        .map(|page| Offer::new(page.name, Some(page.brief)))
        .chain([all])
}

/// Offers stages; only the first word can be one.
fn stages(typed: &Typed, known: &Known) -> impl Iterator<Item = Offer> {
    let stages = known.stages.iter().filter(|_| typed.words.is_empty());
    stages.map(|stage| Offer::new(stage, Some("stage")))
}

/// Variables like `HOSTS=`, and the values that may follow.
struct Narrowing {
    servers: Vec<String>,
    roles: Vec<String>,
}

impl Narrowing {
    fn offers(&self, current: &str) -> Vec<Offer> {
        let names = [
            ("HOSTS", &self.servers),
            ("ROLES", &self.roles),
            ("HOSTFILTER", &self.servers),
            ("HOSTROLEFILTER", &self.roles),
        ];
        let mut offers = Vec::new();
        for (name, values) in names {
            let Some((_, said)) = current.split_once('=').filter(|(typed, _)| *typed == name) else {
                offers.push(Offer::new(format!("{name}="), Some("which servers")));
                continue;
            };
            let before = said.rfind(',').and_then(|comma| said.get(..=comma)).unwrap_or_default();
            let is_new = |value: &&String| !before.split(',').any(|other| other == *value);
            let further = values.iter().filter(is_new);
            offers.extend(further.map(|value| Offer::new(format!("{name}={before}{value}"), None)));
        }
        offers
    }
}

/// Offers all tasks except internal ones, which nobody means to type.
fn tasks(tasks: &[TaskSummary]) -> impl Iterator<Item = Offer> {
    let offered = tasks.iter().filter(|task| !task.is_internal());
    offered.map(|task| {
        let said = task.description.as_deref().and_then(|text| text.lines().next());
        Offer::new(&task.name, said)
    })
}

fn variables(known: &Known, behind: &str) -> impl Iterator<Item = Offer> {
    let names = known.variables.iter();
    names.map(move |name| Offer::new(format!("{name}{behind}"), None))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{Tool, Typed};
    use std::path::Path;

    #[test]
    fn what_was_typed_says_which_recipe_and_which_tool() {
        let typed = |line: &str| Typed::of(line.split_whitespace(), Path::new("/nowhere"));
        assert_eq!(typed("-q a.rhai A=1 production").recipe.as_deref(), Some("a.rhai"));
        assert_eq!(typed("-q a.rhai A=1 production").words, ["production"]);
        assert_eq!(typed("-f b deploy").recipe.as_deref(), Some("b"));
        assert_eq!(typed("vars a.rhai").tool, Some(Tool::Vars));
        assert_eq!(typed("deploy vars").tool, None);
    }
}
