//! Performs what the blocks of several servers want at the same time: one action for all that want the same, and all actions are
//! begun before any is awaited.

use std::cell::RefCell;
use std::rc::Rc;

use rhai::{Engine, EvalAltResult, Position};

use super::channel::BlockChannel;
use super::download::{Downloads, written_twice};
use super::endings::Endings;
use super::evaluation::{Continuation, EvaluationNeed};
use super::failure::failure;
use super::interpreter::Interpreter;
use super::passwords::Asker;
use super::perform::Broken;
use super::replayed::{LiveStep, ReplayedStep};
use super::secrets;
use super::turns::{Member, MemberState, same};
use super::wish::Wish;
use crate::actor::{Action, ActionError, Outcome, Piece, RunningAction};
use crate::configuration::Server;
use crate::diagnostic::ServerFailure;
use crate::recipe::language::origin::{Fallible, raise, wrong};

/// Members that want the same action.
struct Group {
    /// The action for all of their servers.
    action: Action,
    /// The numbers of the members with their wishes, in the order of the jobs.
    wishes: Wishes,
}

type Wishes = Vec<(usize, Box<Wish>)>;

/// An outcome, and the error if the action failed on some servers.
type Ends = (Outcome, Option<ActionError>);

/// An action that was begun, now or by an earlier run.
enum Begun {
    Ended(Result<Ends, Broken>),
    Flies(Flight, LiveStep),
}

/// An action in flight.
type Flight = Rc<RefCell<Option<RunningAction>>>;

/// Performs what the members wait for. Each is given its own answer; those whose action was not begun continue to wait.
pub(super) fn turn(interpreter: &Interpreter, engine: &Engine, members: &mut [Member], endings: &mut Endings) {
    let mut groups = groups(interpreter, members);
    refuse_shared_places(members, &mut groups);
    let turn = Turn {
        interpreter,
        engine,
        members,
        endings,
        passwords: Asker::new(interpreter, engine),
        stopped: None,
    };
    turn.perform(groups);
}

/// Returns the members that want the same action, at most as many as are allowed at a time. Members whose server has failed
/// before without an error are skipped.
fn groups(interpreter: &Interpreter, members: &mut [Member]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (index, member) in members.iter_mut().enumerate() {
        let is_left_out = interpreter.exclusions().has_failed(member.server());
        let Some(wish) = member.wish() else { continue };
        if is_left_out && wish.goes_on {
            member.state = MemberState::Ready(Continuation::Ended(Ok(None)));
            continue;
        }
        let group = groups
            .iter()
            .position(|group| group.wishes.first().is_some_and(|(_, first)| first.is_same(wish)));
        let most = wish.most.unwrap_or(usize::MAX);
        let is_full = group
            .and_then(|group| groups.get(group))
            .is_some_and(|group| group.wishes.len() >= most);
        if is_full {
            continue;
        }
        let MemberState::Wants(EvaluationNeed::Command(wish)) =
            std::mem::replace(&mut member.state, MemberState::Ended)
        else {
            continue;
        };
        match group.and_then(|group| groups.get_mut(group)) {
            Some(group) => {
                group.action.jobs.extend(wish.action.jobs.iter().cloned());
                group.wishes.push((index, wish));
            }
            None => groups.push(Group {
                action: wish.action.clone(),
                wishes: vec![(index, wish)],
            }),
        }
    }
    groups
}

/// A turn while it is performed.
struct Turn<'a> {
    interpreter: &'a Interpreter,
    engine: &'a Engine,
    members: &'a mut [Member],
    endings: &'a mut Endings,
    passwords: Asker<'a>,
    /// The error that stops all members, once there is one.
    stopped: Option<Box<EvalAltResult>>,
}

impl Turn<'_> {
    /// Begins the actions of all groups, then follows each to its end.
    fn perform(mut self, groups: Vec<Group>) {
        // All servers are connected before anything is started.
        if groups.len() > 1 && !self.interpreter.journal().is_replaying() {
            let jobs = groups.iter().flat_map(|group| group.action.jobs.clone()).collect();
            let passwords = &mut self.passwords;
            let connected = self
                .interpreter
                .actor()
                .with(|actor| actor.connect_all(jobs, passwords));
            if let Err(error) = connected {
                let all = groups.into_iter().flat_map(|group| group.wishes).collect();
                self.not_begun(all, error);
                return;
            }
        }
        let mut begun: Vec<(Wishes, Begun)> = Vec::new();
        for group in groups {
            match self.stopped {
                Some(_) => give_back(self.members, group.wishes),
                None => begun.extend(self.begin(group)),
            }
        }
        for (group, begun) in begun {
            self.finish(group, begun);
        }
    }

    /// Begins the action of a group, or takes its result from an earlier run. Returns nothing if it was not begun; then its members
    /// have their answers, or continue to wait.
    fn begin(&mut self, group: Group) -> Option<(Wishes, Begun)> {
        let Group { action, wishes: group } = group;
        let interpreter = self.interpreter;
        secrets::tell_secrets(interpreter, &action);
        let position = position_of(&group);
        let mut step = match interpreter.replay(self.engine, action, position) {
            Ok(step) => step,
            Err(broken) => {
                let error = broken.raise(position);
                answer_all(self.members, group, |_| Err(same(&error)));
                self.stopped = Some(error);
                return None;
            }
        };
        let given = step.take_pieces().into_iter().try_for_each(|(server, piece)| {
            let channel = BlockChannel::replayed(piece.index, server);
            hand_over(self.members, &group, channel, piece)
        });
        let (action, step) = match (given, step) {
            (Err(broken), _) => return Some((group, Begun::Ended(Err(broken)))),
            (Ok(()), ReplayedStep::Ended(step)) => return Some((group, Begun::Ended(step.result))),
            (Ok(()), ReplayedStep::Live(action, step)) => (action, step),
        };
        let servers = action.jobs.iter().map(|(destination, _)| destination.server.clone());
        let kept = interpreter.keep_locks(self.engine, &servers.collect::<Vec<_>>());
        let started = kept.and_then(|()| {
            interpreter
                .actor()
                .with(|actor| actor.start(action, &mut self.passwords))
        });
        match started {
            Ok(running) => {
                step.begun.replace(running.begun());
                let flight = Rc::new(RefCell::new(Some(running)));
                Some((group, Begun::Flies(flight, step)))
            }
            Err(error) => {
                self.stopped = stop(&error);
                let broken = Broken::Action(error);
                interpreter.keep_outcome(&step, Some(&broken));
                if let Broken::Action(error) = broken {
                    self.not_begun(group, error);
                }
                None
            }
        }
    }

    /// Follows an action to its end, or ends it if another one has stopped all members, and gives its members their answers.
    fn finish(&mut self, group: Wishes, begun: Begun) {
        let ended = match (begun, &self.stopped) {
            (Begun::Ended(ended), _) => ended,
            (Begun::Flies(flight, step), None) => self.follow_to_end(&group, (&flight, step)),
            (Begun::Flies(flight, _), Some(error)) => {
                if let Some(running) = flight.borrow_mut().take() {
                    self.interpreter.actor().with(|actor| actor.stop(running));
                }
                answer_all(self.members, group, |_| Err(same(error)));
                return;
            }
        };
        match ended {
            Ok(ends) => self.answer_each(group, ends),
            Err(broken) => self.answer_broken(group, broken),
        }
    }

    /// Hands out the output of an action until it has ended, and keeps the result.
    fn follow_to_end(&mut self, group: &Wishes, (flight, step): (&Flight, LiveStep)) -> Result<Ends, Broken> {
        let interpreter = self.interpreter;
        let members = &mut *self.members;
        let followed = interpreter.follow(flight, &mut self.passwords, &mut |piece| {
            let downloads = taker(members, group, &piece).and_then(|(_, wish)| Some((wish.downloads.as_ref()?, wish)));
            if let Some((downloads, wish)) = downloads {
                return interpreter.downloaded(downloads, flight, &piece, wish.place.1);
            }
            let channel = BlockChannel::new(Rc::clone(flight), piece.index, piece.server.clone());
            hand_over(members, group, channel, piece)
        });
        let ended = followed.and_then(|()| match flight.borrow_mut().take() {
            Some(running) => Ok(interpreter.actor().with(|actor| actor.end(running))?),
            None => Ok((Outcome::default(), None)),
        });
        match ended {
            Ok((outcome, Some(error))) => {
                let broken = Broken::Action(error);
                interpreter.keep_outcome(&step, Some(&broken));
                let Broken::Action(error) = broken else {
                    return Err(broken);
                };
                Ok(step.merged_ends((outcome, Some(error))))
            }
            Ok(ends) => {
                interpreter.keep_outcome(&step, None);
                Ok(step.merged_ends(ends))
            }
            Err(broken) => {
                interpreter.keep_outcome(&step, Some(&broken));
                Err(broken)
            }
        }
    }

    /// Handles an action that was not started anywhere. The members of servers that could not be connected get the error; the
    /// others continue to wait.
    fn not_begun(&mut self, group: Wishes, error: ActionError) {
        let ActionError::NotConnected {
            total,
            mut servers,
            password,
        } = error
        else {
            let error = failure(error, position_of(&group));
            answer_all(self.members, group, |_| Err(same(&error)));
            return;
        };
        for (index, wish) in group {
            let Some(server) = self.members.get(index).map(|member| member.server().clone()) else {
                continue;
            };
            let state = match servers.shift_remove(&server) {
                None => MemberState::Wants(EvaluationNeed::Command(wish)),
                Some(error) => {
                    let error = ActionError::NotConnected {
                        total,
                        servers: [(server.clone(), error)].into_iter().collect(),
                        password: password.clone(),
                    };
                    MemberState::Ready(Continuation::Ended(self.failed(&server, &wish, error)))
                }
            };
            if let Some(member) = self.members.get_mut(index) {
                member.state = state;
            }
        }
    }

    /// Returns the answer for the block of a server whose command failed: an error, or nothing if the server is left out.
    fn failed(&mut self, server: &Server, wish: &Wish, error: ActionError) -> Fallible<Option<Outcome>> {
        if wish.goes_on {
            self.interpreter.leave_out(&error);
            return Ok(None);
        }
        Err(self.endings.give(server, error, wish.place.1))
    }

    /// Gives the members of an action that broke off the error, and notes it if it stops all members.
    fn answer_broken(&mut self, group: Wishes, broken: Broken) {
        let position = position_of(&group);
        let stops = match &broken {
            Broken::Action(error) => stop(error),
            Broken::Script(_) | Broken::Block(_) => None,
        };
        let of = match &broken {
            Broken::Block(index) => self.members.get(*index).map(|member| member.server().clone()),
            _ => None,
        };
        let error = match of {
            Some(server) => wrong(format!("it was ended: its output block failed on {server}"), position),
            None => broken.raise(position),
        };
        answer_all(self.members, group, |_| Err(same(&error)));
        self.stopped = self.stopped.take().or(stops);
    }

    /// Gives each member of an action that has ended its own part of the outcome.
    fn answer_each(&mut self, group: Wishes, (mut outcome, failed): Ends) {
        let mut failures = failures(&group, failed);
        for (index, wish) in group {
            let Some(server) = self.members.get(index).map(|member| member.server().clone()) else {
                continue;
            };
            let failure = failures.servers.iter().position(|failed| failed.server == server);
            let failure = failure.map(|at| failures.servers.swap_remove(at));
            let kept = wish.downloads.as_ref().map_or(Ok(()), |downloads| {
                let left: Vec<&Server> = failure.iter().map(|failed| &failed.server).collect();
                self.interpreter.keep_downloads(downloads, &left, wish.place.1)
            });
            let answer = match (failure, kept) {
                (Some(failed), _) => {
                    let error = ActionError::Failed {
                        shown: failures.shown.clone(),
                        commands: Vec::new(),
                        total: failures.total,
                        servers: vec![failed],
                    };
                    self.failed(&server, &wish, error)
                }
                (None, Err(broken)) => Err(broken.raise(wish.place.1)),
                (None, Ok(())) => Ok(Some(Outcome {
                    stdout: outcome.stdout.shift_remove_entry(&server).into_iter().collect(),
                    statuses: outcome.statuses.shift_remove_entry(&server).into_iter().collect(),
                })),
            };
            if let Some(member) = self.members.get_mut(index) {
                member.state = MemberState::Ready(Continuation::Ended(answer));
            }
        }
    }
}

/// The servers on which an action has failed.
#[derive(Default)]
struct Failures {
    /// The command as it is shown.
    shown: String,
    /// The number of servers that the action had.
    total: usize,
    servers: Vec<ServerFailure>,
}

/// Returns the servers of an error, which may be that of an earlier run.
fn failures(group: &Wishes, failed: Option<ActionError>) -> Failures {
    match failed {
        Some(ActionError::Failed {
            shown, total, servers, ..
        }) => Failures { shown, total, servers },
        Some(ActionError::Replayed { diagnostic, .. }) => Failures {
            shown: group
                .first()
                .map(|(_, wish)| wish.action.shown.clone())
                .unwrap_or_default(),
            total: group.len(),
            servers: diagnostic.servers,
        },
        _ => Failures::default(),
    }
}

/// Returns the position of the command that the members want performed.
fn position_of(group: &Wishes) -> Position {
    group.first().map_or(Position::NONE, |(_, wish)| wish.place.1)
}

/// Hands a piece of output to the member that takes it.
fn hand_over(members: &mut [Member], group: &Wishes, channel: BlockChannel, piece: Piece) -> Result<(), Broken> {
    let Some((index, wish)) = taker(members, group, &piece) else {
        return Ok(());
    };
    let (true, Some(member)) = (wish.has_block, members.get_mut(*index)) else {
        return Ok(());
    };
    let _ = member.go_on(Continuation::Piece(piece, channel));
    match member.state {
        MemberState::Wants(EvaluationNeed::More) => Ok(()),
        _ => Err(Broken::Block(*index)),
    }
}

/// Takes out all downloads if two servers would write one file, and gives their members the error.
fn refuse_shared_places(members: &mut [Member], groups: &mut Vec<Group>) {
    let of_group = |group: &Group| -> Vec<(Server, Rc<Downloads>)> {
        let written = |(index, wish): &(usize, Box<Wish>)| {
            let server = members.get(*index)?.server().clone();
            Some((server, Rc::clone(wish.downloads.as_ref()?)))
        };
        group.wishes.iter().filter_map(written).collect()
    };
    let written: Vec<_> = groups.iter().flat_map(of_group).collect();
    let Some(diagnostic) = written_twice(written.iter().map(|(server, downloads)| (server, &**downloads))) else {
        return;
    };
    let is_download = |group: &mut Group| group.wishes.iter().any(|(_, wish)| wish.downloads.is_some());
    for group in groups.extract_if(.., is_download) {
        let error = raise(diagnostic.clone(), position_of(&group.wishes));
        answer_all(members, group.wishes, |_| Err(same(&error)));
    }
}

/// Returns the member that takes a piece of output.
fn taker<'a>(members: &[Member], group: &'a Wishes, piece: &Piece) -> Option<&'a (usize, Box<Wish>)> {
    group.iter().find(|(index, _)| {
        let member = members.get(*index);
        member.is_some_and(|member| *member.server() == piece.server)
    })
}

/// Returns the error that ends everything, in the form that blocks see.
fn stop(error: &ActionError) -> Option<Box<EvalAltResult>> {
    let copy = match error {
        ActionError::Interrupted(signal) => ActionError::Interrupted(*signal),
        ActionError::Aborted => ActionError::Aborted,
        ActionError::NobodyToAsk(why) => ActionError::NobodyToAsk(why.clone()),
        _ => return None,
    };
    Some(failure(copy, Position::NONE))
}

fn give_back(members: &mut [Member], group: Wishes) {
    for (index, wish) in group {
        if let Some(member) = members.get_mut(index) {
            member.state = MemberState::Wants(EvaluationNeed::Command(wish));
        }
    }
}

fn answer_all(members: &mut [Member], group: Wishes, answer: impl Fn(usize) -> Fallible<Option<Outcome>>) {
    for (index, _) in group {
        if let Some(member) = members.get_mut(index) {
            member.state = MemberState::Ready(Continuation::Ended(answer(index)));
        }
    }
}
