//! Different commands on different servers, at the same time.

use rhai::Dynamic;

use super::super::action::{Branches, CallSettings, Request};
use super::super::parallel::{Branch, ParallelSession};
use super::super::prefixes;
use super::super::selected;
use super::super::shown::{behind, shown};
use super::super::verb_context::{Performed, VerbContext};
use super::commands::{CommandWay, remote};
use crate::actor::Output;
use crate::configuration::Server;
use crate::recipe::language::origin::Fallible;
use crate::recipe::language::verbs::parallel as rows;
use crate::session::Input;

pub(super) const PARALLEL: Performed = (&rows::PARALLEL, parallel);

fn parallel(cx: &mut VerbContext) -> Fallible {
    let block = cx.block()?;
    // This block chooses the commands; it must not be given their output.
    cx.call.block = None;
    cx.interpreter.around().refuse_in_server("parallel", cx.position())?;
    let session = ParallelSession::default();
    let parameters = cx.call.parameters.first().cloned();
    let parameters = parameters.map(|name| (name, Dynamic::from(session.clone())));
    let _ = cx.evaluate(block, parameters.into_iter().collect())?;
    let said = session.branches();
    if said.is_empty() {
        return Err(cx.misused("the block of `parallel' has no command"));
    }
    let settings = cx.settings()?;
    let (branches, chosen) = branches(cx, &settings, said)?;
    let request = Request {
        options: shown(&settings.options, settings.environment.as_ref(), None),
        branches: Some(branches),
        ..Request::new("parallel", chosen.join("; "), String::new(), Input::none())
    };
    cx.act(&settings, request)?;
    Ok(Dynamic::UNIT)
}

/// Returns the commands for each server, and the commands that are run at all, to be shown.
fn branches(cx: &VerbContext, settings: &CallSettings, said: Vec<Branch>) -> Fallible<(Branches, Vec<String>)> {
    let interpreter = cx.interpreter;
    let mut branches = Branches::default();
    for server in selected::expected(interpreter, &settings.selection) {
        let chosen = choose(cx, &said, &server)?;
        branches.of.insert(server, chosen);
    }
    let sudo = interpreter.sudo(cx.engine())?;
    let mut commands = Vec::new();
    for (index, branch) in said.into_iter().enumerate() {
        let own_options = shown(&branch.options, branch.options.env.as_ref(), None);
        let mut own = CallSettings {
            selection: settings.selection.clone(),
            options: settings.options.overlaid_by(&branch.options),
            environment: None,
        };
        let text = prefixes::prefixed(interpreter, cx.engine(), &branch.command, &own.options, cx.position())?;
        let request = remote(cx, &CommandWay::new("parallel", Output::Report), &text, &mut own, &sudo)?;
        if branches.of.values().flatten().any(|chosen| *chosen == index) {
            let condition = branch
                .condition
                .as_ref()
                .map_or("else".to_owned(), |condition| condition.shown());
            commands.push(format!("{condition}: {}{}", request.shown, behind(&own_options)));
        }
        branches.commands.push((request, own.options));
    }
    Ok((branches, commands))
}

fn choose(cx: &VerbContext, said: &[Branch], server: &Server) -> Fallible<Vec<usize>> {
    let mut chosen = Vec::new();
    for (index, branch) in said.iter().enumerate() {
        let Some(condition) = &branch.condition else { continue };
        if condition.fits(cx.interpreter, cx.scope, server, cx.position())? {
            chosen.push(index);
            if branch.last {
                break;
            }
        }
    }
    if chosen.is_empty() {
        let others = said.iter().enumerate().filter(|(_, branch)| branch.condition.is_none());
        chosen.extend(others.map(|(index, _)| index));
    }
    Ok(chosen)
}
