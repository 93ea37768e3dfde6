//! The blocks of several servers, evaluated side by side: all go on to what they want next, and what they want is performed
//! for all of them together. That is one turn.

use std::rc::Rc;
use std::time::Duration;

use rhai::{Dynamic, EvalAltResult};

use super::endings::Endings;
use super::evaluation::{Answer, Evaluation, Stack, Step, Wanted, Work};
use super::stack::STACK;
use super::wish::Wish;
use crate::address_space;
use crate::configuration::Server;
use crate::event::Level;
use crate::recipe::language::origin::Fallible;

/// Which servers are evaluated together.
pub(super) struct Order {
    /// So many at a time.
    pub(super) size: usize,
    /// The pause between them.
    pub(super) wait: Option<Duration>,
}

/// An evaluation, and where it stands.
pub(super) struct Member {
    evaluation: Evaluation,
    pub(super) state: State,
}

/// Where an evaluation stands.
pub(super) enum State {
    /// It can go on.
    Ready(Answer),
    /// It waits.
    Wants(Wanted),
    Ended,
}

impl Member {
    pub(super) fn server(&self) -> &Server {
        &self.evaluation.server
    }

    /// What it wants performed, if it waits for that.
    pub(super) fn wish(&self) -> Option<&Wish> {
        match &self.state {
            State::Wants(Wanted::Command(wish)) => Some(wish),
            _ => None,
        }
    }

    /// Lets it go on, and takes note of where it comes to.
    pub(super) fn go_on(&mut self, answer: Answer) -> Option<Fallible> {
        match self.evaluation.go_on(answer) {
            Step::Wants(wanted) => {
                self.state = State::Wants(wanted);
                None
            }
            Step::Ended(result) => {
                self.state = State::Ended;
                Some(result)
            }
        }
    }
}

/// Evaluates a block for servers.
pub(super) fn evaluate(work: &Rc<Work>, servers: &[Server], order: &Order) -> Fallible<()> {
    let interpreter = &work.interpreter;
    // Each evaluation has words of its own around it.
    let outer = interpreter.around.take();
    let result = by_order(work, servers, order);
    interpreter.around.replace(outer);
    result
}

fn by_order(work: &Rc<Work>, servers: &[Server], order: &Order) -> Fallible<()> {
    let interpreter = &work.interpreter;
    let size = order.size.max(1);
    let turns = servers.len().div_ceil(size);
    let mut stacks = stacks(size.min(servers.len()));
    for (number, group) in servers.chunks(size).enumerate() {
        if turns > 1 {
            if let Some(wait) = order.wait.filter(|_| number > 0 && !interpreter.dry_run) {
                interpreter.pause(wait)?;
            }
            let names: Vec<String> = group.iter().map(ToString::to_string).collect();
            let text = format!("turn {} of {turns}: {}", number + 1, names.join(", "));
            interpreter.say(Level::Info, text);
        }
        if stacks.is_empty() {
            group.iter().try_for_each(|server| alone(work, server, servers))?;
            continue;
        }
        for part in group.chunks(stacks.len()) {
            stacks = side_by_side(work, part, servers, stacks)?;
        }
    }
    Ok(())
}

/// Stacks for so many evaluations, or as many as there are; none where one is enough, and where the address space is limited
/// (docs/decisions/0058): servers have their turns one after the other then.
fn stacks(number: usize) -> Vec<Stack> {
    if number < 2 || address_space::limit().is_some() {
        return Vec::new();
    }
    (0..number).map_while(|_| Stack::new(STACK).ok()).collect()
}

/// One server, on the stack that there is.
fn alone(work: &Work, server: &Server, all: &[Server]) -> Fallible<()> {
    let mut endings = Endings::new(all);
    endings.ended(server, work.evaluate(server, None));
    endings.result(&work.interpreter)
}

/// Several servers, each on a stack of its own; the stacks come back.
fn side_by_side(work: &Rc<Work>, servers: &[Server], all: &[Server], stacks: Vec<Stack>) -> Fallible<Vec<Stack>> {
    let interpreter = &work.interpreter;
    let mut spare = stacks.into_iter();
    let pairs = servers.iter().zip(spare.by_ref());
    let mut members: Vec<Member> = pairs
        .map(|(server, stack)| Member {
            evaluation: Evaluation::new(work, server.clone(), stack),
            state: State::Ready(Answer::Begin),
        })
        .collect();
    let mut endings = Endings::new(all);
    loop {
        go_on(&mut members, &mut endings);
        if endings.has_failed() {
            leave(&mut members);
            break;
        }
        if serve(work, &mut members) {
            continue;
        }
        if members.iter().all(|member| member.wish().is_none()) {
            break;
        }
        interpreter.turn(&work.engine, &mut members, &mut endings);
    }
    endings.result(interpreter)?;
    let used = members.into_iter().filter_map(|member| member.evaluation.into_stack());
    Ok(used.chain(spare).collect())
}

/// All that can go on do so, in the order of servers.
fn go_on(members: &mut [Member], endings: &mut Endings) {
    for member in members {
        if let State::Ready(_) = &member.state
            && let State::Ready(answer) = std::mem::replace(&mut member.state, State::Ended)
            && let Some(result) = member.go_on(answer)
        {
            endings.ended(member.server(), result);
        }
    }
}

/// Ends what waits: nothing more is started.
fn leave(members: &mut [Member]) {
    for member in members {
        while !matches!(member.state, State::Ended) {
            let _ = member.go_on(Answer::Leave);
        }
    }
}

/// Runs the tasks and evaluates the variables that are waited for; whether there were any. All who wait for the same one are
/// given what came of it once.
fn serve(work: &Work, members: &mut [Member]) -> bool {
    let interpreter = &work.interpreter;
    let mut has_served = false;
    while let Some(index) = members.iter().position(|member| is_served(&member.state)) {
        has_served = true;
        let Some(first) = members.get_mut(index) else { break };
        let State::Wants(wanted) = std::mem::replace(&mut first.state, State::Ended) else {
            break;
        };
        let (waiting, value): (Vec<usize>, _) = match &wanted {
            Wanted::Task(task) => {
                let is_same =
                    |state: &State| matches!(state, State::Wants(Wanted::Task(other)) if Rc::ptr_eq(other, task));
                let waiting = all(members, is_same);
                (waiting, interpreter.run_task(&work.engine, task).map(Some))
            }
            Wanted::Variable(name) => {
                let is_same = |state: &State| matches!(state, State::Wants(Wanted::Variable(other)) if other == name);
                let waiting = all(members, is_same);
                (waiting, interpreter.variable(&work.engine, name))
            }
            Wanted::Command(_) | Wanted::More | Wanted::Stop => break,
        };
        for waiting in std::iter::once(index).chain(waiting) {
            if let Some(member) = members.get_mut(waiting) {
                member.state = State::Ready(Answer::Value(copy(&value)));
            }
        }
    }
    has_served
}

fn is_served(state: &State) -> bool {
    matches!(state, State::Wants(Wanted::Task(_) | Wanted::Variable(_)))
}

fn all(members: &[Member], is_meant: impl Fn(&State) -> bool) -> Vec<usize> {
    let members = members.iter().enumerate();
    members
        .filter(|(_, member)| is_meant(&member.state))
        .map(|(index, _)| index)
        .collect()
}

/// The same value, or the same error, once more.
fn copy(value: &Fallible<Option<Dynamic>>) -> Fallible<Option<Dynamic>> {
    match value {
        Ok(value) => Ok(value.clone()),
        Err(error) => Err(same(error)),
    }
}

/// The same error once more.
pub(super) fn same(error: &EvalAltResult) -> Box<EvalAltResult> {
    Box::new(match error {
        EvalAltResult::ErrorTerminated(token, position) => EvalAltResult::ErrorTerminated(token.clone(), *position),
        EvalAltResult::ErrorRuntime(token, position) => EvalAltResult::ErrorRuntime(token.clone(), *position),
        other => EvalAltResult::ErrorRuntime(other.to_string().into(), other.position()),
    })
}
