//! Counts the lines of recipes that are run and the branches that are taken: a probe is put before each statement of the syntax
//! tree, also in the bodies of functions.

use std::cell::RefCell;
use std::rc::Rc;

use rhai::{
    AST, CustomExpr, Dynamic, Engine, Expr, Expression, FlowControl, INT, Module, Position, ScriptFuncDef, Shared,
    Stmt, StmtBlock, Token,
};

use crate::recipe::language::syntax::cut::statements;
use crate::verdict::{Coverage, Covered};

/// The key of the custom syntax of a probe. It has a blank in it, so no word of a recipe is equal to it.
const PROBE: &str = "probe ";

/// The key of the custom syntax that evaluates the body of a function; the number of the body follows it.
const BODY: &str = "probe body";

/// The word that Rhai reads as that key in the source of [`stand_in`].
const WORD: &str = "body";

/// The place that a probe counts.
#[derive(Clone, Copy)]
enum Place {
    Line(usize),
    /// A branch: the line of its statement, the number of the statement in the file, the number of the branch in the statement.
    Way(usize, usize, usize),
}

#[derive(Default)]
struct Counted {
    probes: Vec<(Rc<str>, Place, u64)>,
    /// Bodies of functions, with probes.
    bodies: Vec<Rc<Expr>>,
}

/// The counter of one process. A clone is a handle to the same.
#[derive(Clone, Default)]
pub(in crate::recipe) struct Counter(Rc<RefCell<Counted>>);

impl Counter {
    /// Makes the syntax of probes known.
    #[allow(deprecated)]
    pub(in crate::recipe) fn register(&self, engine: &mut Engine) {
        let counted = self.0.clone();
        engine.register_custom_syntax_with_state_raw(
            PROBE,
            |_, _, _| Ok(None),
            false,
            move |_, _, state| {
                let number = state.as_int().ok().and_then(|number| usize::try_from(number).ok());
                let mut counted = counted.borrow_mut();
                if let Some((.., count)) = number.and_then(|number| counted.probes.get_mut(number)) {
                    *count += 1;
                }
                Ok(Dynamic::UNIT)
            },
        );
        let counted = self.0.clone();
        engine.register_custom_syntax_with_state_raw(
            BODY,
            |_, _, _| Ok(None),
            false,
            move |context, inputs, _| {
                let number = inputs.first().and_then(Expression::get_literal_value::<INT>);
                let number = number.and_then(|number| usize::try_from(number).ok());
                let body = number.and_then(|number| counted.borrow().bodies.get(number).cloned());
                body.map_or(Ok(Dynamic::UNIT), |body| {
                    context.eval_expression_tree(&Expression::from(&*body))
                })
            },
        );
    }

    /// Returns the syntax of a file with probes in it.
    pub(in crate::recipe) fn with_probes(&self, file: &str, ast: &AST) -> AST {
        let mut walk = Walk {
            counter: self,
            file: file.into(),
            ways: 0,
        };
        let mut block = StmtBlock::new(ast.statements().iter().cloned(), Position::NONE, Position::NONE);
        walk.block(&mut block);
        let functions = walk.functions(ast);
        let statements: Vec<Stmt> = block.statements().to_vec();
        AST::new_with_source(statements, functions, file)
    }

    /// Returns all that was counted.
    pub(in crate::recipe) fn coverage(&self) -> Coverage {
        let counted = self.0.borrow();
        let mut coverage = Coverage::default();
        for (file, place, count) in &counted.probes {
            let covered = coverage.0.entry(file.to_string()).or_default();
            match *place {
                Place::Line(line) => *covered.lines.entry(line).or_default() += count,
                Place::Way(line, block, way) => {
                    let one = Covered {
                        branches: vec![(line, block, way, *count)],
                        ..Covered::default()
                    };
                    let one = Coverage([(file.to_string(), one)].into_iter().collect());
                    coverage.add(one);
                }
            }
        }
        coverage
    }
}

struct Walk<'a> {
    counter: &'a Counter,
    file: Rc<str>,
    /// The number of statements with several branches so far.
    ways: usize,
}

impl Walk<'_> {
    fn probe(&self, place: Place, position: Position) -> Stmt {
        let probes = &mut self.counter.0.borrow_mut().probes;
        probes.push((self.file.clone(), place, 0));
        let call = CustomExpr {
            inputs: Default::default(),
            tokens: [PROBE.into()].into_iter().collect(),
            state: Dynamic::from_int(i64::try_from(probes.len() - 1).unwrap_or(i64::MAX)),
            scope_may_be_changed: false,
            self_terminated: true,
        };
        Stmt::Expr(Box::new(Expr::Custom(Box::new(call), position)))
    }

    fn block(&mut self, block: &mut StmtBlock) {
        let statements = std::mem::take(block.statements_mut());
        let mut with_probes = Vec::with_capacity(2 * statements.len());
        for mut statement in statements {
            let position = start(&statement);
            let is_made = matches!(statement, Stmt::Noop(_) | Stmt::Share(_));
            if let Some(line) = position.line().filter(|_| !is_made) {
                with_probes.push(self.probe(Place::Line(line), position));
            }
            self.statement(&mut statement);
            with_probes.push(statement);
        }
        block.statements_mut().extend(with_probes);
    }

    fn way(&mut self, block: &mut StmtBlock, line: usize, number: usize, way: usize) {
        self.block(block);
        let probe = self.probe(Place::Way(line, number, way), block.position());
        block.statements_mut().insert(0, probe);
    }

    /// Adds probes to both branches of a condition, or of `try` and `catch`.
    fn ways(&mut self, flow: &mut FlowControl, position: Position) {
        self.expression(&mut flow.expr);
        let (line, number) = (position.line().unwrap_or(0), self.ways);
        self.ways += 1;
        self.way(&mut flow.body, line, number, 0);
        self.way(&mut flow.branch, line, number, 1);
    }

    fn statement(&mut self, statement: &mut Stmt) {
        match statement {
            Stmt::If(flow, position) | Stmt::TryCatch(flow, position) => self.ways(flow, *position),
            Stmt::While(flow, _) | Stmt::Do(flow, ..) => self.turns(flow),
            Stmt::For(parts, _) => self.turns(&mut parts.2),
            Stmt::Switch(parts, position) => {
                self.expression(&mut parts.0);
                let (line, number) = (position.line().unwrap_or(0), self.ways);
                self.ways += 1;
                for (way, case) in parts.1.expressions.iter_mut().enumerate() {
                    self.expression(&mut case.lhs);
                    self.case(&mut case.rhs, line, number, way);
                }
            }
            Stmt::Var(parts, ..) => self.expression(&mut parts.1),
            Stmt::Assignment(parts) => {
                self.expression(&mut parts.1.lhs);
                self.expression(&mut parts.1.rhs);
            }
            Stmt::FnCall(call, _) => call.args.iter_mut().for_each(|argument| self.expression(argument)),
            Stmt::Block(block) => self.block(block),
            Stmt::Expr(expression) => self.expression(expression),
            Stmt::BreakLoop(Some(value), ..) | Stmt::Return(Some(value), ..) => self.expression(value),
            _ => {}
        }
    }

    fn turns(&mut self, flow: &mut FlowControl) {
        self.expression(&mut flow.expr);
        self.block(&mut flow.body);
    }

    /// Adds a probe to a case of `switch`, which is an expression.
    fn case(&mut self, value: &mut Expr, line: usize, number: usize, way: usize) {
        if let Expr::Stmt(block) = value {
            return self.way(block, line, number, way);
        }
        self.expression(value);
        let position = value.start_position();
        let inner = Stmt::Expr(Box::new(std::mem::take(value)));
        let statements = [self.probe(Place::Way(line, number, way), position), inner];
        *value = Expr::Stmt(Box::new(StmtBlock::new(statements, position, position)));
    }

    fn expression(&mut self, expression: &mut Expr) {
        match expression {
            Expr::Stmt(block) => self.block(block),
            Expr::Custom(call, _) => call.inputs.iter_mut().for_each(|input| self.expression(input)),
            Expr::FnCall(call, _) | Expr::MethodCall(call, _) => {
                call.args.iter_mut().for_each(|argument| self.expression(argument));
            }
            Expr::InterpolatedString(parts, _) | Expr::Array(parts, _) => {
                parts.iter_mut().for_each(|part| self.expression(part));
            }
            Expr::Map(map, _) => map.0.iter_mut().for_each(|(_, value)| self.expression(value)),
            Expr::Dot(both, ..) | Expr::Index(both, ..) => {
                self.expression(&mut both.lhs);
                self.expression(&mut both.rhs);
            }
            Expr::And(all, _) | Expr::Or(all, _) | Expr::Coalesce(all, _) => {
                all.iter_mut().for_each(|one| self.expression(one));
            }
            _ => {}
        }
    }

    /// Returns the functions of a file, each with probes in its body.
    fn functions(&mut self, ast: &AST) -> Module {
        let mut module = Module::new();
        for (.., function) in ast.shared_lib().iter_script_fn_info() {
            let counted = self.function(function);
            module.set_script_fn(counted.unwrap_or_else(|| (**function).clone()));
        }
        module
    }

    /// Returns a function that evaluates a body with probes. It begins as one that Rhai has parsed.
    fn function(&mut self, function: &ScriptFuncDef) -> Option<ScriptFuncDef> {
        let mut block = StmtBlock::new(statements(function), Position::NONE, Position::NONE);
        self.block(&mut block);
        let bodies = &mut self.counter.0.borrow_mut().bodies;
        let mut counted = (*stand_in(bodies.len())?).clone();
        bodies.push(Rc::new(Expr::Stmt(Box::new(block))));
        counted.name.clone_from(&function.name);
        counted.access = function.access;
        counted.this_type.clone_from(&function.this_type);
        counted.params.clone_from(&function.params);
        Some(counted)
    }
}

/// Returns a function whose body is the syntax that evaluates the body with this number.
#[allow(deprecated)]
fn stand_in(number: usize) -> Option<Shared<ScriptFuncDef>> {
    let mut engine = Engine::new_raw();
    engine.on_parse_token(|token, _, _| match token {
        Token::Identifier(word) if *word == WORD => Token::Custom(Box::new(BODY.into())),
        token => token,
    });
    engine.register_custom_syntax_with_state_raw(
        BODY,
        |symbols, _, _| Ok((symbols.len() == 1).then(|| "$int$".into())),
        false,
        |_, _, _| Ok(Dynamic::UNIT),
    );
    let ast = engine.compile(format!("fn stand_in() {{ {WORD} {number} }}")).ok()?;
    let mut functions = ast.shared_lib().iter_script_fn_info();
    functions.next().map(|(.., function)| function.clone())
}

/// The place where a statement begins.
fn start(statement: &Stmt) -> Position {
    match statement {
        Stmt::Expr(expression) => expression.start_position(),
        Stmt::Assignment(parts) => parts.1.lhs.start_position(),
        other => other.position(),
    }
}
