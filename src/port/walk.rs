//! A walk through all values of a block.

use std::collections::BTreeSet;

use super::form::{Block, Call, Expr, Part, Statement};

/// Calls a function with each value in a block, the inner ones first.
pub(super) fn each_value(block: &mut Block, change: &mut dyn FnMut(&mut Expr)) {
    for line in &mut block.lines {
        of_statement(&mut line.statement, change);
    }
}

fn of_statement(statement: &mut Statement, change: &mut dyn FnMut(&mut Expr)) {
    match statement {
        Statement::Verb(call) => of_call(call, change),
        Statement::Let(_, value)
        | Statement::Value(value)
        | Statement::Throw(value)
        | Statement::Return(Some(value)) => {
            of_value(value, change);
        }
        Statement::Assign(target, _, value) => {
            of_value(target, change);
            of_value(value, change);
        }
        Statement::For(_, value, block) | Statement::While(value, block) => {
            of_value(value, change);
            each_value(block, change);
        }
        Statement::Try(body, _, otherwise) => {
            each_value(body, change);
            each_value(otherwise, change);
        }
        Statement::Function(_, _, block) => each_value(block, change),
        Statement::Idle(inner) => of_statement(inner, change),
        _ => {}
    }
}

fn of_call(call: &mut Call, change: &mut dyn FnMut(&mut Expr)) {
    call.arguments.iter_mut().for_each(|value| of_value(value, change));
    call.options.iter_mut().for_each(|(_, value)| of_value(value, change));
    call.block.iter_mut().for_each(|block| each_value(block, change));
}

fn of_value(value: &mut Expr, change: &mut dyn FnMut(&mut Expr)) {
    match value {
        Expr::Template(parts) | Expr::Script(parts) => {
            for part in parts {
                if let Part::Value(inner) = part {
                    of_value(inner, change);
                }
            }
        }
        Expr::List(items) => items.iter_mut().for_each(|item| of_value(item, change)),
        Expr::Map(pairs) => pairs.iter_mut().for_each(|(_, item)| of_value(item, change)),
        Expr::Call(call) => of_call(call, change),
        Expr::Method(owner, _, given) => {
            of_value(owner, change);
            given.iter_mut().for_each(|item| of_value(item, change));
        }
        Expr::Member(inner, _) | Expr::Not(inner) | Expr::Negative(inner) => of_value(inner, change),
        Expr::Index(left, right) | Expr::Binary(_, left, right) => {
            of_value(left, change);
            of_value(right, change);
        }
        Expr::If(arms, otherwise) => {
            for (condition, block) in arms {
                of_value(condition, change);
                each_value(block, change);
            }
            otherwise.iter_mut().for_each(|block| each_value(block, change));
        }
        Expr::Switch(value, arms, otherwise) => {
            of_value(value, change);
            for (values, block) in arms {
                values.iter_mut().for_each(|item| of_value(item, change));
                each_value(block, change);
            }
            otherwise.iter_mut().for_each(|block| each_value(block, change));
        }
        Expr::Closure(_, block) | Expr::Block(block) => each_value(block, change),
        _ => {}
    }
    change(value);
}

/// Returns the names that a block declares, anywhere in it.
pub(super) fn declared(block: &mut Block) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    each_value(block, &mut |value| match value {
        Expr::Closure(parameters, body) => {
            names.extend(parameters.iter().cloned());
            of_lines(body, &mut names);
        }
        Expr::If(arms, otherwise) => {
            let blocks = arms.iter_mut().map(|(_, block)| block).chain(otherwise);
            blocks.for_each(|block| of_lines(block, &mut names));
        }
        Expr::Block(body) => of_lines(body, &mut names),
        _ => {}
    });
    of_lines(block, &mut names);
    names
}

fn of_lines(block: &mut Block, names: &mut BTreeSet<String>) {
    for line in &mut block.lines {
        match &line.statement {
            Statement::Let(name, _) => drop(names.insert(name.clone())),
            Statement::For(own, ..) => names.extend(own.iter().cloned()),
            Statement::Try(_, Some(name), _) => drop(names.insert(name.clone())),
            Statement::Verb(call) => names.extend(call.parameters.iter().cloned()),
            _ => {}
        }
        let blocks = line.statement.blocks();
        blocks.into_iter().for_each(|inner| of_lines(inner, names));
    }
}
