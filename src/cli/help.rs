//! The help for the commands besides running tasks: one entry each, which all forms of the help share.

use std::fmt::Write;

use super::arguments::Tool;
use crate::manual::PAGES;

/// A command besides tasks.
struct Entry {
    tool: Tool,
    /// The words after `capr`.
    form: &'static str,
    /// The line in the list of all commands.
    brief: &'static str,
    /// The explanation.
    text: &'static str,
}

const ENTRIES: &[Entry] = &[
    Entry {
        tool: Tool::Check,
        form: "check [RECIPE] [STAGE] [--json]",
        brief: "finds what is wrong in a recipe",
        text: "Looks for what is wrong in a recipe without running a task: unknown names, options, roles and tasks. With --json each finding is a \
               JSON object on a line of its own. Ends with 3 where there is an error.",
    },
    Entry {
        tool: Tool::Vars,
        form: "vars [RECIPE] [STAGE] [NAME]... [--values] [--json]",
        brief: "lists variables, and who set them",
        text: "Lists the variables, or those of these names (with `*' in it those it fits): where each was set, and what that overrides. No \
               server is asked anything. --values adds the values, except secrets.",
    },
    Entry {
        tool: Tool::Tree,
        form: "tree [RECIPE] [STAGE] TASK... [--json]",
        brief: "shows what tasks do, as a tree",
        text: "Shows what tasks do, each as a tree: the hooks around it, the tasks that it calls, its commands as they are written, and which servers \
               they go to. It is read from the recipe: nothing runs, and no server is asked anything, so both sides of a condition are shown. With \
               --json each task is a JSON object on a line of its own.",
    },
    Entry {
        tool: Tool::Explain,
        form: "explain [RECIPE] [STAGE] TASK [--json]",
        brief: "tells in words what a task does",
        text: "Tells in words what one task does: where it is defined, where its commands go, what runs in which order and under which condition, which \
               variables it reads and who set them, and which tasks and hooks lead to it. Nothing runs, and no server is asked anything.",
    },
    Entry {
        tool: Tool::Graph,
        form: "graph [RECIPE] [STAGE] [TASK]... [--format dot|mermaid|svg]",
        brief: "draws tasks and hooks",
        text: "Draws tasks and what they lead to: those that are named, or all that the recipe itself defines. An arrow leads from a task to one \
               that it calls, a dashed one to a hook. --format says in which language: dot (for Graphviz; the default), mermaid, or svg, a picture that \
               needs no other program. It is written on standard output, and nothing runs.",
    },
    Entry {
        tool: Tool::Definitions,
        form: "definitions [RECIPE] [STAGE]",
        brief: "writes what editors are told",
        text: "Writes verbs, functions, variables and tasks for editors: a .d.rhai file, on standard output.",
    },
    Entry {
        tool: Tool::Doctor,
        form: "doctor [RECIPE] [STAGE] [--json]",
        brief: "looks at this machine and the servers",
        text: "Looks at what a run needs on this machine and on each of the recipe's servers (or those of HOSTS= and ROLES=), all at once, and changes \
               nothing: ssh configuration, keys, host keys, login, sudo, directories, space, clock, programs, repository, runs that were broken off. \
               What is not well says what to do. Without a recipe only this machine is looked at. Nobody is asked for a password, but with -p. -v names \
               all servers. Ends with 1 where something is bad, with 4 where a server was not reached or let nobody in.",
    },
    Entry {
        tool: Tool::Run,
        form: "run [RECIPE] [STAGE] -- COMMAND",
        brief: "runs one command on the servers",
        text: "Runs a command on all servers of the recipe at once, or on those of HOSTS= and ROLES=, as the verb run does in a task: with \
               default_environment, sudo's password, -n. One word is a command for the shell (capr run -- 'uptime | cut -d, -f1'), several are a \
               program and its words. Where some servers cannot be reached it runs on the others, and ends with 4.",
    },
    Entry {
        tool: Tool::Ssh,
        form: "ssh [RECIPE] [STAGE] SERVER [-- COMMAND]",
        brief: "logs in to one of the servers",
        text: "Logs in to a server of the recipe by the system's ssh, with what the recipe says about reaching it: user, port, keys, gateways, host \
               keys, algorithms. The server may be named by the beginning of its name, up to a dot, where no other has the same. Behind `--' stands a \
               command for it. ssh asks for passwords itself. -n shows the command line instead. Ends as ssh does.",
    },
    Entry {
        tool: Tool::Resume,
        form: "[RECIPE] [STAGE] resume [--undo]",
        brief: "goes on with a run that died, or undoes it",
        text: "Goes on with the last run of the recipe that died on this machine (killed, power cut, Ctrl-C), by its journal: what it had done is \
               not done again, what it had found out is taken as it was, and its rollback handlers are there again. --undo rolls back what it had \
               open. What was begun and has no known end is asked for, or said by --redo (run it again there) or --skip (it is done). A recipe that \
               has changed is refused without --changed-recipe. Secrets are asked for again. --forget does nothing but end the notes about such runs. \
               `capr resume RECIPE' does the same, also where a task has that name.",
    },
    Entry {
        tool: Tool::Shell,
        form: "shell [RECIPE] [STAGE]",
        brief: "runs commands and tasks typed line by line",
        text: "Runs what is typed line by line on all servers, or on those of `with ROLES' and `on SERVERS', over connections that are kept; \
               `!TASK' runs tasks, and help tells there what else can be said. Lines may come through a pipe, too. `capr RECIPE STAGE shell' does the \
               same where no task has that name.",
    },
    Entry {
        tool: Tool::Test,
        form: "test [PATH]... [NAME=value]... [OPTIONS]",
        brief: "runs the tests of recipes and libraries",
        text: "Runs the tests in files that end in _test.rhai: those that are named, and those below directories that are named, or below this one. \
               Each test runs in a process of its own, several at once (--jobs), on servers that do nothing and answer as the test says; --time-limit ends \
               one that takes long. --filter PATTERN runs some of them, --list only lists them. ENV has the NAME=value words and nothing else. --coverage \
               shows which lines were run, --lcov, --junit and --json tell it to programs. With --servers and --ssh-config tests run on the real servers \
               that the configuration names. Ends with 0 where all passed, 1 where one failed, 2 on wrong usage, 3 where a test file cannot be read, 4 where \
               there is no test.",
    },
    Entry {
        tool: Tool::Fmt,
        form: "fmt [FILE|DIR]... [--check] [--stdin]",
        brief: "formats recipes",
        text: "Formats recipes and libraries in one style: one statement a line, two blanks for each bracket, calls longer than 120 characters \
               broken at their options. Comments, strings and single empty lines stay as they are. Of a directory all .rhai files and Caprfiles are \
               formatted; without a word the recipe that would be run. The names of the files that were changed are written on standard output. Nothing \
               is run. A file is written only where it says the same as before; one with a mistake stays as it is. --check writes nothing and shows \
               what would change. --stdin formats standard input. Ends with 1 where --check finds something, with 3 where there is a mistake.",
    },
    Entry {
        tool: Tool::Lib,
        form: "lib add|update|fetch|list|remove|vendor|new|doc [WORD] [OPTIONS]",
        brief: "adds libraries of others to a project, makes one",
        text: "Adds task libraries of others to a project. `lib add GIT_URL[@TAG]' (or a directory, or a tarball with --sha256) shows the tasks, hooks \
               and defaults that it brings and what it overrides, and asks; capr.toml says then what is wanted and capr.lock which files that is, by \
               their SHA-256. `require \"NAME\"' loads it only if they are those. `lib fetch' fetches what capr.lock names (in CI: --locked), `lib update \
               [NAME]' takes what is newer, `lib list' tells how it stands (--json), `lib remove NAME' takes one out, `lib vendor' copies all into \
               vendor/capr. `lib new NAME' makes a library, `lib doc NAME' (or a path) writes the reference of one as Markdown. Nothing of a library \
               is run by any of these. --yes asks nothing, --offline fetches nothing. Ends with 1 where something was refused or is not as it should be.",
    },
    Entry {
        tool: Tool::Port,
        form: "port FILE|DIR... [--out DIR] [--force] [--check] [--json]",
        brief: "makes recipes of those of Capistrano",
        text: "Reads recipes of Capistrano 1, 2 and 3 (a deploy.rb, a Capfile, a stage or task file, a library, or a project's directory) and writes \
               recipes of capr that do the same, beside them or below --out. Ruby is read, never run. What cannot be carried over stands there as a PORT \
               note with its line of Ruby and the reason; the recipe loads, and a task ends with an error where it comes to a note. --check writes nothing. \
               Ends with 0 where nothing needs a hand, 1 where something does, 2 where a recipe is there already (--force), 3 where a file is no Ruby.",
    },
    Entry {
        tool: Tool::Init,
        form: "init [DIR] [OPTIONS]",
        brief: "makes the recipe of a new project",
        text: "Makes Caprfile and config/deploy.rhai, here or in the directory DIR, and with stages config/deploy/NAME.rhai. On a terminal it asks what \
               is deployed (Rails, Node, PHP, files alone, FastCGI), from where and to which servers, and proposes what it finds; --kind, --repository, \
               --server and --stage say it instead. Where nobody can be asked and nothing is said, the recipe is an example. Files that are there already stay.",
    },
    Entry {
        tool: Tool::Report,
        form: "report LOG [--report FILE] [--trace FILE]",
        brief: "makes a page of a log in JSON",
        text: "Makes of a log that --log-format json has written what --report and --trace write at the end of a run: a page for a browser, a trace \
               for Perfetto. Without these options the page is written on standard output. LOG is a file, or `-' for standard input.",
    },
    Entry {
        tool: Tool::Completions,
        form: "completions SHELL",
        brief: "makes a shell complete what is typed",
        text: "Writes a script that makes bash, zsh, fish, elvish or powershell complete recipes, stages, tasks, servers, roles, variables and \
               options. In ~/.bashrc: eval \"$(capr completions bash)\"",
    },
    Entry {
        tool: Tool::Manual,
        form: "manual DIR",
        brief: "writes the pages for man",
        text: "Writes the manual pages capr(1), one for each command, and capr-recipe(5) below the directory DIR: man finds them in \
               ~/.local/share/man. The packages bring them along.",
    },
    Entry {
        tool: Tool::Help,
        form: "help [COMMAND|TOPIC|NAME]",
        brief: "tells more of one of these, shows the guide",
        text: "Tells what a command does, or what capr does, which `capr -h' does, too. Shows a page of the guide, and what the reference \
               says of a verb or a function of the language: on a terminal through $PAGER, or less. `capr help all' writes all pages of the guide in one, as \
               Markdown, for programs that read it.",
    },
    Entry {
        tool: Tool::Version,
        form: "version",
        brief: "prints the version",
        text: "Prints the version on standard output, as -V does.",
    },
];

/// The forms of running and listing tasks.
pub(super) const TASKS: [(&str, &str); 4] = [
    ("[RECIPE] [STAGE] TASK... [NAME=value]...", "runs tasks"),
    ("[RECIPE] [STAGE] -T [PATTERN]", "lists tasks"),
    ("[RECIPE] [STAGE] -e TASK", "shows a task's whole description"),
    (
        "[RECIPE] [STAGE] TASK... --servers [--json]",
        "shows whom tasks address",
    ),
];

/// The column of a command's description.
const COLUMN: usize = 50;

/// Returns all commands, one line each.
pub(super) fn commands() -> String {
    let mut text = "Commands:\n".to_owned();
    let entries = ENTRIES.iter().map(|entry| (entry.form, entry.brief));
    for (form, brief) in TASKS.into_iter().chain(entries) {
        let line = format!("  capr {form}");
        let gap = match line.len() < COLUMN {
            true => " ".repeat(COLUMN - line.len()),
            false => format!("\n{}", " ".repeat(COLUMN)),
        };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{line}{gap}{brief}");
    }
    text.push_str("\nThe guide, shown by capr help TOPIC:\n");
    for page in PAGES {
        let _ = writeln!(text, "  {:width$}{}", page.name, page.brief, width = COLUMN - 2);
    }
    text
}

/// Returns the words after `capr`, and the line in the list of all commands.
pub(super) fn line(tool: Tool) -> (&'static str, &'static str) {
    let entry = ENTRIES.iter().find(|entry| entry.tool == tool);
    entry.map_or(("", ""), |entry| (entry.form, entry.brief))
}

/// Returns the explanation of a command.
pub(super) fn text(tool: Tool) -> &'static str {
    let entry = ENTRIES.iter().find(|entry| entry.tool == tool);
    entry.map_or("", |entry| entry.text)
}

/// Returns the help for one command.
pub(super) fn of(tool: Tool) -> String {
    let entry = ENTRIES.iter().find(|entry| entry.tool == tool);
    entry.map_or_else(String::new, |entry| {
        let text = filled(entry.text);
        format!(
            "Usage: capr {}\n\n{text}\nA word means the command only in first place: `capr RECIPE {}' runs a task. capr -h lists the options.\n",
            entry.form,
            entry.form.split(' ').next().unwrap_or_default()
        )
    })
}

/// Returns a text filled into lines.
fn filled(text: &str) -> String {
    const WIDTH: usize = 100;
    let (mut filled, mut column) = (String::new(), 0);
    for word in text.split(' ') {
        if column > 0 && column + 1 + word.len() > WIDTH {
            filled.push('\n');
            column = 0;
        } else if column > 0 {
            filled.push(' ');
            column += 1;
        }
        filled.push_str(word);
        column += word.len();
    }
    filled.push('\n');
    filled
}

/// The notes besides commands and options.
pub(super) const NOTES: &str = "\
RECIPE is a file or a name that ends in .rhai. Without one, Caprfile, deploy.rhai or config/deploy.rhai is looked for here and in \
the parent directories; `capr init' makes them.

STAGE is a file in config/deploy beside the recipe, loaded before the tasks run: production for config/deploy/production.rhai. The \
variable default_stage says which one where none is named.

Commands that are no tasks are recognised as the first word only.

Which servers, as arguments or in the environment (several are separated by commas):
  HOSTS=app1,app2      exactly these, whatever the tasks say
  ROLES=app,web        those of these roles instead of the tasks' (with -r: of these only)
  HOSTFILTER=app1      of the servers found only these
  HOSTROLEFILTER=web   of the servers found only those of these roles
Any other NAME=value is for the recipe, which reads ENV[\"NAME\"].

Environment: CAPR_SSH_CONFIG (--ssh-config), CAPR_STDLIB (--stdlib), CAPR_PATH (directories with libraries), CAPR_TRUST (directories \
whose recipes are run whoever owns them), CAPR_SYSTEM_FILE (instead of /etc/capr.rhai), NO_COLOR, CLICOLOR_FORCE.

Exit codes: 0 done, 1 failed (and rolled back, where a transaction was open), 2 usage, 3 error in the recipe, 4 could not \
connect or log in, 5 rollback incomplete, 6 somebody else has locked the servers, 130 and 143 signals.";

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::{ENTRIES, Tool, commands, of};

    #[test]
    fn every_command_has_its_help() {
        for tool in Tool::value_variants() {
            let name = tool.to_possible_value().map(|value| value.get_name().to_owned());
            let name = name.unwrap_or_default();
            let usage = of(*tool);
            let mut words = usage.lines().next().unwrap_or_default().split(' ');
            assert!(
                usage.starts_with("Usage: capr ") && words.any(|word| word == name),
                "{name}: {usage}"
            );
            assert!(commands().contains(&format!(" {name}")), "{name}");
        }
        assert_eq!(ENTRIES.len(), Tool::value_variants().len());
        let long = commands().lines().map(str::len).max();
        assert!(long <= Some(100), "{long:?}");
    }
}
