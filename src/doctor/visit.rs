//! Looks at all servers at once: logs in at each, then runs the scripts. Nothing is changed, and every wait has a limit.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use crate::configuration::Server;
use crate::exit::{Exit, Stream};
use crate::fanout::{Arrival, Fanout, Flight, NotConnected, Progress};
use crate::interrupt::Signal;
use crate::recipe::Recipe;
use crate::session::{ConnectError, Destination, LoginReport, Negotiated, Standing, Step, StepKind, StepWay};

use super::needs::Needs;
use super::script::{ScriptParts, repository_script, script};

/// The time limit for a server's answers.
const PATIENCE: Duration = Duration::from_secs(30);
/// The time limit for the repository.
const REPOSITORY: Duration = Duration::from_secs(20);
/// The most that is accepted from a server, in bytes.
const MOST: usize = 256 << 10;

/// The output of a command.
#[derive(Clone, Debug, Default)]
pub(super) struct Heard {
    pub(super) out: Vec<u8>,
    pub(super) err: Vec<u8>,
    /// The login shell's output before that of the command.
    pub(super) before: Vec<u8>,
    pub(super) exit: Option<Exit>,
    /// The time of its first output.
    pub(super) began: Option<SystemTime>,
}

/// Everything that one server has shown.
#[derive(Clone, Debug)]
pub(crate) struct Visit {
    pub(super) server: Server,
    pub(super) parts: ScriptParts,
    pub(super) addresses: Vec<IpAddr>,
    pub(super) way: Option<(StepWay, Duration)>,
    /// The type of the host key, its fingerprint, and what is known about it.
    pub(super) host_key: Option<(String, String, Standing)>,
    /// The gateways on the way whose keys are not known, with their fingerprints.
    pub(super) unknown_gateways: Vec<(Server, String)>,
    pub(super) algorithms: Option<Negotiated>,
    /// The login name, and the keys and passwords that the server accepted.
    pub(super) entered: Option<(String, Vec<String>)>,
    /// The time until the end of the login.
    pub(super) took: Option<Duration>,
    /// The problems on the way that did not stop the login.
    pub(super) warnings: Vec<String>,
    pub(super) error: Option<ConnectError>,
    /// The reason why no script could be run.
    pub(super) unasked: Option<String>,
    pub(super) heard: Option<Heard>,
    pub(super) repository: Option<Heard>,
}

impl Visit {
    fn of(server: Server, parts: ScriptParts) -> Self {
        Self {
            server,
            parts,
            addresses: Vec::new(),
            way: None,
            host_key: None,
            unknown_gateways: Vec::new(),
            algorithms: None,
            entered: None,
            took: None,
            warnings: Vec::new(),
            error: None,
            unasked: None,
            heard: None,
            repository: None,
        }
    }

    fn learn(&mut self, fact: LoginReport) {
        match fact {
            LoginReport::Step(step) => self.pass(step),
            LoginReport::Negotiated(algorithms) if algorithms.gateway.is_none() => self.algorithms = Some(algorithms),
            LoginReport::HostKeyUntrusted(warning) | LoginReport::KeyLeftOut(warning) => {
                self.warnings.push(warning.text)
            }
            LoginReport::HostKeyAdded(_) | LoginReport::Banner(_) | LoginReport::Negotiated(_) => {}
        }
    }

    fn pass(&mut self, step: Step) {
        match (step.kind, step.gateway) {
            (
                StepKind::HostKey {
                    fingerprint,
                    standing: Standing::Unknown(_),
                    ..
                },
                Some(gateway),
            ) => self.unknown_gateways.push((gateway, fingerprint)),
            (_, Some(_)) => {}
            (StepKind::Resolved(addresses), None) => self.addresses = addresses,
            (StepKind::Reached { way, elapsed }, None) => self.way = Some((way, elapsed)),
            (
                StepKind::HostKey {
                    key_type,
                    fingerprint,
                    standing,
                },
                None,
            ) => self.host_key = Some((key_type, fingerprint, standing)),
            (StepKind::Entered { user, by }, None) => self.entered = Some((user, by)),
        }
    }
}

/// Visits all servers.
///
/// # Errors
///
/// When a stop request comes.
pub(crate) fn visit(fanout: &mut Fanout, recipe: &Recipe, needs: &Needs) -> Result<Vec<Visit>, Signal> {
    let mut visits: Vec<Visit> = needs
        .servers
        .iter()
        .map(|server| {
            let parts = ScriptParts {
                releases: server.takes_releases,
                migrations: server.migrates,
            };
            Visit::of(server.destination.server.clone(), parts)
        })
        .collect();
    connect(fanout, needs, &mut visits)?;
    let mut jobs = Vec::new();
    let mut repositories = Vec::new();
    for (index, visit) in visits.iter_mut().enumerate() {
        if visit.error.is_some() {
            continue;
        }
        let text = script(needs, visit.parts);
        match recipe.looking(&visit.server, &text, "", PATIENCE) {
            Ok(command) => jobs.push((index, (visit.server.clone(), command))),
            Err(wrong) => visit.unasked = Some(wrong.message),
        }
        let deploys = needs.deploys.as_ref().filter(|_| visit.parts.releases);
        let patience = deploys.and_then(|deploys| deploys.patience);
        let patience = patience.map_or(REPOSITORY, |patience| patience.min(REPOSITORY));
        if let Some((deploys, text)) = deploys.and_then(|deploys| Some((deploys, deploys.repository_script.as_ref()?)))
            && let Ok(command) = recipe.looking(&visit.server, &repository_script(text), &deploys.input, patience)
        {
            repositories.push((index, (visit.server.clone(), command)));
        }
    }
    let (of_jobs, jobs): (Vec<usize>, Vec<_>) = jobs.into_iter().unzip();
    let (of_repositories, repositories): (Vec<usize>, Vec<_>) = repositories.into_iter().unzip();
    // Both scripts run at the same time, on one connection.
    let (first, second) = (fanout.start(jobs), fanout.start(repositories));
    let heard = match listen(fanout, first, of_jobs.len()) {
        Ok(heard) => heard,
        Err(signal) => {
            fanout.cancel(second, &mut |_, _, _| {});
            return Err(signal);
        }
    };
    for (index, heard) in of_jobs.into_iter().zip(heard) {
        if let Some(visit) = visits.get_mut(index) {
            visit.heard = Some(heard);
        }
    }
    let heard = listen(fanout, second, of_repositories.len())?;
    for (index, heard) in of_repositories.into_iter().zip(heard) {
        if let Some(visit) = visits.get_mut(index) {
            visit.repository = Some(heard);
        }
    }
    Ok(visits)
}

/// Logs in at all servers, as far as that is possible.
fn connect(fanout: &mut Fanout, needs: &Needs, visits: &mut [Visit]) -> Result<(), Signal> {
    let destinations: Vec<Destination> = needs.servers.iter().map(|server| server.destination.clone()).collect();
    let places: HashMap<Server, usize> = visits
        .iter()
        .enumerate()
        .map(|(index, visit)| (visit.server.clone(), index))
        .collect();
    let mut tell = |server: &Server, tell: &mut dyn FnMut(&mut Visit)| {
        if let Some(visit) = places.get(server).and_then(|index| visits.get_mut(*index)) {
            tell(visit);
        }
    };
    let result = fanout.connect(&destinations, &mut |progress| match progress {
        Progress::Login(server, fact) => tell(&server, &mut |visit| visit.learn(fact.clone())),
        Progress::Failed(server, error) => tell(&server, &mut |visit| visit.error = Some(error.clone())),
        // `capr doctor` asks nobody for a password.
        Progress::PasswordWanted(_, answer) => drop(answer.send(None)),
        Progress::Connected(server, elapsed) => tell(&server, &mut |visit| visit.took = Some(elapsed)),
        Progress::Tick => {}
    });
    match result {
        Err(NotConnected::Interrupted(signal)) => Err(signal),
        Ok(()) | Err(NotConnected::Servers(_)) => Ok(()),
    }
}

/// Returns the output of each command when all have ended.
fn listen(fanout: &mut Fanout, mut flight: Flight, count: usize) -> Result<Vec<Heard>, Signal> {
    let mut heard = vec![Heard::default(); count];
    let mut take = |index: usize, take: &mut dyn FnMut(&mut Heard)| {
        if let Some(heard) = heard.get_mut(index) {
            take(heard);
        }
    };
    while let Some(arrival) = fanout.next(&mut flight) {
        match arrival {
            Arrival::Output(index, stream, bytes) => take(index, &mut |heard| {
                heard.began.get_or_insert_with(SystemTime::now);
                let into = match stream {
                    Stream::Out => &mut heard.out,
                    Stream::Err => &mut heard.err,
                };
                let room = MOST.saturating_sub(into.len()).min(bytes.len());
                into.extend_from_slice(bytes.get(..room).unwrap_or_default());
            }),
            Arrival::Before(index, bytes) => take(index, &mut |heard| {
                let room = MOST.saturating_sub(heard.before.len()).min(bytes.len());
                heard.before.extend_from_slice(bytes.get(..room).unwrap_or_default());
            }),
            Arrival::Finished(index, exit, _) => take(index, &mut |heard| heard.exit = Some(exit.clone())),
            Arrival::Interrupted(signal) => {
                fanout.cancel(flight, &mut |_, _, _| {});
                return Err(signal);
            }
            Arrival::Sent(..) | Arrival::Lingers(_) | Arrival::Tick => {}
        }
    }
    Ok(heard)
}
