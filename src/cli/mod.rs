//! Turns the command line into settings, once, and calls one subcommand. The only folder that reads argv, environment and
//! terminal.

mod arguments;
mod bash;
mod below;
mod bounded;
mod complete;
mod connectors;
mod cramped;
mod doctor;
mod fmt;
mod guide;
mod habits;
mod help;
mod init;
mod interactive;
mod itself;
mod lib;
mod looking;
mod manual;
mod once;
mod pager;
#[cfg(feature = "port")]
mod port;
mod private;
mod program;
mod prompts;
mod records;
mod release;
mod resume;
mod search;
mod settings;
mod shell;
mod signals;
mod ssh;
mod test;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, ValueEnum};
use rustix::process::{Resource, getrlimit, setrlimit};

use crate::address_space;
use crate::diagnostic::{Diagnostic, Fault};
use crate::event::Rollback;
use crate::interrupt::Interrupt;
use crate::io_error::plain;
use crate::journal::Shelf;
use crate::recipe::{Recipe, STACK, Stopped, Surroundings, on_large_stack};
use crate::report::{Console, ConsoleOptions, Ending, Log, Times};
use crate::run_id::RunId;
use crate::secret::Redactor;

use self::arguments::{ColorChoice, Tool, TypedArguments};
use self::complete::NameSource;
use self::doctor::Doctor;
use self::program::{Program, SHELL, asks_for, open_log};
use self::prompts::TerminalPrompts;
use self::records::Records;
use self::resume::Resuming;
use self::settings::{Settings, Work};
use self::shell::{Invocation, Presentation};

/// Runs the command that the arguments (the first is the program's name) ask for, and returns its exit code.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    signals::outlive_full_files();
    address_space::be_sparing();
    let core_files = private::keep();
    let shell = Invocation::of_process(core_files);
    if let Some(asking) = shell.variable(complete::VARIABLE) {
        let words: Vec<OsString> = arguments.into_iter().collect();
        let answer = if shell.variable(bounded::VARIABLE).is_some() {
            bounded::limit(STACK as u64);
            on_large_stack(|| complete::answer(asking, &words, NameSource::OfRecipe, &shell))
        } else {
            // If the recipe takes too long, the names of commands and options are offered without it.
            let without = || complete::answer(asking, &words, NameSource::OfProgram, &shell);
            Ok(complete::is_known(asking).and_then(|()| bounded::answer(&words).map_or_else(without, Ok)))
        };
        let console = Console::new(options(Presentation::unasked(&shell), false, None), Redactor::default());
        return ExitCode::from(told(written(answer.unwrap_or_else(Err), &console), &console));
    }
    let words: Vec<OsString> = arguments.into_iter().collect();
    let code = match TypedArguments::try_parse_from(&words) {
        Ok(arguments) => on_large_stack(|| with_arguments(arguments, &shell)).unwrap_or_else(|error| {
            let console = Console::new(options(Presentation::unasked(&shell), false, None), Redactor::default());
            let message = format!("cannot start a thread: {}", plain(&error));
            let mut diagnostic = Diagnostic::new(Fault::Failed, message);
            diagnostic.hints.extend(cramped::hint());
            refuse(&console, &[diagnostic])
        }),
        Err(error) => usage(&error, &words, &shell),
    };
    ExitCode::from(code)
}

/// Prints help and version on standard output, complaints on standard error.
fn usage(error: &clap::Error, words: &[OsString], shell: &Invocation) -> u8 {
    let console = Console::new(options(Presentation::unasked(shell), false, None), Redactor::default());
    if error.kind() == ErrorKind::DisplayHelp
        && let Some(tool) = tool_of(words)
    {
        console.data(&help::of(tool));
        return told(0, &console);
    }
    let text = error.render();
    let is_of_option = matches!(
        error.kind(),
        ErrorKind::UnknownArgument | ErrorKind::InvalidValue | ErrorKind::ValueValidation
    );
    let advice = habits::advice(words).filter(|_| is_of_option);
    if error.use_stderr() {
        let look = Presentation::unasked(shell).look;
        let text = if look.color {
            text.ansi().to_string()
        } else {
            text.to_string()
        };
        console.usage(&format!("{text}{}", advice.unwrap_or_default()));
    } else {
        console.data(&text.to_string());
    }
    if error.kind() == ErrorKind::DisplayVersion && words.iter().any(|word| word == "--check") {
        return told(release::check(shell, &console), &console);
    }
    told(u8::try_from(error.exit_code()).unwrap_or(2), &console)
}

/// Returns the command whose help is asked for: the first word that is no option.
fn tool_of(words: &[OsString]) -> Option<Tool> {
    let words = words.iter().skip(1).filter_map(|word| word.to_str());
    let first = words.into_iter().find(|word| !word.starts_with('-'))?;
    Tool::from_str(first, false).ok()
}

fn version(arguments: &TypedArguments, shell: &Invocation, console: &Console) -> u8 {
    if arguments.words.len() > 1 {
        let message = "version takes no words: capr version";
        return refuse(console, &[Diagnostic::new(Fault::Usage, message)]);
    }
    console.data(&TypedArguments::command().render_version());
    match arguments.only_check {
        true => release::check(shell, console),
        false => 0,
    }
}

/// The times that decide when a terminal shows something.
const TIMES: Times = Times {
    redrawn: Duration::from_millis(50),
    held: Duration::from_millis(700),
};

fn options(presentation: Presentation, is_rehearsal: bool, log: Option<Log>) -> ConsoleOptions {
    ConsoleOptions {
        format: presentation.format,
        threshold: presentation.threshold,
        look: presentation.look,
        size: shell::size,
        times: TIMES,
        data_columns: presentation.data_columns,
        is_rehearsal,
        stamps: presentation.stamps,
        log,
        interrupt: Interrupt::default(),
        run: RunId::default(),
        records: false,
        ci: None,
    }
}

fn with_arguments(arguments: TypedArguments, shell: &Invocation) -> u8 {
    let presentation = Presentation::resolve(&arguments, shell);
    let is_rehearsal = arguments.is_rehearsal();
    let redactor = Redactor::default();
    let interrupt = Interrupt::default();
    let log = arguments.log.as_ref().map(|path| open_log(path, &interrupt));
    let log = match log.transpose() {
        Ok(log) => log,
        Err(error) => {
            let console = Console::new(options(presentation, is_rehearsal, None), redactor);
            return refuse(&console, &[Diagnostic::new(Fault::Usage, format!("{error:#}"))]);
        }
    };
    let records = match Records::open(&arguments, shell) {
        Ok(records) => records,
        Err(wrong) => {
            let console = Console::new(options(presentation, is_rehearsal, None), redactor);
            return refuse(&console, &[*wrong]);
        }
    };
    let options = ConsoleOptions {
        interrupt: interrupt.clone(),
        run: shell.run.clone(),
        ci: presentation.ci(shell),
        records: records.are_wanted(),
        ..options(presentation, is_rehearsal, log)
    };
    let console = Console::new(options, redactor.clone());
    let tool = arguments.tool();
    if let Err(wrong) = arguments.without_options_of_tests() {
        return refuse(&console, &[wrong.into()]);
    }
    let is_colored = presentation.look.color && (shell.data.is_terminal || arguments.color == ColorChoice::Always);
    if tool == Some(Tool::Report) {
        let code = records::of_log(&arguments, records, shell, &console);
        return told(code, &console);
    }
    let code = match tool {
        Some(Tool::Init) => make_project(&arguments, shell, &console, redactor),
        Some(Tool::Port) => carry_over(&arguments, shell, &console),
        Some(Tool::Lib) => {
            lib::run(&arguments, shell, &console, redactor).unwrap_or_else(|wrong| refuse(&console, &[*wrong]))
        }
        Some(Tool::Fmt) => fmt::run(&arguments, shell, &console).unwrap_or_else(|wrong| refuse(&console, &[*wrong])),
        Some(Tool::Completions) => completions(&arguments.words, &console),
        Some(Tool::Manual) => manual_pages(&arguments.words, shell, &console),
        Some(Tool::Help) => guide::help(&arguments.words, is_colored, shell, &console),
        Some(Tool::Version) => version(&arguments, shell, &console),
        Some(Tool::Test) if shell.variable(test::VARIABLE).is_some() => test::answer(&arguments, shell),
        Some(Tool::Test) => test::run(&arguments, presentation.look.color, shell, &console),
        _ => match Settings::resolve(arguments, shell) {
            Ok(settings) => with_settings(settings, shell, &console, redactor, interrupt),
            Err(error) => refuse(&console, &[error.into()]),
        },
    };
    let code = records.finish(code, &console);
    told(code, &console)
}

fn completions(words: &[String], console: &Console) -> u8 {
    match words {
        [_, shell] => written(complete::script(shell), console),
        _ => {
            let message = "completions takes the name of a shell: capr completions bash";
            refuse(console, &[Diagnostic::new(Fault::Usage, message)])
        }
    }
}

/// Prints a string on standard output, or the reason why there is none.
fn written(text: std::io::Result<String>, console: &Console) -> u8 {
    match text {
        Ok(text) => {
            console.data(&text);
            0
        }
        Err(error) => refuse(console, &[Diagnostic::new(Fault::Usage, error.to_string())]),
    }
}

/// Returns the exit code after everything was printed. It is a failure if standard output or the log has not received
/// everything.
fn told(code: u8, console: &Console) -> u8 {
    console.end_job();
    let lost = console.lost();
    if lost.is_empty() {
        return code;
    }
    let lost: Vec<Diagnostic> = lost
        .into_iter()
        .map(|lost| Diagnostic::new(Fault::Failed, lost))
        .collect();
    let failed = refuse(console, &lost);
    if code == 0 { failed } else { code }
}

#[cfg(feature = "port")]
fn carry_over(arguments: &TypedArguments, shell: &Invocation, console: &Console) -> u8 {
    port::run(arguments, shell, console).unwrap_or_else(|wrong| refuse(console, &[*wrong]))
}

#[cfg(not(feature = "port"))]
fn carry_over(_: &TypedArguments, _: &Invocation, console: &Console) -> u8 {
    let message = "this capr was built without port; cargo install capr has it";
    refuse(console, &[Diagnostic::new(Fault::Usage, message)])
}

fn make_project(arguments: &TypedArguments, shell: &Invocation, console: &Console, redactor: Redactor) -> u8 {
    let named = match arguments.words.as_slice() {
        [_] => ".",
        [_, named] => named,
        _ => {
            let message = "init takes one directory at most";
            return refuse(console, &[Diagnostic::new(Fault::Usage, message)]);
        }
    };
    let mut prompts = match TerminalPrompts::new(console.clone(), redactor, Interrupt::default()) {
        Ok(prompts) => prompts,
        Err(error) => return refuse(console, &[Diagnostic::new(Fault::Failed, plain(&error))]),
    };
    let said = init::InitOptions {
        kind: arguments.kind,
        repository: arguments.repository.clone(),
        servers: arguments.server.clone(),
        stages: arguments.stage.clone(),
    };
    match init::init(&shell.directory.join(named), named, &said, &mut prompts, console) {
        Ok(()) => 0,
        Err(wrong) => refuse(console, &[*wrong]),
    }
}

fn manual_pages(words: &[String], shell: &Invocation, console: &Console) -> u8 {
    let [_, directory] = words else {
        let message = "manual takes the directory to write to: capr manual ~/.local/share/man";
        return refuse(console, &[Diagnostic::new(Fault::Usage, message)]);
    };
    match manual::write(&shell.directory.join(directory), console) {
        Ok(()) => 0,
        Err(wrong) => refuse(console, &[*wrong]),
    }
}

/// Reports errors and returns the exit code; the first decides it. A recipe that calls `exit(0)` while it is read is not wrong.
fn refuse(console: &Console, diagnostics: &[Diagnostic]) -> u8 {
    if matches!(diagnostics, [left] if left.fault == Fault::Exit(0)) {
        return 0;
    }
    console.errors(diagnostics);
    diagnostics
        .first()
        .map_or(Fault::Recipe, |diagnostic| diagnostic.fault)
        .exit_code()
}

fn with_settings(
    mut settings: Settings,
    shell: &Invocation,
    console: &Console,
    redactor: Redactor,
    interrupt: Interrupt,
) -> u8 {
    let acts = matches!(
        settings.work,
        Work::Run { .. } | Work::Resume { .. } | Work::Once { .. } | Work::Shell { .. }
    );
    if let (true, Some(diagnostic)) = (acts, cramped::refusal()) {
        return refuse(console, &[diagnostic]);
    }
    let program = Program {
        shell,
        console,
        redactor: &redactor,
        interrupt: &interrupt,
    };
    let prepared = prepare(&settings, &interrupt);
    let surroundings = prepared.and_then(|()| {
        program.ask_password(&mut settings)?;
        program.surroundings(&settings)
    });
    let surroundings = match surroundings {
        Ok(surroundings) => surroundings,
        Err(wrong) => return refuse(console, &[*wrong]),
    };
    match settings.work.clone() {
        Work::Check { words, json } => {
            match Recipe::check(&settings.recipes, settings.recipe_options, surroundings, &words) {
                Ok(found) => looking::check(&found, json, console),
                Err(unwanted) => refuse(console, &unwanted),
            }
        }
        Work::Resume { words, how } => resume::resume(settings, &program, &words, how),
        Work::Run {
            tasks,
            checks,
            resuming,
        } => run_tasks(settings, &program, surroundings, &tasks, (checks, resuming)),
        work => {
            let is_rehearsal = settings.recipe_options.dry_run;
            let loaded = Recipe::load(&settings.recipes, settings.recipe_options, surroundings);
            if let Work::Doctor { words, json, all } = work {
                let doctor = Doctor {
                    shell,
                    console,
                    interrupt: &interrupt,
                    ssh: settings.ssh,
                    json,
                    all,
                    is_rehearsal,
                };
                return doctor.run(loaded, &words, settings.recipes.first().map(PathBuf::as_path));
            }
            match (loaded, work) {
                (Ok(recipe), Work::Ssh { words, command }) => {
                    let login = ssh::WantedLogin {
                        words,
                        command,
                        ssh: settings.ssh,
                        is_rehearsal,
                    };
                    ssh::run(&recipe, login, console)
                }
                (Ok(recipe), Work::Once { words, command }) => {
                    let begin = |words: &[String]| records::begin(&settings.recipes, words, &program);
                    once::run(recipe, words, &command, &begin, console)
                }
                (Ok(recipe), work) => looking::look(recipe, work, &program),
                (Err(diagnostics), _) => refuse(console, &diagnostics),
            }
        }
    }
}

/// Runs tasks, or the command that the last word means if it is no task: `shell`, `resume`.
fn run_tasks(
    mut settings: Settings,
    program: &Program,
    surroundings: Surroundings,
    words: &[String],
    (checks, resuming): (bool, Resuming),
) -> u8 {
    let console = program.console;
    let shelf = resume::shelf(&settings, program.shell).filter(|_| !settings.recipe_options.dry_run);
    if let Some(shelf) = &shelf {
        settings.recipe_options.journal = resume::journal(shelf.clone(), &settings, words, program.redactor);
    }
    let options = settings.recipe_options.clone();
    let recipe = match Recipe::load(&settings.recipes, options, surroundings) {
        Ok(recipe) => recipe,
        Err(diagnostics) => return refuse(console, &diagnostics),
    };
    let stage = || words.split_last().map(|(_, stage)| stage.to_vec()).unwrap_or_default();
    if asks_for(&recipe, words, &SHELL) {
        settings.recipe_options.journal.turn_off();
        return interactive(recipe, stage(), &program.of_shell(checks));
    }
    if asks_for(&recipe, words, &[arguments::RESUME]) {
        drop(recipe);
        return resume::resume(settings, program, &stage(), resuming);
    }
    let tasks = match tasks_of_stage(&recipe, words, console) {
        Ok(tasks) => tasks,
        Err(code) => return code,
    };
    if checks {
        let wrong = recipe.wrong_in(&tasks);
        if !wrong.is_empty() {
            return refuse(console, &wrong);
        }
    }
    if let Err(wrong) = recipe.consent(&tasks) {
        return refuse(console, &[*wrong]);
    }
    settings.recipe_options.journal.compare(recipe.texts());
    let name = settings.recipe_name();
    let unfinished = shelf.as_ref().map(Shelf::unfinished).unwrap_or_default();
    resume::tell(&unfinished, &name, console);
    let head = resume::head(&settings, words);
    records::begin(&settings.recipes, words, program);
    let named = resume::named(&recipe, &name, words);
    let recovers = settings.recovers;
    let code = perform(recipe, &tasks, &named, console);
    match code {
        0 if recovers => resume::recovered(unfinished, &head),
        0 => resume::supersede(unfinished, &head),
        _ => {}
    }
    code
}

/// Prepares the process, as far as that can fail before anything is loaded.
fn prepare(settings: &Settings, interrupt: &Interrupt) -> Result<(), Box<Diagnostic>> {
    let failed = |error: anyhow::Error| Box::new(Diagnostic::new(Fault::Failed, format!("{error:#}")));
    let forwarded = signals::forward(interrupt).context("cannot receive signals");
    forwarded.map_err(failed)?;
    allow_many_files();
    // Paths of the recipe are relative to the place where it was found, as in Capistrano.
    if let Some(directory) = &settings.directory {
        let gone = std::env::set_current_dir(directory);
        let gone = gone.with_context(|| format!("cannot go to the recipe's directory {}", directory.display()));
        gone.map_err(failed)?;
    }
    Ok(())
}

/// Raises the limit of open files. Each server needs a few, and the usual soft limit is enough for 400 servers; the hard one is
/// enough for all.
fn allow_many_files() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // If it cannot be raised, the usual number must do.
    let _ = setrlimit(Resource::Nofile, limit);
}

/// Reports all tasks that do not exist, at once.
fn unknown(recipe: &Recipe, tasks: &[String], console: &Console) -> Option<u8> {
    let told = |task: &String| {
        let unknown = recipe.unknown_task(task)?;
        Some(match Tool::from_str(task, false) {
            Ok(_) => unknown.hint(format!("the command `{task}' comes first: capr {task} …")),
            Err(_) => unknown,
        })
    };
    let unknown: Vec<Diagnostic> = tasks.iter().filter_map(told).collect();
    console.errors(&unknown);
    (!unknown.is_empty()).then(|| Fault::Usage.exit_code())
}

/// Returns the tasks after the stage, which is loaded; on failure the exit code.
fn tasks_of_stage(recipe: &Recipe, words: &[String], console: &Console) -> Result<Vec<String>, u8> {
    let words = recipe.enter_stage(words);
    let tasks = words
        .and_then(|words| recipe.take_words(words))
        .map_err(|diagnostics| refuse(console, &diagnostics))?;
    match unknown(recipe, &tasks, console) {
        Some(code) => Err(code),
        None => Ok(tasks),
    }
}

/// Runs tasks. `named` is the recipe as it is named on a command line, for advice at the end.
fn perform(mut recipe: Recipe, tasks: &[String], named: &str, console: &Console) -> u8 {
    let mut result = recipe.run(tasks);
    if let Err(stopped) = &mut result {
        recipe.advise(stopped, named);
    }
    ended(recipe, result, console)
}

/// Reports the end of a run, and returns its exit code.
fn ended(recipe: Recipe, result: Result<(), Box<Stopped>>, console: &Console) -> u8 {
    // Sessions are closed before the end is reported.
    drop(recipe);
    match result {
        Ok(()) => {
            console.close(Ending::Done, None);
            0
        }
        Err(stopped) if stopped.is_wanted && stopped.rollback == Rollback::Complete => {
            console.close(Ending::Done, None);
            0
        }
        Err(stopped) => {
            let (diagnostic, rollback) = (&stopped.diagnostic, stopped.rollback);
            console.errors([diagnostic]);
            console.close(Ending::Failed { rollback }, Some(diagnostic));
            stopped.exit_code()
        }
    }
}

/// Runs the interactive shell, with the stage that the word may name.
fn interactive(recipe: Recipe, mut words: Vec<String>, surroundings: &interactive::ShellSurroundings) -> u8 {
    let console = surroundings.console;
    words.push("shell".to_owned());
    match recipe.enter_stage(&words) {
        Ok(left) if left.len() == 1 => match recipe.consent(&[]) {
            Ok(()) => interactive::run(recipe, surroundings),
            Err(wrong) => refuse(console, &[*wrong]),
        },
        Ok(left) => {
            let named = left.first().map_or("", String::as_str);
            let message = format!("shell runs tasks that are typed there, but `{named}' was named");
            let hint = format!("in the shell: !{named}");
            refuse(console, &[Diagnostic::new(Fault::Usage, message).hint(hint)])
        }
        Err(diagnostics) => refuse(console, &diagnostics),
    }
}
