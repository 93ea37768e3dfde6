//! `capr doctor`: examines this machine, the recipe and its servers, in this order; reports each as soon as it is known.

use std::path::{Path, PathBuf};

use rustix::process::{Resource, getrlimit};

use crate::configuration::Server;
use crate::diagnostic::{Diagnostic, Fault};
use crate::doctor::{Circumstances, Needs, here, of_servers, visit};
use crate::fanout::Fanout;
use crate::finding::{Examination, FindingState};
use crate::interrupt::Interrupt;
use crate::recipe::{Examined, Recipe};
use crate::report::{Console, FindingForm};
use crate::session::{Destination, SshOptions};

use super::connectors::{self, Ssh};
use super::refuse;
use super::shell::Invocation;

/// Directories of programs that are not in a user's `PATH`.
const SYSTEM: [&str; 2] = ["/usr/sbin", "/usr/lib"];

/// The command, with its settings.
pub(super) struct Doctor<'a> {
    pub(super) shell: &'a Invocation,
    pub(super) console: &'a Console,
    pub(super) interrupt: &'a Interrupt,
    pub(super) ssh: Ssh,
    pub(super) json: bool,
    /// True if a block of the report names all its servers.
    pub(super) all: bool,
    /// True if no server is connected to.
    pub(super) is_rehearsal: bool,
}

impl Doctor<'_> {
    /// Examines everything. `file` is the recipe as it was named; there may be none.
    pub(super) fn run(self, loaded: Result<Recipe, Vec<Diagnostic>>, words: &[String], file: Option<&Path>) -> u8 {
        let looked_at = loaded.and_then(|recipe| {
            let stage = recipe.enter_stage_alone(words, "doctor")?;
            let servers = recipe.examined().map_err(|wrong| vec![*wrong])?;
            Ok((recipe, stage, servers))
        });
        let (recipe, stage, mut servers) = match looked_at {
            Ok(looked_at) => looked_at,
            Err(wrong) => {
                // This machine can be examined without the recipe.
                let found = vec![self.this_machine(&mut [])];
                self.tell(&found);
                if self.json {
                    self.console.data_errors(&wrong);
                    self.console.verdict(&found, true);
                    return wrong.first().map_or(Fault::Recipe, |first| first.fault).exit_code();
                }
                return refuse(self.console, &wrong);
            }
        };
        let mut found = vec![self.this_machine(&mut servers)];
        self.tell(&found);
        let named = file.map(|file| file.display().to_string());
        let has_program = |program: &str| self.has_program(program);
        let shown = named.as_deref().unwrap_or("no recipe");
        let (needs, of_recipe) = Needs::of(&recipe, servers, shown, stage.as_deref(), &has_program);
        if named.is_some() {
            self.tell(std::slice::from_ref(&of_recipe));
            found.push(of_recipe);
        }
        if !needs.servers.is_empty() && !self.is_rehearsal {
            match self.visit_all(&recipe, &needs) {
                Ok(visited) => found.extend(visited),
                Err(stopped) => return refuse(self.console, &[*stopped]),
            }
        }
        // Sessions are closed before the verdict is shown.
        drop(recipe);
        self.console.verdict(&found, self.json);
        code(&found)
    }

    fn this_machine(&self, servers: &mut [Examined]) -> Examination {
        let mut destinations: Vec<Destination> = servers.iter().map(|server| server.destination.clone()).collect();
        if destinations.is_empty() {
            destinations.push(Destination {
                server: Server::host("localhost"),
                options: SshOptions::default(),
            });
        }
        let survey = connectors::ssh(self.ssh.clone(), &mut destinations).survey(&destinations);
        for (server, destination) in servers.iter_mut().zip(destinations) {
            server.destination = destination;
        }
        let circumstances = Circumstances {
            home: self.shell.variable("HOME").map(PathBuf::from),
            open_files: getrlimit(Resource::Nofile).maximum,
            servers: servers.len(),
        };
        here(&survey, &circumstances)
    }

    fn visit_all(&self, recipe: &Recipe, needs: &Needs) -> Result<Vec<Examination>, Box<Diagnostic>> {
        // The destinations have the configuration files of the command line already.
        let (connector, _) = connectors::make(false, self.ssh.clone(), None);
        let mut fanout = Fanout::new(connector, self.interrupt.clone());
        let visits = visit(&mut fanout, recipe, needs).map_err(|signal| {
            let message = "stopped before all servers were looked at";
            Box::new(Diagnostic::new(Fault::Signal(signal.exit_code()), message))
        })?;
        let found = of_servers(&visits, needs);
        self.tell(&found);
        Ok(found)
    }

    fn tell(&self, found: &[Examination]) {
        let form = match (self.json, self.all) {
            (true, _) => FindingForm::Json,
            (false, true) => FindingForm::AllServers,
            (false, false) => FindingForm::Blocks,
        };
        self.console.findings(found, form);
    }

    /// Returns true if a program is on this machine.
    fn has_program(&self, program: &str) -> bool {
        if program.contains('/') {
            return Path::new(program).exists();
        }
        let path = self.shell.variable("PATH").unwrap_or_default();
        let mut directories = path.split(':').chain(SYSTEM);
        directories.any(|directory| Path::new(directory).join(program).is_file())
    }
}

/// Returns the exit code. A server that was not reached counts most: nothing is known about it.
fn code(found: &[Examination]) -> u8 {
    if found.iter().any(Examination::is_out_of_reach) {
        return Fault::Connection.exit_code();
    }
    match found.iter().map(Examination::state).max() {
        Some(FindingState::Bad) => Fault::Failed.exit_code(),
        _ => 0,
    }
}
