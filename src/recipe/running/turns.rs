//! Evaluates the blocks of several servers side by side: all continue until they want something, and what they want is performed
//! for all of them together. That is one turn.

use std::rc::Rc;
use std::time::Duration;

use rhai::{Dynamic, EvalAltResult};

use super::endings::Endings;
use super::evaluation::{BlockWork, Continuation, Evaluation, EvaluationNeed, EvaluationStep, Stack};
use super::stack::STACK;
use super::together;
use super::wish::Wish;
use crate::address_space;
use crate::configuration::Server;
use crate::event::Level;
use crate::recipe::language::origin::Fallible;

/// The servers that are evaluated together.
pub(super) struct TurnOrder {
    /// The number of servers at a time.
    pub(super) size: usize,
    /// The pause between two groups.
    pub(super) wait: Option<Duration>,
}

/// An evaluation and its state.
pub(super) struct Member {
    evaluation: Evaluation,
    pub(super) state: MemberState,
}

/// The state of an evaluation.
pub(super) enum MemberState {
    /// It can continue with this answer.
    Ready(Continuation),
    /// It waits for this.
    Wants(EvaluationNeed),
    Ended,
}

impl Member {
    pub(super) fn server(&self) -> &Server {
        &self.evaluation.server
    }

    /// Returns the command that it wants performed, if it waits for one.
    pub(super) fn wish(&self) -> Option<&Wish> {
        match &self.state {
            MemberState::Wants(EvaluationNeed::Command(wish)) => Some(wish),
            _ => None,
        }
    }

    /// Lets it continue, and notes the point that it reaches. Returns its result if it has ended.
    pub(super) fn go_on(&mut self, answer: Continuation) -> Option<Fallible> {
        match self.evaluation.go_on(answer) {
            EvaluationStep::Wants(wanted) => {
                self.state = MemberState::Wants(wanted);
                None
            }
            EvaluationStep::Ended(result) => {
                self.state = MemberState::Ended;
                Some(result)
            }
        }
    }
}

/// Evaluates a block for servers.
pub(super) fn evaluate(work: &Rc<BlockWork>, servers: &[Server], order: &TurnOrder) -> Fallible<()> {
    // Each evaluation has surroundings of its own.
    work.interpreter.around().outside(|| by_order(work, servers, order))
}

fn by_order(work: &Rc<BlockWork>, servers: &[Server], order: &TurnOrder) -> Fallible<()> {
    let interpreter = &work.interpreter;
    let size = order.size.max(1);
    let turns = servers.len().div_ceil(size);
    let mut stacks = stacks(size.min(servers.len()));
    for (number, group) in servers.chunks(size).enumerate() {
        if turns > 1 {
            if let Some(wait) = order.wait.filter(|_| number > 0 && !interpreter.mode().is_dry_run()) {
                interpreter.stops().pause(interpreter.mode(), wait)?;
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

/// Returns stacks for this many evaluations, or as many as there are. Returns none if one is enough, or if the address space is
/// limited (docs/decisions/0058): then the servers are handled one after the other.
fn stacks(number: usize) -> Vec<Stack> {
    if number < 2 || address_space::limit().is_some() {
        return Vec::new();
    }
    (0..number).map_while(|_| Stack::new(STACK).ok()).collect()
}

/// Evaluates the block for one server on the present stack.
fn alone(work: &BlockWork, server: &Server, all: &[Server]) -> Fallible<()> {
    let mut endings = Endings::new(all);
    endings.ended(server, work.evaluate(server, None));
    endings.result(&work.interpreter)
}

/// Evaluates the block for several servers, each on a stack of its own; returns the stacks.
fn side_by_side(work: &Rc<BlockWork>, servers: &[Server], all: &[Server], stacks: Vec<Stack>) -> Fallible<Vec<Stack>> {
    let interpreter = &work.interpreter;
    let mut spare = stacks.into_iter();
    let pairs = servers.iter().zip(spare.by_ref());
    let mut members: Vec<Member> = pairs
        .map(|(server, stack)| Member {
            evaluation: Evaluation::new(work, server.clone(), stack),
            state: MemberState::Ready(Continuation::Begin),
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
        together::turn(interpreter, &work.engine, &mut members, &mut endings);
    }
    endings.result(interpreter)?;
    let used = members.into_iter().filter_map(|member| member.evaluation.into_stack());
    Ok(used.chain(spare).collect())
}

/// Lets all members that can continue do so, in the order of servers.
fn go_on(members: &mut [Member], endings: &mut Endings) {
    for member in members {
        if let MemberState::Ready(_) = &member.state
            && let MemberState::Ready(answer) = std::mem::replace(&mut member.state, MemberState::Ended)
            && let Some(result) = member.go_on(answer)
        {
            endings.ended(member.server(), result);
        }
    }
}

/// Ends the members that wait, without starting anything more.
fn leave(members: &mut [Member]) {
    for member in members {
        while !matches!(member.state, MemberState::Ended) {
            let _ = member.go_on(Continuation::Leave);
        }
    }
}

/// Runs the tasks and evaluates the variables that members wait for; returns true if there were any. Each is run or evaluated
/// once, and all members that wait for it get the result.
fn serve(work: &BlockWork, members: &mut [Member]) -> bool {
    let interpreter = &work.interpreter;
    let mut has_served = false;
    while let Some(index) = members.iter().position(|member| is_served(&member.state)) {
        has_served = true;
        let Some(first) = members.get_mut(index) else { break };
        let MemberState::Wants(wanted) = std::mem::replace(&mut first.state, MemberState::Ended) else {
            break;
        };
        let (waiting, value): (Vec<usize>, _) = match &wanted {
            EvaluationNeed::Task(task) => {
                let is_same = |state: &MemberState| matches!(state, MemberState::Wants(EvaluationNeed::Task(other)) if Rc::ptr_eq(other, task));
                let waiting = all(members, is_same);
                (waiting, interpreter.run_task(&work.engine, task).map(Some))
            }
            EvaluationNeed::Variable(name) => {
                let is_same = |state: &MemberState| matches!(state, MemberState::Wants(EvaluationNeed::Variable(other)) if other == name);
                let waiting = all(members, is_same);
                (waiting, interpreter.variable(&work.engine, name))
            }
            EvaluationNeed::Command(_) | EvaluationNeed::More | EvaluationNeed::Stop => break,
        };
        for waiting in std::iter::once(index).chain(waiting) {
            if let Some(member) = members.get_mut(waiting) {
                member.state = MemberState::Ready(Continuation::Value(copy(&value)));
            }
        }
    }
    has_served
}

fn is_served(state: &MemberState) -> bool {
    matches!(
        state,
        MemberState::Wants(EvaluationNeed::Task(_) | EvaluationNeed::Variable(_))
    )
}

fn all(members: &[Member], is_meant: impl Fn(&MemberState) -> bool) -> Vec<usize> {
    let members = members.iter().enumerate();
    members
        .filter(|(_, member)| is_meant(&member.state))
        .map(|(index, _)| index)
        .collect()
}

/// Returns a copy of a value or an error.
fn copy(value: &Fallible<Option<Dynamic>>) -> Fallible<Option<Dynamic>> {
    match value {
        Ok(value) => Ok(value.clone()),
        Err(error) => Err(same(error)),
    }
}

/// Returns a copy of an error.
pub(super) fn same(error: &EvalAltResult) -> Box<EvalAltResult> {
    Box::new(match error {
        EvalAltResult::ErrorTerminated(token, position) => EvalAltResult::ErrorTerminated(token.clone(), *position),
        EvalAltResult::ErrorRuntime(token, position) => EvalAltResult::ErrorRuntime(token.clone(), *position),
        other => EvalAltResult::ErrorRuntime(other.to_string().into(), other.position()),
    })
}
