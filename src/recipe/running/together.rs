//! Performs what the blocks of several servers want at the same time: one action for all that want the same, and all actions are
//! begun before any is awaited.

use std::cell::RefCell;
use std::rc::Rc;

use rhai::{Engine, EvalAltResult, Position};

use super::action::failure;
use super::channel::BlockChannel;
use super::download::written_twice;
use super::endings::Endings;
use super::evaluation::{Continuation, EvaluationNeed};
use super::interpreter::Interpreter;
use super::passwords::Asker;
use super::perform::Broken;
use super::replayed::{LiveStep, ReplayedStep};
use super::turns::{Member, MemberState, same};
use super::wish::Wish;
use crate::actor::{Action, ActionError, Outcome, Piece, RunningAction};
use crate::configuration::Server;
use crate::recipe::language::origin::{Fallible, raise, wrong};
use crate::recipe::language::verbs::downloads::DOWNLOAD;

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

impl Interpreter {
    /// Performs what the members wait for. Each is given its own answer; those whose action was not begun continue to wait.
    pub(super) fn turn(&self, engine: &Engine, members: &mut [Member], endings: &mut Endings) {
        let mut passwords = Asker::new(self, engine);
        let mut groups = self.groups(members);
        refuse_shared_places(members, &mut groups);
        // All servers are connected before anything is started.
        if groups.len() > 1 && !self.journal.is_replaying() {
            let jobs = groups.iter().flat_map(|group| group.action.jobs.clone()).collect();
            let connected = self.actor.borrow_mut().connect_all(jobs, &mut passwords);
            if let Err(error) = connected {
                let all = groups.into_iter().flat_map(|group| group.wishes).collect();
                self.not_begun(members, all, error, endings);
                return;
            }
        }
        let mut begun: Vec<(Wishes, Begun)> = Vec::new();
        let mut stopped = None;
        for Group { action, wishes: group } in groups {
            if stopped.is_some() {
                give_back(members, group);
                continue;
            }
            self.tell_secrets(&action);
            let position = group.first().map_or(Position::NONE, |(_, wish)| wish.place.1);
            let mut step = match self.replay(engine, action, position) {
                Ok(step) => step,
                Err(broken) => {
                    let error = broken.raise(position);
                    answer_all(members, group, |_| Err(same(&error)));
                    stopped = Some(error);
                    continue;
                }
            };
            let given = step.take_pieces().into_iter().try_for_each(|(server, piece)| {
                let channel = BlockChannel::replayed(piece.index, server);
                self.piece(members, &group, channel, piece)
            });
            match (given, step) {
                (Err(broken), _) => begun.push((group, Begun::Ended(Err(broken)))),
                (Ok(()), ReplayedStep::Ended(step)) => begun.push((group, Begun::Ended(step.result))),
                (Ok(()), ReplayedStep::Live(action, step)) => {
                    let servers = action.jobs.iter().map(|(destination, _)| destination.server.clone());
                    let kept = self.keep_locks(engine, &servers.collect::<Vec<_>>());
                    let started = kept.and_then(|()| self.actor.borrow_mut().start(action, &mut passwords));
                    match started {
                        Ok(running) => {
                            step.begun.replace(running.begun());
                            begun.push((group, Begun::Flies(Rc::new(RefCell::new(Some(running))), step)));
                        }
                        Err(error) => {
                            stopped = stop(&error);
                            let broken = Broken::Action(error);
                            self.keep_outcome(&step, Some(&broken));
                            if let Broken::Action(error) = broken {
                                self.not_begun(members, group, error, endings);
                            }
                        }
                    }
                }
            }
        }
        for (group, begun) in begun {
            let ended = match (begun, &stopped) {
                (Begun::Ended(ended), _) => ended,
                (Begun::Flies(flight, step), None) => {
                    self.follow_to_end(members, &group, (&flight, step), &mut passwords)
                }
                (Begun::Flies(flight, _), Some(error)) => {
                    if let Some(running) = flight.borrow_mut().take() {
                        self.actor.borrow_mut().stop(running);
                    }
                    answer_all(members, group, |_| Err(same(error)));
                    continue;
                }
            };
            let stops = self.end(members, group, ended, endings);
            stopped = stopped.or(stops);
        }
    }

    /// Hands out the output of an action until it has ended, and keeps the result.
    fn follow_to_end(
        &self,
        members: &mut [Member],
        group: &Wishes,
        (flight, step): (&Flight, LiveStep),
        passwords: &mut Asker,
    ) -> Result<Ends, Broken> {
        let followed = self.follow(flight, passwords, &mut |piece| {
            let downloads = taker(members, group, &piece).and_then(|(_, wish)| Some((wish.downloads.as_ref()?, wish)));
            if let Some((downloads, wish)) = downloads {
                return self.downloaded(downloads, flight, &piece, wish.place.1);
            }
            let channel = BlockChannel::new(Rc::clone(flight), piece.index, piece.server.clone());
            self.piece(members, group, channel, piece)
        });
        let ended = followed.and_then(|()| match flight.borrow_mut().take() {
            Some(running) => Ok(self.actor.borrow_mut().end(running)?),
            None => Ok((Outcome::default(), None)),
        });
        match ended {
            Ok((outcome, Some(error))) => {
                let broken = Broken::Action(error);
                self.keep_outcome(&step, Some(&broken));
                let Broken::Action(error) = broken else {
                    return Err(broken);
                };
                Ok(step.merged_ends((outcome, Some(error))))
            }
            Ok(ends) => {
                self.keep_outcome(&step, None);
                Ok(step.merged_ends(ends))
            }
            Err(broken) => {
                self.keep_outcome(&step, Some(&broken));
                Err(broken)
            }
        }
    }

    /// Returns the members that want the same action, at most as many as are allowed at a time. Members whose server has failed
    /// before without an error are skipped.
    fn groups(&self, members: &mut [Member]) -> Vec<Group> {
        let mut groups: Vec<Group> = Vec::new();
        for (index, member) in members.iter_mut().enumerate() {
            let is_left_out = self.left_out.borrow().contains_key(member.server());
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

    /// Handles an action that was not started anywhere. The members of servers that could not be connected get the error; the
    /// others continue to wait.
    fn not_begun(&self, members: &mut [Member], group: Wishes, error: ActionError, endings: &mut Endings) {
        let ActionError::NotConnected {
            total,
            mut servers,
            password,
        } = error
        else {
            let position = group.first().map_or(Position::NONE, |(_, wish)| wish.place.1);
            let error = failure(error, position);
            answer_all(members, group, |_| Err(same(&error)));
            return;
        };
        for (index, wish) in group {
            let Some(member) = members.get_mut(index) else { continue };
            let server = member.server().clone();
            member.state = match servers.shift_remove(&server) {
                None => MemberState::Wants(EvaluationNeed::Command(wish)),
                Some(error) => {
                    let error = ActionError::NotConnected {
                        total,
                        servers: [(server.clone(), error)].into_iter().collect(),
                        password: password.clone(),
                    };
                    MemberState::Ready(Continuation::Ended(self.failed(&server, &wish, error, endings)))
                }
            };
        }
    }

    /// Returns the answer for the block of a server whose command failed: an error, or nothing if the server is left out.
    fn failed(
        &self,
        server: &Server,
        wish: &Wish,
        error: ActionError,
        endings: &mut Endings,
    ) -> Fallible<Option<Outcome>> {
        if wish.goes_on {
            self.leave_out(&error);
            return Ok(None);
        }
        Err(endings.give(server, error, wish.place.1))
    }

    /// Follows an action to its end, and gives every member its own answer. Returns the error that stops all others, if there is
    /// one.
    fn end(
        &self,
        members: &mut [Member],
        group: Wishes,
        ended: Result<Ends, Broken>,
        endings: &mut Endings,
    ) -> Option<Box<EvalAltResult>> {
        let (mut outcome, failed) = match ended {
            Ok(ended) => ended,
            Err(broken) => {
                let position = group.first().map_or(Position::NONE, |(_, wish)| wish.place.1);
                let stops = match &broken {
                    Broken::Action(error) => stop(error),
                    Broken::Script(_) | Broken::Block(_) => None,
                };
                let of = match &broken {
                    Broken::Block(index) => members.get(*index).map(|member| member.server().clone()),
                    _ => None,
                };
                let error = match of {
                    Some(server) => wrong(format!("it was ended: its output block failed on {server}"), position),
                    None => broken.raise(position),
                };
                answer_all(members, group, |_| Err(same(&error)));
                return stops;
            }
        };
        let mut failures = match failed {
            Some(ActionError::Failed {
                shown, total, servers, ..
            }) => servers
                .into_iter()
                .map(|failed| (shown.clone(), total, failed))
                .collect(),
            Some(ActionError::Replayed { diagnostic, .. }) => {
                let shown = group
                    .first()
                    .map(|(_, wish)| wish.action.shown.clone())
                    .unwrap_or_default();
                let failed = diagnostic.servers.into_iter();
                failed.map(|failed| (shown.clone(), group.len(), failed)).collect()
            }
            _ => Vec::new(),
        };
        for (index, wish) in group {
            let Some(server) = members.get(index).map(|member| member.server().clone()) else {
                continue;
            };
            let failure = failures.iter().position(|(_, _, failed)| failed.server == server);
            let failure = failure.map(|at| failures.swap_remove(at));
            let kept = wish.downloads.as_ref().map_or(Ok(()), |downloads| {
                let left: Vec<&Server> = failure.iter().map(|(_, _, failed)| &failed.server).collect();
                self.keep_downloads(downloads, &left, wish.place.1)
            });
            let answer = match (failure, kept) {
                (Some((shown, total, failed)), _) => {
                    let error = ActionError::Failed {
                        shown,
                        commands: Vec::new(),
                        total,
                        servers: vec![failed],
                    };
                    self.failed(&server, &wish, error, endings)
                }
                (None, Err(broken)) => Err(broken.raise(wish.place.1)),
                (None, Ok(())) => Ok(Some(Outcome {
                    stdout: outcome.stdout.shift_remove_entry(&server).into_iter().collect(),
                    statuses: outcome.statuses.shift_remove_entry(&server).into_iter().collect(),
                })),
            };
            if let Some(member) = members.get_mut(index) {
                member.state = MemberState::Ready(Continuation::Ended(answer));
            }
        }
        None
    }

    /// Hands a piece of output to the member that takes it.
    fn piece(&self, members: &mut [Member], group: &Wishes, channel: BlockChannel, piece: Piece) -> Result<(), Broken> {
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
}

/// Takes out the downloads in which two servers would write one file, and gives their members the error.
fn refuse_shared_places(members: &mut [Member], groups: &mut Vec<Group>) {
    for group in std::mem::take(groups) {
        // `get` copies from one server, and in a block that is the block's own.
        if group.action.verb != DOWNLOAD.name {
            groups.push(group);
            continue;
        }
        let written = |(index, wish): &'_ (usize, Box<Wish>)| {
            let server = members.get(*index)?.server().clone();
            Some((server, Rc::clone(wish.downloads.as_ref()?)))
        };
        let written: Vec<_> = group.wishes.iter().filter_map(written).collect();
        match written_twice(written.iter().map(|(server, downloads)| (server, &**downloads))) {
            None => groups.push(group),
            Some(diagnostic) => {
                let position = group.wishes.first().map_or(Position::NONE, |(_, wish)| wish.place.1);
                let error = raise(diagnostic, position);
                answer_all(members, group.wishes, |_| Err(same(&error)));
            }
        }
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
