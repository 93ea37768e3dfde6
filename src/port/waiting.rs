//! Statements that run while a recipe is loaded and need a value that may not be there: the recipe is loaded nevertheless, and they wait until
//! somebody needs what they give, or for the start of a run.

use std::collections::BTreeSet;

use super::form::{Block, Call, Expr, Line, Statement, sets};
use super::read::{lazy, of, read_of, with_made_of};

/// Lets a block give the servers of a role, with those of their attributes that may be missing as well.
pub(super) fn given_by_block(call: &mut Call, mut hosts: Vec<Expr>, may_be_missing: &dyn Fn(&Expr) -> bool) {
    let options = std::mem::take(&mut call.options);
    let (late, fixed): (Vec<_>, Vec<_>) = options.into_iter().partition(|(_, value)| may_be_missing(value));
    call.options = fixed;
    if !late.is_empty() {
        hosts.push(Expr::Map(late));
    }
    let only = if hosts.len() == 1 { hosts.pop() } else { None };
    call.block = Some(Block::giving(only.unwrap_or(Expr::List(hosts))));
}

/// Returns the roles of a server that may be missing, each with a block that gives it.
pub(super) fn roles_of(call: &Call, may_be_missing: &dyn Fn(&Expr) -> bool) -> Option<Vec<Call>> {
    let (host, roles) = call.arguments.split_first()?;
    let mut values = call.options.iter().map(|(_, value)| value).chain([host]);
    let roles = roles.iter().flat_map(|role| match role {
        Expr::List(items) => items.as_slice(),
        role => std::slice::from_ref(role),
    });
    if !values.any(may_be_missing) || roles.clone().any(|role| role.literal().is_none()) {
        return None;
    }
    let role = |role: &Expr| {
        let mut call = Call {
            options: call.options.clone(),
            ..Call::new("role", vec![role.clone()])
        };
        given_by_block(&mut call, vec![host.clone()], may_be_missing);
        call
    };
    Some(roles.map(role).collect())
}

/// Returns the lines of these roles, which take the place of a server.
pub(super) fn roles_in_place(line: &mut Line, roles: Vec<Call>) -> Vec<Line> {
    let mut roles: Vec<Line> = roles.into_iter().map(Line::verb).collect();
    if let Some(first) = roles.first_mut() {
        first.above = std::mem::take(&mut line.above);
    }
    roles
}

/// Puts a statement into `on :start` if it defines nothing; returns the variables that it sets there.
pub(super) fn at_start(line: &mut Line) -> BTreeSet<String> {
    let mut given = BTreeSet::new();
    let is_local = matches!(line.statement, Statement::Let(..));
    if is_local || !can_wait(&mut line.statement, &mut given) {
        return BTreeSet::new();
    }
    start(line);
    given
}

/// Returns the variables that a statement sets.
pub(super) fn set_in(line: &mut Line) -> BTreeSet<String> {
    let mut given = BTreeSet::new();
    can_wait(&mut line.statement, &mut given);
    given
}

/// Puts a statement into `on :start`.
pub(super) fn start(line: &mut Line) {
    let inner = Line {
        beside: line.beside.take(),
        ..Line::new(std::mem::replace(&mut line.statement, Statement::Nothing))
    };
    line.statement = Line::at_start(vec![inner]).statement;
}

/// Returns true for a statement that defines no task, hook, role or function, and adds the variables that it sets.
fn can_wait(statement: &mut Statement, given: &mut BTreeSet<String>) -> bool {
    const DEFINES: &[&str] = &[
        "after",
        "alias_task",
        "before",
        "desc",
        "load",
        "namespace",
        "on",
        "require",
        "role",
        "server",
        "synonym_task",
        "task",
    ];
    match statement {
        Statement::Verb(call) if sets(&call.name) => {
            given.extend(call.arguments.first().and_then(Expr::literal).map(str::to_owned));
            return true;
        }
        Statement::Verb(call) if DEFINES.contains(&call.name.as_str()) => return false,
        Statement::Function(..) | Statement::Return(_) | Statement::Break | Statement::Continue => return false,
        // What reads the environment below must wait as well.
        Statement::Assign(Expr::Index(owner, _), ..) if **owner == Expr::name("ENV") => {
            given.insert("ENV".to_owned());
        }
        _ => {}
    }
    let lines = statement.blocks().into_iter().flat_map(|block| &mut block.lines);
    // All are changed, also behind one that cannot wait.
    let mut all = true;
    for line in lines {
        all &= can_wait(&mut line.statement, given);
    }
    all
}

/// Lets the statements of a file wait that need one of these names while the file is loaded; adds the variables that wait for them. `set` has
/// the variables that the files set.
pub(super) fn wait(block: &mut Block, names: &mut BTreeSet<String>, set: &BTreeSet<String>) {
    let mut lines = Vec::new();
    for mut line in std::mem::take(&mut block.lines) {
        let one = std::slice::from_ref(&line);
        if read_of(one, names).is_none() {
            if let Statement::Verb(call) = &line.statement
                && sets(&call.name)
                && let Some(name) = call.arguments.first().and_then(Expr::literal)
                && call
                    .block
                    .as_ref()
                    .is_some_and(|block| read_of(&block.lines, names).is_some())
            {
                names.extend(with_made_of(name, set));
            }
            lines.push(line);
            continue;
        }
        let may_be_missing = |value: &Expr| of(value, names).is_some();
        match &mut line.statement {
            Statement::Verb(call) if sets(&call.name) => {
                names.extend(lazy(call).iter().flat_map(|name| with_made_of(name, set)))
            }
            Statement::Verb(call) if call.name == "role" && call.block.is_none() && !call.arguments.is_empty() => {
                let hosts = call.arguments.split_off(1);
                given_by_block(call, hosts, &may_be_missing);
            }
            Statement::Verb(call) if call.name == "server" => {
                if let Some(roles) = roles_of(call, &may_be_missing) {
                    lines.append(&mut roles_in_place(&mut line, roles));
                    continue;
                }
            }
            _ => names.extend(at_start(&mut line).iter().flat_map(|name| with_made_of(name, set))),
        }
        lines.push(line);
    }
    block.lines = lines;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_without_a_name_waits_for_nothing() {
        let role = Call {
            options: vec![("user".to_owned(), Expr::name("missing"))],
            ..Call::new("role", Vec::new())
        };
        let mut block = Block::of(vec![Line::verb(role)]);
        let mut names = BTreeSet::from(["missing".to_owned()]);
        wait(&mut block, &mut names, &BTreeSet::new());
        assert_eq!(block.lines.len(), 1);
    }
}
