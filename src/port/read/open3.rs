//! Reads commands of this machine that `Open3` runs.

use ruby_prism::CallNode;

use super::super::form::{Block, Call, Expr, Line, Part, Statement, string};
use super::super::note::{Kind, Read};
use super::super::ruby::{arguments, behind, constant, id, literal, source, statements};
use super::Reader;
use super::locals::{Local, Type};

/// The word for a local that is the thread of a process.
pub(super) const PROCESS: &str = "process";

/// The reason why a command that keeps its errors apart has no form.
const ERRORS: &str = "what a command of this machine writes to its error stream";

impl Reader<'_> {
    /// Reads `out, err, status = Open3.capture3("…")`; `None` for anything else.
    pub(super) fn captured(
        &mut self,
        write: &ruby_prism::MultiWriteNode<'_>,
        names: &[String],
    ) -> Read<Option<Vec<Line>>> {
        let call = write.value().as_call_node();
        let Some(call) = call.filter(|call| call.receiver().as_ref().and_then(constant).as_deref() == Some("Open3"))
        else {
            return Ok(None);
        };
        let parts: &[&str] = match id(&call.name()).as_str() {
            "capture3" => &["stdout", "stderr", ""],
            "capture2" | "capture2e" => &["stdout", ""],
            _ => return Ok(None),
        };
        let given = arguments(&call, false);
        if names.len() > parts.len() || given.has_splat || call.block().is_some() {
            return Ok(None);
        }
        let text = String::from_utf8_lossy(self.text);
        let is_read = |name: &&String| !name.starts_with('_') && text.matches(name.as_str()).count() > 1;
        if parts.len() == 3 && names.get(1).filter(is_read).is_some() {
            return self.refuse(Kind::Construct, ERRORS);
        }
        let run = self.open3(&call)?;
        let ran = self.free_name("ran");
        let mut lines = self.write_local(&ran, Expr::Call(run));
        for (name, part) in names.iter().zip(parts).filter(|(_, part)| **part != "stderr") {
            let value = match *part {
                "" => Expr::name(&ran),
                part => Expr::Member(Box::new(Expr::name(&ran)), part.to_owned()),
            };
            lines.extend(self.write_local(name, value));
        }
        self.carry("Open3");
        Ok(Some(lines))
    }

    /// Returns the command that a function of `Open3` runs.
    fn open3(&mut self, call: &CallNode<'_>) -> Read<Call> {
        let given = arguments(call, false);
        let mut options = vec![("result".to_owned(), Expr::Bool(true))];
        for (key, value) in &given.pairs {
            match literal(key).as_deref() {
                Some("chdir") => options.push(("dir".to_owned(), self.expression(value)?)),
                Some("stdin_data") => options.push(("data".to_owned(), self.expression(value)?)),
                other => {
                    let shown = other.unwrap_or("…").to_owned();
                    return self.refuse(Kind::Construct, format!("`Open3` with `{shown}`"));
                }
            }
        }
        let mut words = self.expressions(&given.values)?;
        let joins = id(&call.name()).ends_with("2e");
        let command = match (words.len(), joins) {
            (1, false) => words.remove(0),
            (1, true) => {
                let mut parts = vec![Part::Text("exec 2>&1; ".to_owned())];
                parts.extend(words.remove(0).parts());
                string(parts)
            }
            (_, false) => Expr::List(words),
            (_, true) => {
                let joined = super::ruby_methods::joined_for_shell(Expr::List(words));
                string(vec![Part::Text("exec 2>&1; ".to_owned()), Part::Value(joined)])
            }
        };
        Ok(Call {
            options,
            ..Call::new("run_locally", vec![command])
        })
    }

    /// Reads `Open3.popen2e("…") { |input, output, thread| … }`: the command has ended when the block looks at it.
    pub(super) fn open3_block(&mut self, call: &CallNode<'_>) -> Read<Option<Expr>> {
        let name = id(&call.name());
        let places: &[&str] = match name.as_str() {
            "popen2" | "popen2e" => &["", "stdout", PROCESS],
            "popen3" => &["", "stdout", "stderr", PROCESS],
            _ => return Ok(None),
        };
        let Some(behind) = behind(call).filter(|behind| behind.rescue.is_none() && !behind.is_odd) else {
            return Ok(None);
        };
        let run = self.open3(call)?;
        let code = behind.body.as_ref().map(|body| source(&body.as_node()));
        let code = code.unwrap_or_default();
        self.scopes.push(std::collections::BTreeMap::new());
        let ran = self.declare("ran", Local::default());
        self.objects.insert(ran.clone(), PROCESS);
        let mut lines = vec![Line::new(Statement::Let(ran.clone(), Expr::Call(run)))];
        for (parameter, place) in behind.parameters.iter().zip(places) {
            let is_read = code.contains(parameter.as_str()) && parameter != "_";
            match *place {
                PROCESS => {
                    self.given.insert(parameter.clone(), Expr::name(&ran));
                }
                "stdout" if is_read => {
                    let local = Local {
                        kind: Type::Text,
                        ..Local::default()
                    };
                    let written = self.declare(parameter, local);
                    let text = Expr::Member(Box::new(Expr::name(&ran)), "stdout".to_owned());
                    lines.push(Line::new(Statement::Let(written, text)));
                }
                "stderr" if is_read => {
                    self.scopes.pop();
                    return self.refuse(Kind::Construct, ERRORS);
                }
                _ => {}
            }
        }
        let mut nodes = statements(behind.body.as_ref());
        // The block gives what is behind its last `next`.
        let last = nodes.pop();
        let given = last
            .as_ref()
            .and_then(|last| last.as_next_node())
            .and_then(|next| next.arguments());
        let given: Option<Vec<_>> = given.map(|given| given.arguments().iter().collect());
        let last = match given {
            Some(given) => self.expressions(&given).map(|mut values| match values.len() {
                1 => Some(values.remove(0)),
                _ => Some(Expr::List(values)),
            }),
            None => {
                nodes.extend(last);
                Ok(None)
            }
        };
        let block = self.all_statements(&nodes, behind.end, matches!(last, Ok(None)));
        self.scopes.pop();
        if let Some(thread) = behind.parameters.get(places.len() - 1) {
            self.given.remove(thread);
        }
        lines.extend(block?.lines);
        lines.extend(last?.map(|value| Line::new(Statement::Value(value))));
        self.carry("Open3");
        Ok(Some(Expr::Block(Block { lines, gives: true })))
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::construct_tests::carried;

    #[test]
    fn a_command_that_a_block_looks_at_has_ended() {
        carried(
            "task :t do\n  status, said = Open3.popen2e(\"a #{fetch(:b, 1)}\") { |_, out, thread| next thread.value, out.read }\n  \
             puts said unless status.success?\n  Open3.popen3('c', chdir: '/d') do |_i, out, _e, t|\n    \
             out.each_line { |line| puts line }\n    puts t.value.exitstatus\n  end\n  \
             all, how = Open3.capture2e('x', 'y z')\n  puts all, how.success?\nend\n",
            &[
                "let ran = run_locally(`exec 2>&1; a ${",
                "let out = ran.stdout;\n    [ran, out]",
                "let ran = run_locally(\"c\", :result => true, :dir => \"/d\");",
                "for line in lines(out) {",
                "puts ran.status;",
            ],
        );
    }
}
