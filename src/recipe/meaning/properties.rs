//! Finds properties that a value certainly does not have: `name.upcase`, where `name` is a string. If the kind of the value is
//! not certain, nothing is reported.

use std::collections::HashMap;

use rhai::{ASTNode, Expr, Position, Stmt};

use super::claims::{Claims, Text};
use super::findings::{Findings, at};
use super::locals::made_by;
use super::mentions::{literal, verb};
use super::names::{no_property, property_hint};
use super::read::ReadCall;
use super::stdlib;
use super::types::Functions;
use crate::diagnostic::{Diagnostic, Fault};
use crate::recipe::language::syntax::marks::as_written;
use crate::recipe::language::takes::Shape;
use crate::recipe::language::verb::sets;

impl Shape {
    /// Returns the kind of an expression, if it is certain.
    pub(super) fn of(value: &Expr) -> Option<Self> {
        Some(match value {
            Expr::StringConstant(..) | Expr::InterpolatedString(..) | Expr::CharConstant(..) => Self::Text,
            Expr::IntegerConstant(..) => Self::Number,
            Expr::FloatConstant(..) => Self::Decimal,
            Expr::BoolConstant(..) => Self::Flag,
            Expr::Array(..) => Self::List,
            Expr::Map(..) => Self::Map,
            Expr::Stmt(block) => match block.statements().last()? {
                Stmt::Expr(value) => Self::of(value)?,
                _ => return None,
            },
            Expr::Custom(call, _) if literal(value).is_some() || verb(call) == Some("capture") => Self::Text,
            _ => return None,
        })
    }

    /// Returns Rhai's name for it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Text => "string",
            Self::Number => "i64",
            Self::Decimal => "f64",
            Self::Flag => "bool",
            Self::List => "array",
            Self::Map => "map",
        }
    }
}

/// The value whose property is read.
enum Owner {
    Shape(Shape),
    Name(String),
    /// A variable of the environment: a string, or nothing.
    Environment,
}

struct Property {
    name: String,
    owner: Owner,
    position: Position,
}

/// The kinds of the values of names, and the properties that are read.
#[derive(Default)]
pub(super) struct Shapes {
    properties: Vec<Property>,
    locals: HashMap<String, Vec<Option<Shape>>>,
    variables: HashMap<String, Vec<Option<Shape>>>,
    /// The names before `::`.
    modules: Vec<(String, Position)>,
    imported: Vec<String>,
}

impl Shapes {
    /// Returns true if a local variable of the source, or a parameter of a function, has this name.
    pub(super) fn has_local(&self, text: &Text, name: &str) -> bool {
        let mut functions = text.ast().iter_functions();
        self.locals.contains_key(name) || functions.any(|function| function.params.contains(&name))
    }

    /// Notes the last of these nodes.
    pub(super) fn note(&mut self, nodes: &[ASTNode]) {
        match nodes.last() {
            Some(ASTNode::Expr(Expr::Variable(variable, ..))) if !variable.2.is_empty() => {
                self.modules.push((variable.2.root().to_owned(), variable.2.position()));
            }
            Some(ASTNode::Expr(Expr::FnCall(call, _)) | ASTNode::Stmt(Stmt::FnCall(call, _)))
                if call.is_qualified() =>
            {
                self.modules
                    .push((call.namespace.root().to_owned(), call.namespace.position()));
            }
            Some(ASTNode::Stmt(Stmt::Import(import, _))) => self.imported.push(import.1.name.to_string()),
            _ => {}
        }
        let mut local = |name: &str, shape| self.locals.entry(name.to_owned()).or_default().push(shape);
        for name in nodes.last().map(made_by).unwrap_or_default() {
            let value = match nodes.last() {
                Some(ASTNode::Stmt(Stmt::Var(variable, ..))) => Shape::of(&variable.1),
                _ => None,
            };
            local(name, value);
        }
        match nodes.last() {
            Some(ASTNode::Stmt(Stmt::Assignment(assignment))) => {
                if let Expr::Variable(variable, ..) = &assignment.1.lhs {
                    let shape = Shape::of(&assignment.1.rhs);
                    local(&variable.1, shape.filter(|_| !assignment.0.is_op_assignment()));
                }
            }
            Some(ASTNode::Expr(Expr::Custom(call, _))) if verb(call).is_some_and(sets) => {
                let read = ReadCall::of(call);
                let value = read.arguments.get(1).copied().or(read.block);
                if let (Some(name), Some(value)) = (read.arguments.first().and_then(|name| literal(name)), value) {
                    self.variables.entry(name).or_default().push(Shape::of(value));
                }
            }
            // The tree of `a[b].c` contains `b.c`, but `b` is not the owner of `c`.
            Some(ASTNode::Expr(expression)) if !is_in_brackets(nodes) => {
                self.properties.extend(property(expression));
            }
            _ => {}
        }
    }
}

fn is_in_brackets(nodes: &[ASTNode]) -> bool {
    matches!(
        nodes,
        [.., ASTNode::Expr(Expr::Index(pair, ..)), ASTNode::Expr(inner)] if std::ptr::eq(&pair.rhs, *inner)
    )
}

fn property(expression: &Expr) -> Option<Property> {
    let (owner, behind) = match expression {
        Expr::Dot(pair, ..) => {
            let owner = match &pair.lhs {
                Expr::Variable(variable, ..) if variable.2.is_empty() => {
                    Owner::Name(as_written(&variable.1).to_owned())
                }
                value => Owner::Shape(Shape::of(value)?),
            };
            (owner, &pair.rhs)
        }
        Expr::Index(pair, ..) => match (&pair.lhs, &pair.rhs) {
            (Expr::Variable(variable, ..), Expr::Dot(inner, ..)) if variable.1 == "ENV" => {
                (Owner::Environment, &inner.rhs)
            }
            _ => return None,
        },
        _ => return None,
    };
    let first = match behind {
        Expr::Dot(pair, ..) | Expr::Index(pair, ..) => &pair.lhs,
        first => first,
    };
    match first {
        Expr::Property(property, position) => Some(Property {
            name: property.2.to_string(),
            owner,
            position: *position,
        }),
        _ => None,
    }
}

impl Claims {
    /// Returns the names of the properties that a source reads.
    pub(super) fn properties(&self) -> impl Iterator<Item = &str> {
        self.shapes.properties.iter().map(|property| property.name.as_str())
    }
}

impl Findings<'_> {
    /// Returns an error for each property that its value does not have; a warning for a map, where a method was probably meant.
    pub(super) fn unknown_properties(&self, functions: &Functions) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        for (text, claims) in self.examined() {
            for Property { name, owner, position } in &claims.shapes.properties {
                let owner_name = match owner {
                    Owner::Name(owner) => Some(owner.as_str()),
                    _ => None,
                };
                let shape = match owner {
                    Owner::Shape(shape) => Some(*shape),
                    Owner::Environment => Some(Shape::Text),
                    Owner::Name(owner) => self.shape(text, owner),
                };
                let told = match shape {
                    Some(Shape::Map) if self.is_method_of_maps(name) => {
                        Diagnostic::warning(format!("this map has no name `{name}'")).label("always nothing")
                    }
                    None | Some(Shape::Map) => continue,
                    Some(_) if functions.has_property(name) => continue,
                    Some(shape) => no_property(name, shape.name()),
                };
                let hint = property_hint(functions.engine, name, owner_name);
                found.push(at(hint.into_iter().fold(told, Diagnostic::hint), text, *position));
            }
        }
        found
    }

    /// Returns an error for each name before `::` under which nothing was imported.
    pub(super) fn unknown_modules(&self) -> Vec<Diagnostic> {
        let is_imported = |name: &String| {
            let mut imported = self.texts().flat_map(|(_, claims)| &claims.shapes.imported);
            name == "global" || imported.any(|other| other == name)
        };
        let mut found = Vec::new();
        for (text, claims) in self.examined() {
            for (name, position) in claims.shapes.modules.iter().filter(|(name, _)| !is_imported(name)) {
                let message = format!("there is no module `{name}'");
                let diagnostic = Diagnostic::new(Fault::Recipe, message).label("not imported");
                found.push(at(diagnostic, text, *position));
            }
        }
        found
    }

    /// Returns the kind that the values of a name have wherever it is set; `None` if it is not certain.
    pub(super) fn shape(&self, text: &Text, name: &str) -> Option<Shape> {
        let is_parameter = text
            .ast()
            .iter_functions()
            .any(|function| function.params.contains(&name));
        if is_parameter || self.may_be_computed() {
            return None;
        }
        let locals = text.claims().shapes.locals.get(name).into_iter().flatten();
        // The built-in library sets a variable in other words only if it has one of this name.
        let is_variable = self.defined.configuration().variables.exists(name);
        let texts = self
            .texts
            .iter()
            .filter(|text| is_variable || !stdlib::is_own(&text.file));
        let variables = texts.filter_map(|text| text.claims().shapes.variables.get(name));
        let mut shapes = locals.chain(variables.flatten());
        let first = (*shapes.next()?)?;
        shapes.all(|shape| *shape == Some(first)).then_some(first)
    }

    /// Returns true if the recipe sets variables with computed names.
    fn may_be_computed(&self) -> bool {
        self.of_recipe().any(|(_, claims)| claims.computes_variables)
    }

    /// Returns true if a name after a map can only be a method.
    fn is_method_of_maps(&self, name: &str) -> bool {
        matches!(
            name,
            "keys" | "values" | "len" | "length" | "size" | "count" | "is_empty" | "empty"
        ) && !self.any(|claims| claims.holders.contains(name))
    }
}
