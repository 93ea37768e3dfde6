//! Turns a verb's call into an action: its servers, its command, and the use of its output.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use rhai::{Engine, EvalContext, Position};

use super::call::VerbCall;
use super::command::Unsendable;
use super::command_limits;
use super::connection;
use super::connection::Reach;
use super::dialect;
use super::download::Downloads;
use super::examining;
use super::failure::failure;
use super::interpreter::Interpreter;
use super::lock_owed;
use super::perform::Broken;
use super::role_block;
use super::secrets::{self, random_mark};
use super::selected;
use super::wish;
use super::wish::Wish;
use crate::actor::{Accepts, Action, ActionError, Outcome, Output};
use crate::configuration::{Environment, RunOptions, Selection, Server};
use crate::diagnostic::ServerFailure;
use crate::event::Level;
use crate::plan::{Before, CommandLine, command_line, placeholders, sudo_calls, sudo_command};
use crate::recipe::language::options::{COMMAND, flag, pairs, refuse_unknown, run_options, selection, shell};
use crate::recipe::language::origin::{Fallible, origin};
use crate::recipe::language::values::texts;
use crate::session::{Command, Destination, Input, Meant, Opening, SentFile, SshOptions, Terminal};
use crate::source::{self, joined};

/// The action that a verb asks for.
pub(in crate::recipe) struct Request {
    pub(in crate::recipe) verb: &'static str,
    /// The command as the recipe writes it.
    pub(in crate::recipe) shown: String,
    /// The options for how it runs, as they are shown.
    pub(in crate::recipe) options: Vec<(&'static str, String)>,
    /// The command with its placeholders.
    pub(in crate::recipe) text: String,
    pub(in crate::recipe) input: Input,
    pub(in crate::recipe) output: Output,
    /// True if the caller reads the exit status itself, so that none is an error.
    pub(in crate::recipe) asks: bool,
    /// The words with which the command calls sudo, if it does.
    pub(in crate::recipe) sudo: Option<String>,
    /// The questions that sudo may ask, and the input that waits until sudo has started its command.
    pub(in crate::recipe) asking: Option<Asking>,
    /// The files that take the output of [`Output::Bytes`].
    pub(in crate::recipe) downloads: Option<Downloads>,
    /// The command of each server, if not all have the same.
    pub(in crate::recipe) branches: Option<Branches>,
    /// The command with which a test compares, if that is not what is shown.
    pub(in crate::recipe) said: Option<String>,
    /// The file that the command writes on the server.
    pub(in crate::recipe) file: Option<SentFile>,
    /// The output of a scripted server for which the test has set no answer.
    pub(in crate::recipe) otherwise: Option<String>,
}

impl Request {
    /// Returns a request with the same command for all servers: its output is reported, an exit status other than 0 is an error,
    /// and nothing is asked.
    pub(in crate::recipe) fn new(verb: &'static str, shown: String, text: String, input: Input) -> Self {
        Self {
            verb,
            shown,
            options: Vec::new(),
            text,
            input,
            output: Output::Report,
            asks: false,
            sudo: None,
            asking: None,
            downloads: None,
            branches: None,
            said: None,
            file: None,
            otherwise: None,
        }
    }
}

impl Request {
    /// Returns the command with which a test compares: as the recipe writes it.
    fn meant(&self, command: String) -> Meant {
        let later = self.asking.as_ref().and_then(|asking| asking.started.as_ref());
        Meant {
            verb: self.verb,
            command,
            options: self.options.clone(),
            input: Arc::clone(&later.map_or(&self.input, |(_, input)| input).source),
            file: self.file.clone(),
            otherwise: self.otherwise.clone(),
        }
    }
}

/// The answers and the input for a command that calls sudo.
#[derive(Clone)]
pub(in crate::recipe) struct Asking {
    /// The number of sudo's questions that are answered.
    pub(in crate::recipe) questions: usize,
    /// The line that the command prints once sudo has started it, and the input that is sent after that line. The input of the
    /// request is sent before it.
    pub(in crate::recipe) started: Option<(String, Input)>,
}

/// Several commands, and the numbers of those that each server runs.
#[derive(Default)]
pub(in crate::recipe) struct Branches {
    pub(in crate::recipe) commands: Vec<(Request, RunOptions)>,
    pub(in crate::recipe) of: IndexMap<Server, Vec<usize>>,
}

/// The servers and the options of a call.
pub(in crate::recipe) struct CallSettings {
    pub(in crate::recipe) selection: Selection,
    pub(in crate::recipe) options: RunOptions,
    /// The environment that the recipe gives this command, without the one for all commands.
    pub(in crate::recipe) environment: Option<Environment>,
}

/// A call on servers, and the settings that are the same for all of its actions.
struct Prepared<'a, 'v> {
    call: &'a VerbCall<'v>,
    settings: &'a CallSettings,
    reach: Reach,
    most_captured: usize,
    heartbeat: Option<Duration>,
}

impl Prepared<'_, '_> {
    /// Returns true if a server that fails is left out, and the recipe continues.
    fn goes_on(&self) -> bool {
        self.settings.selection.on_error_continue == Some(true)
    }
}

/// The words with which this recipe calls sudo.
#[derive(Clone)]
pub(in crate::recipe) struct Sudo {
    pub(in crate::recipe) program: String,
    pub(in crate::recipe) prompt: String,
}

impl Sudo {
    pub(in crate::recipe) fn command(&self, user: Option<&str>) -> String {
        sudo_command(&self.program, &self.prompt, user)
    }

    /// Returns the number of calls of sudo in a string.
    pub(in crate::recipe) fn calls(&self, text: &str) -> usize {
        sudo_calls(text, &self.program, &self.prompt)
    }
}

impl Interpreter {
    /// Returns the settings of a call: its own options override the task's, which override the recipe's defaults.
    pub(in crate::recipe) fn settings(&self, engine: &Engine, call: &VerbCall) -> Fallible<CallSettings> {
        let (task_selection, task_options) = self.task_settings();
        let own = selection(&call.options)?;
        let selection = self.around().selection(task_selection).overlaid_by(&own);
        let selection = role_block::resolved(self, engine, selection, &own)?;
        let mut options = RunOptions {
            shell: self.variable(engine, "default_shell")?.as_ref().and_then(shell),
            ..RunOptions::default()
        };
        // This is Capistrano 3's variable.
        if let Some(pty) = self.variable(engine, "pty")?.filter(|pty| !pty.is_unit()) {
            options.pty = flag("pty", &pty, Position::NONE)?;
        }
        if let Some(defaults) = self.variable(engine, "default_run_options")? {
            let defaults = pairs(&defaults);
            refuse_unknown("default_run_options", &defaults, COMMAND).map_err(|error| {
                let unknown = defaults
                    .keys()
                    .find(|name| !COMMAND.iter().any(|choice| choice.name == *name));
                self.defined()
                    .at_key(error, "default_run_options", unknown.map_or("", String::as_str))
            })?;
            options = options.overlaid_by(&run_options(&defaults)?);
        }
        let said = self.around().said();
        let around = RunOptions {
            dir: said.dir.clone(),
            env: said.env(),
            ..RunOptions::default()
        };
        let own_options = task_options
            .overlaid_by(&around)
            .overlaid_by(&run_options(&call.options)?);
        if own_options.stdin.is_some() {
            // On a terminal it would have no end, and the command would wait for that.
            options.pty = None;
        }
        let environment = options.overlaid_by(&own_options).env;
        // Capistrano 3 runs a command with blanks in it as it is. The second name is Capistrano 3's.
        let is_bare = own_options.prefix == Some(false) && dialect::speaks_three(self);
        let mut names = vec!["default_environment".to_owned(), "default_env".to_owned()];
        // What libraries give all commands.
        let prefixes = self.variable(engine, "command_prefixes")?.unwrap_or_default();
        names.extend(texts(&prefixes).iter().map(|name| format!("{name}_env_variables")));
        for name in names.into_iter().filter(|_| !is_bare) {
            let Some(environment) = self.variable(engine, &name)? else {
                continue;
            };
            let given = [("env".to_owned(), (environment, Position::NONE))]
                .into_iter()
                .collect();
            let under = run_options(&given)?;
            if under.env != Some(Environment::Map(Default::default())) {
                options = under.overlaid_by(&options);
            }
        }
        Ok(CallSettings {
            selection,
            options: options.overlaid_by(&own_options),
            environment,
        })
    }

    /// Returns the words with which sudo is called, from the variables `sudo` and `sudo_prompt`.
    pub(in crate::recipe) fn sudo(&self, engine: &Engine) -> Fallible<Sudo> {
        let prompt = match self.variable(engine, "sudo_prompt")? {
            Some(_) => self.text_variable(engine, "sudo_prompt")?.unwrap_or_default(),
            None => "sudo password: ".to_owned(),
        };
        Ok(Sudo {
            program: self.text_variable(engine, "sudo")?.unwrap_or_else(|| "sudo".to_owned()),
            prompt,
        })
    }

    /// Performs the request on the servers of the call; `None` if none matches and that is not an error.
    pub(in crate::recipe) fn act(
        &self,
        context: &mut EvalContext,
        call: &VerbCall,
        settings: &CallSettings,
        request: Request,
    ) -> Fallible<Option<Outcome>> {
        examining::refuse_servers(self, request.verb, call.position)?;
        selected::report_unknown_hosts(self);
        selected::report_unreleased(self, &settings.selection);
        let servers = selected::of_command(self, &settings.selection, request.verb);
        let Some(servers) = servers.map_err(|error| failure(error, call.position))? else {
            return Ok(None);
        };
        let prepared = Prepared {
            call,
            settings,
            reach: connection::reach(self, context.engine())?,
            most_captured: command_limits::most_captured(self, context.engine())?,
            heartbeat: command_limits::heartbeat(self, context.engine())?,
        };
        if servers.len() == 1 && self.around().is_one_of_many() {
            let wish = Wish {
                action: self.action_of(&prepared, &request, &servers, None)?,
                downloads: request.downloads.map(Rc::new),
                has_block: false,
                goes_on: prepared.goes_on(),
                most: settings.selection.max_hosts,
                place: (context.source().map(str::to_owned), call.position),
            };
            return wish::perform(self, context, call, wish);
        }
        self.act_in_batches(context, &prepared, request, &servers).map(Some)
    }

    /// Returns the action for some servers of a call; `gate` is the mark of a script in front of the command that may not let it in.
    fn action_of(
        &self,
        prepared: &Prepared,
        request: &Request,
        servers: &[Server],
        gate: Option<String>,
    ) -> Fallible<Action> {
        let Prepared { call, settings, .. } = prepared;
        let (mut jobs, mut parts) = (Vec::new(), HashMap::new());
        for server in servers {
            let ssh = connection::options_for(self, &prepared.reach, server)?;
            let own = self.jobs(server, &ssh, request, settings, &mut parts);
            jobs.extend(own.map_err(|error| error.raised(call.position))?);
        }
        let mut action = action(request, jobs, false, &settings.options);
        if dialect::is_task_of_three(self) && kills(&request.text) {
            action.accepts = action.accepts.killing();
        }
        Ok(Action {
            parts,
            most_captured: prepared.most_captured,
            heartbeat: prepared.heartbeat,
            gate,
            ..action
        })
    }

    /// Performs the request on as many servers at a time as the call allows. A lock that is owed is taken first, if possible by a
    /// script in front of the command.
    fn act_in_batches(
        &self,
        context: &mut EvalContext,
        prepared: &Prepared,
        mut request: Request,
        servers: &[Server],
    ) -> Fallible<Outcome> {
        let Prepared { call, settings, .. } = prepared;
        let gives_variable = lock_owed::gives_variable(self, &request);
        if !gives_variable {
            lock_owed::fall_due(self, context.engine())?;
        }
        let mut front = lock_owed::in_front(self, context.source(), (&request, settings), servers);
        match &front {
            Some(front) => {
                self.locks().note_perhaps_held(servers);
                request.text.insert_str(0, &format!("{}\n", front.script));
            }
            None if gives_variable => {}
            None => lock_owed::settle(self, context.engine())?,
        }
        let mut outcome = Outcome::default();
        let size = settings.selection.max_hosts.unwrap_or(servers.len()).max(1);
        for batch in servers.chunks(size) {
            let mut batch = batch.to_vec();
            loop {
                if prepared.goes_on() {
                    batch.retain(|server| !self.exclusions().has_failed(server));
                }
                if batch.is_empty() {
                    break;
                }
                let gate = front.as_ref().map(|front| front.mark.clone());
                let action = self.action_of(prepared, &request, &batch, gate)?;
                secrets::tell_secrets(self, &action);
                match self.perform(context, call, action, request.downloads.as_ref()) {
                    Ok(ended) => {
                        outcome.stdout.extend(ended.stdout);
                        outcome.statuses.extend(ended.statuses);
                        break;
                    }
                    Err(Broken::Action(ActionError::TurnedAway { answers, .. })) => {
                        lock_owed::settle_turned_away(self, context.engine(), servers, answers)?;
                        if let Some(front) = front.take() {
                            request.text.replace_range(..=front.script.len(), "");
                        }
                    }
                    Err(Broken::Action(error)) if prepared.goes_on() && error.is_of_servers() => {
                        self.leave_out(&error);
                        // If some servers could not be connected, it was not started anywhere, so the others try again without
                        // them.
                        if error.was_started() {
                            break;
                        }
                    }
                    Err(broken) => return Err(broken.raise(call.position)),
                }
            }
        }
        Ok(outcome)
    }

    /// Remembers the servers of an error that are left out from now on, and reports the error.
    pub(super) fn leave_out(&self, error: &ActionError) {
        self.say(Level::Important, format!("{error}; going on without"));
        let failures = error.diagnostic().servers;
        for (servers, reason, _) in ServerFailure::groups(&failures) {
            let servers: Vec<String> = servers.iter().map(ToString::to_string).collect();
            self.say(Level::Important, format!("{}: {reason}", servers.join(", ")));
        }
        self.exclusions().leave_out(failures);
    }

    /// Performs the request on this machine.
    pub(in crate::recipe) fn act_locally(
        &self,
        context: &mut EvalContext,
        call: &VerbCall,
        options: &RunOptions,
        request: Request,
    ) -> Fallible<Outcome> {
        if !lock_owed::gives_variable(self, &request) {
            lock_owed::settle_for_action(self, context.engine())?;
        }
        if self.mode().only_looks() {
            examining::leave_undone(self, &request, origin(context.source(), call.position))?;
            return Ok(Outcome::default());
        }
        let destination = Destination {
            server: Server::host("localhost"),
            options: SshOptions::default(),
        };
        let changed = RunOptions {
            env: Some(Environment::Map(self.machine().changed_environment())),
            ..RunOptions::default()
        };
        let options = &changed.overlaid_by(options);
        let mut command = self
            .command(&request.text, &request, options)
            .map_err(|error| error.raised(call.position))?;
        command.meant = self.mode().trial().is_some().then(|| {
            let said = request.said.as_ref().unwrap_or(&request.shown);
            Arc::new(request.meant(said.clone()))
        });
        let action = Action {
            most_captured: command_limits::most_captured(self, context.engine())?,
            heartbeat: command_limits::heartbeat(self, context.engine())?,
            ..action(&request, vec![(destination, command)], true, options)
        };
        secrets::tell_secrets(self, &action);
        self.perform(context, call, action, None)
            .map_err(|broken| broken.raise(call.position))
    }

    fn jobs(
        &self,
        server: &Server,
        ssh: &SshOptions,
        request: &Request,
        settings: &CallSettings,
        parts: &mut HashMap<String, String>,
    ) -> Result<Vec<(Destination, Command)>, Unsendable> {
        let Some(branches) = &request.branches else {
            return Ok(vec![self.job(server.clone(), ssh, request, &settings.options)?]);
        };
        let chosen = branches.of.get(server).into_iter().flatten();
        chosen
            .filter_map(|index| branches.commands.get(*index))
            .map(|(request, options)| {
                let job = self.job(server.clone(), ssh, request, options)?;
                parts.insert(job.1.line.clone(), request.shown.clone());
                Ok(job)
            })
            .collect()
    }

    pub(in crate::recipe) fn job(
        &self,
        server: Server,
        ssh: &SshOptions,
        request: &Request,
        options: &RunOptions,
    ) -> Result<(Destination, Command), Unsendable> {
        let command = {
            let configuration = self.defined().configuration();
            let roles = configuration.roles.roles_of(&server);
            let text = placeholders(&request.text, &server, &roles);
            let mut command = self.command(&text, request, options)?;
            // The environment may contain placeholders as well.
            command.line = placeholders(&command.line, &server, &roles);
            command.meant = self.mode().trial().is_some().then(|| {
                let said = request.said.as_ref().unwrap_or(&request.shown);
                Arc::new(request.meant(placeholders(said, &server, &roles)))
            });
            command
        };
        let destination = Destination {
            server,
            options: ssh.clone(),
        };
        Ok((destination, command))
    }

    /// Returns the command for a string: with its environment, its input, and the input that waits for sudo.
    fn command(&self, text: &str, request: &Request, options: &RunOptions) -> Result<Command, Unsendable> {
        let terminal = (options.pty == Some(true)).then(|| {
            let (columns, rows) = (options.columns.unwrap_or(80), options.rows.unwrap_or(24));
            Terminal { columns, rows }
        });
        let (options, secrets) = self.actor().without_secrets(options)?;
        let waits = terminal.is_some() && !secrets.is_empty();
        let mark = (request.asking.is_some() || waits).then(random_mark).transpose()?;
        let before = Before {
            mark: mark.as_deref(),
            asks: request.asking.as_ref().is_some_and(|asking| asking.questions > 0),
            secrets: secrets.len(),
            terminal: terminal.is_some(),
        };
        let mut input = request.input.clone();
        let reads = input.source.length() > 0 || !input.then_end || request.asking.is_some();
        let CommandLine {
            line,
            is_plain,
            first,
            script,
        } = command_line(text, &options, &before.script(), reads);
        if terminal.is_some() && !script.is_empty() {
            return Err(Unsendable::TooLong(script.len()));
        }
        for bytes in [script, secrets.as_bytes().to_vec(), first] {
            if !bytes.is_empty() {
                input.source = joined(source::text(bytes), input.source);
            }
        }
        if let Some(mark) = mark {
            let (started, questions) = match &request.asking {
                Some(asking) => (asking.started.clone(), asking.questions),
                None => (None, 0),
            };
            let then = waits.then(|| std::mem::replace(&mut input, Input::open()));
            input.then_end &= started.is_none();
            input.is_told = started.as_ref().is_some_and(|(_, input)| input.is_told);
            input.opening = Some(Arc::new(Opening {
                mark,
                questions,
                then,
                started,
            }));
        }
        Ok(Command {
            line,
            is_plain,
            terminal,
            input,
            timeout: options.timeout,
            sudo: request.sudo.clone(),
            meant: None,
        })
    }
}

/// Returns true for a command that kills processes. `pkill -f NAME` and `pgrep -f NAME | xargs kill` find the shell that runs them,
/// since NAME is in its command line; SSHKit of Capistrano 3 takes the end of that shell for success.
fn kills(command: &str) -> bool {
    let mut words = command.split(|c: char| !c.is_alphanumeric() && c != '_');
    words.any(|word| matches!(word, "kill" | "pkill" | "killall"))
}

pub(super) fn action(
    request: &Request,
    jobs: Vec<(Destination, Command)>,
    local: bool,
    options: &RunOptions,
) -> Action {
    Action {
        verb: request.verb,
        shown: request.shown.clone(),
        options: request.options.clone(),
        local,
        jobs,
        parts: HashMap::new(),
        output: request.output,
        most_captured: usize::MAX,
        heartbeat: None,
        silent: options.silent == Some(true),
        accepts: match request.asks {
            true => Accepts::AnyStatus,
            false => Accepts::Success,
        },
        is_apart: false,
        gate: None,
    }
}
