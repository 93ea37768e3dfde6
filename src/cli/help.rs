//! The help for the commands besides running tasks: one entry each, which all forms of the help share.

use std::fmt::Write;

use clap::ValueEnum as _;

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
        text: "Lists the variables, or those with these names (a name with `*' in it is a pattern): where each was set, and what that overrides. No \
               server is contacted. --values adds the values, except secrets.",
    },
    Entry {
        tool: Tool::Tree,
        form: "tree [RECIPE] [STAGE] TASK... [--json]",
        brief: "shows what tasks do, as a tree",
        text: "Shows what tasks do, each as a tree: the hooks around it, the tasks that it calls, its commands as they are written, and which servers \
               they go to. It is read from the recipe: nothing runs and no server is contacted, so both branches of a condition are shown. With --json \
               each task is a JSON object on a line of its own.",
    },
    Entry {
        tool: Tool::Explain,
        form: "explain [RECIPE] [STAGE] TASK [--json]",
        brief: "explains in words what a task does",
        text: "Explains in words what one task does: where it is defined, where its commands go, what runs in which order and under which condition, \
               which variables it reads and who set them, and which tasks and hooks lead to it. Nothing runs, and no server is contacted.",
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
        brief: "writes definitions for editors",
        text: "Writes verbs, functions, variables and tasks for editors: a .d.rhai file, on standard output.",
    },
    Entry {
        tool: Tool::Doctor,
        form: "doctor [RECIPE] [STAGE] [--json]",
        brief: "examines this machine and the servers",
        text: "Examines what a run needs on this machine and on each of the recipe's servers (or those of HOSTS= and ROLES=), all at once, and changes \
               nothing: ssh configuration, keys, host keys, login, sudo, directories, disk space, clock, programs, repository, interrupted runs. Each \
               problem comes with advice. Without a recipe only this machine is examined. A password is asked for only with -p. -v names all servers. \
               Ends with 1 if something is bad, with 4 if a server was not reached or did not accept the login.",
    },
    Entry {
        tool: Tool::Run,
        form: "run [RECIPE] [STAGE] -- COMMAND",
        brief: "runs one command on the servers",
        text: "Runs a command on all servers of the recipe at once, or on those of HOSTS= and ROLES=, as the verb run does in a task: with \
               default_environment, sudo's password, -n. One word is a command for the shell (capr run -- 'uptime | cut -d, -f1'), several words are a \
               program and its arguments. If some servers cannot be reached, it runs on the others and ends with 4.",
    },
    Entry {
        tool: Tool::Ssh,
        form: "ssh [RECIPE] [STAGE] SERVER [-- COMMAND]",
        brief: "logs in to one of the servers",
        text: "Logs in to a server of the recipe with the system's ssh, using the recipe's settings for reaching it: user, port, keys, gateways, host \
               keys, algorithms. The beginning of the server's name up to a dot is enough if no other server has the same. A command for the server may \
               follow after `--'. ssh itself asks for passwords. -n shows the command line instead. Ends as ssh does.",
    },
    Entry {
        tool: Tool::Resume,
        form: "[RECIPE] [STAGE] resume [--undo]",
        brief: "continues a run that died, or undoes it",
        text: "Continues the last run of the recipe that died on this machine (killed, power cut, Ctrl-C), with the help of its journal: steps that it \
               had completed are not repeated, answers that it had got are used again, and its rollback handlers are registered again. --undo rolls back \
               what it had left open. If it is not known how a step ended, you are asked; --redo (repeat it) and --skip (it is done) answer that. If the \
               recipe has changed, --changed-recipe is needed. Secrets are asked for again. --forget only stops the messages about such runs. `capr \
               resume RECIPE' does the same, even if a task has that name.",
    },
    Entry {
        tool: Tool::Shell,
        form: "shell [RECIPE] [STAGE]",
        brief: "runs commands and tasks typed line by line",
        text: "Runs what is typed, line by line, on all servers, or on those of `with ROLES' and `on SERVERS', over connections that are kept. `!TASK' \
               runs tasks; help lists everything else that can be typed. Lines may also come through a pipe. `capr RECIPE STAGE shell' does the same if \
               no task has that name.",
    },
    Entry {
        tool: Tool::Test,
        form: "test [PATH]... [NAME=value]... [OPTIONS]",
        brief: "runs the tests of recipes and libraries",
        text: "Runs the tests in files whose names end in _test.rhai: the files and directories that are named, or all below this directory. Each test \
               runs in a process of its own, several at once (--jobs), on servers that do nothing and answer as the test says; --time-limit ends a test \
               that takes too long. --filter PATTERN runs only some tests, --list only lists them. ENV holds the NAME=value words and nothing else. \
               --coverage shows which lines were run; --lcov, --junit and --json are for programs. With --servers and --ssh-config the tests run on the \
               real servers that the configuration names. Ends with 0 if all passed, 1 if one failed, 2 on wrong usage, 3 if a test file cannot be read, \
               4 if there is no test.",
    },
    Entry {
        tool: Tool::Fmt,
        form: "fmt [FILE|DIR]... [--check] [--stdin]",
        brief: "formats recipes",
        text: "Formats recipes and libraries in one style: one statement a line, two blanks for each bracket, calls longer than 120 characters broken at \
               their options. Comments, strings and single empty lines stay as they are. A directory stands for all .rhai files and Caprfiles in it; \
               without a word, the recipe that would be run is formatted. The names of the files that were changed are printed on standard output. \
               Nothing is run. A file is written only if it still means the same; one with a mistake stays as it is. --check writes nothing and shows \
               what would change. --stdin formats standard input. Ends with 1 if --check finds something, with 3 if there is a mistake.",
    },
    Entry {
        tool: Tool::Lib,
        form: "lib add|update|fetch|list|remove|vendor|new|doc [WORD] [OPTIONS]",
        brief: "adds other people's libraries, or makes one",
        text: "Adds other people's task libraries to a project. `lib add GIT_URL[@TAG]' (or a directory, or a tarball with --sha256) shows the tasks, \
               hooks and defaults of a library and what it overrides, and asks. capr.toml then lists the libraries that are wanted, and capr.lock records \
               the exact files by their SHA-256; `require \"NAME\"' loads no others. `lib fetch' fetches what capr.lock records (in CI: --locked), `lib \
               update [NAME]' changes to newer versions, `lib list' shows the state of each library (--json), `lib remove NAME' removes one, `lib vendor' \
               copies all into vendor/capr. `lib new NAME' makes a library, `lib doc NAME' (or a path) prints its reference as Markdown. None of these \
               runs any code of a library. --yes asks nothing, --offline fetches nothing. Ends with 1 if something was refused or is not as it should be.",
    },
    Entry {
        tool: Tool::Port,
        form: "port FILE|DIR... [--out DIR] [--force] [--check] [--json]",
        brief: "turns recipes of Capistrano into recipes of capr",
        text: "Reads recipes of Capistrano 1, 2 and 3 (a deploy.rb, a Capfile, a stage or task file, a library, or a project's directory) and writes \
               recipes of capr that do the same, beside them or below --out. Ruby is read, never run. What cannot be carried over becomes a PORT note \
               with its line of Ruby and the reason; the recipe loads, and a task that comes to a note ends with an error. --check writes nothing. Ends \
               with 0 if no manual work is needed, 1 if some is, 2 if a recipe exists already (--force), 3 if a file is not Ruby.",
    },
    Entry {
        tool: Tool::Init,
        form: "init [DIR] [OPTIONS]",
        brief: "makes the recipe of a new project",
        text: "Makes Caprfile and config/deploy.rhai, here or in the directory DIR, and with stages config/deploy/NAME.rhai. On a terminal it asks what \
               is deployed (Rails, Node, PHP, static files, FastCGI), from where and to which servers, and proposes what it finds; --kind, --repository, \
               --server and --stage answer these questions. Without a terminal and without these options, the recipe is an example. Existing files are \
               never changed.",
    },
    Entry {
        tool: Tool::Report,
        form: "report LOG [--report FILE] [--trace FILE]",
        brief: "makes a page from a log in JSON",
        text: "Makes the files of --report and --trace from a log that was written with --log-format json: a page for a browser, and a trace for \
               Perfetto. Without these options, the page is written on standard output. LOG is a file, or `-' for standard input.",
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
        text: "Writes the manual pages capr(1), one for each command, and capr-recipe(5) below the directory DIR; man looks in ~/.local/share/man. The \
               packages contain them.",
    },
    Entry {
        tool: Tool::Help,
        form: "help [COMMAND|TOPIC|NAME]",
        brief: "explains one of these, shows the guide",
        text: "Explains a command, or capr as a whole, as `capr -h' does. Shows a page of the guide, or the entry of the reference about a verb or a \
               function of the language, on a terminal through $PAGER or less. `capr help all' prints all pages of the guide as one Markdown file, for \
               programs that read it.",
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
        "shows the servers of tasks",
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
        let place = match tool {
            // Their texts say when they may stand behind the recipe.
            Tool::Resume | Tool::Shell => String::new(),
            _ => format!(
                "The command is the first word: `capr RECIPE {}' runs a task of that name. ",
                name(tool)
            ),
        };
        format!(
            "Usage: capr {}\n\n{text}\n{place}capr -h lists the options.\n",
            entry.form
        )
    })
}

/// Returns the word that means a command.
pub(super) fn name(tool: Tool) -> String {
    let value = tool.to_possible_value();
    value.map_or_else(String::new, |value| value.get_name().to_owned())
}

/// Returns a string with its words filled into lines.
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
variable default_stage names the one that is used by default.

These commands are recognised as the first word only; elsewhere a word is a task.

Which servers, as arguments or in the environment (several are separated by commas):
  HOSTS=app1,app2      exactly these, whatever the tasks say
  ROLES=app,web        those of these roles instead of the tasks' (with -r: of these only)
  HOSTFILTER=app1      of the servers found only these
  HOSTROLEFILTER=web   of the servers found only those of these roles
In a recipe with set :dialect, 3 HOSTS and ROLES choose like these, as in Capistrano 3.
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
