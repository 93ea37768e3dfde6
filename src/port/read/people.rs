//! Reads what HighLine says to people and asks them: `Capistrano::CLI.ui`, `HighLine.new`.

use ruby_prism::{CallNode, Node};

use super::super::form::{Block, Call, Expr, Line, Statement};
use super::super::note::{Kind, Read};
use super::super::ruby::{arguments, behind, id, source, statements};
use super::Reader;

/// The name that stands for a terminal in a local.
const PEOPLE: &str = "highline";

impl Reader<'_> {
    /// Returns true for the terminal of HighLine, also in a local.
    pub(super) fn is_people(&self, receiver: &Node<'_>) -> bool {
        if let Some(local) = receiver.as_local_variable_read_node() {
            return self.objects.get(&id(&local.name())) == Some(&PEOPLE);
        }
        matches!(
            source(receiver).as_str(),
            "Capistrano::CLI.ui" | "::Capistrano::CLI.ui" | "CLI.ui" | "HighLine.new" | "HighLine"
        )
    }

    /// Keeps a local that is a terminal of HighLine; returns false for any other value.
    pub(super) fn keep_people(&mut self, name: &str, value: &Node<'_>) -> bool {
        let is_it = !source(value).ends_with("HighLine") && self.is_people(value);
        if is_it {
            self.objects.insert(name.to_owned(), PEOPLE);
        }
        is_it
    }

    /// Reads `Capistrano::CLI.ui.say("…")`.
    pub(super) fn said(&mut self, call: &CallNode<'_>, receiver: &Node<'_>) -> Option<Read<Vec<Line>>> {
        (self.is_people(receiver) && id(&call.name()) == "say").then(|| {
            let values = self.expressions(&arguments(call, false).values)?;
            Ok(vec![Line::verb(Call::new("puts", values))])
        })
    }

    /// Reads a question of HighLine; `None` for other words.
    pub(super) fn asked_people(&mut self, name: &str, call: &CallNode<'_>) -> Read<Option<Expr>> {
        match name {
            "ask" => self.question(call).map(Some),
            "agree" => {
                let (text, default) = match self.question(call)? {
                    Expr::Call(asked) if asked.name == "ask" => {
                        let mut of = asked.arguments.into_iter();
                        (of.next(), of.next())
                    }
                    _ => return Ok(None),
                };
                let text = text.unwrap_or_else(|| Expr::text(""));
                let default = default.unwrap_or_else(|| Expr::text("no"));
                let answer = Expr::call("ask", vec![text, default]);
                Ok(Some(Expr::call("matches", vec![answer, Expr::text("(?i)^y")])))
            }
            "choose" => self.menu(call).map(Some),
            _ => Ok(None),
        }
    }

    /// Reads `choose("a", "b")` and `choose { |menu| menu.choice(:a) { … } }` as a question with a list of answers.
    fn menu(&mut self, call: &CallNode<'_>) -> Read<Expr> {
        let given = arguments(call, false);
        let mut choices = self.items(&given.values)?;
        let (mut header, mut prompt, mut default, mut arms) = (Expr::text(""), Expr::text("?"), Expr::Unit, Vec::new());
        let nodes = behind(call).map(|behind| statements(behind.body.as_ref()));
        for node in nodes.iter().flatten() {
            let Some(said) = node.as_call_node().filter(|said| said.receiver().is_some()) else {
                return self.refuse(Kind::Construct, "a menu whose choices are computed");
            };
            let more = arguments(&said, false);
            match (id(&said.name()).as_str(), more.values.as_slice()) {
                ("header=", [text]) => header = self.expression(text)?,
                ("prompt=" | "question=", [text]) => prompt = self.expression(text)?,
                ("default=", [text]) => default = self.expression(text)?,
                ("select_by=" | "index=" | "index_suffix=" | "flow=" | "layout=" | "shell=" | "nil_on_handled=", _) => {
                }
                ("choice" | "choices", values) => {
                    let list = self.items(values)?;
                    if let (Some(behind), [only]) = (behind(&said), values) {
                        let asked = self.expression(only)?;
                        arms.push((
                            asked,
                            self.all_statements(&statements(behind.body.as_ref()), behind.end, true)?,
                        ));
                    }
                    choices = match (choices, list) {
                        (Expr::List(mut all), Expr::List(list)) => {
                            all.extend(list);
                            Expr::List(all)
                        }
                        (Expr::List(all), list) if all.is_empty() => list,
                        (all, list) => all.binary("+", list),
                    };
                }
                (other, _) => return self.refuse(Kind::Code, format!("`{other}` of a menu")),
            }
        }
        self.carry("choose");
        let mut of = vec![choices, prompt, header];
        of.extend((default != Expr::Unit).then_some(default));
        let chosen = Expr::call("ruby_chosen", of);
        if arms.is_empty() {
            return Ok(chosen);
        }
        let name = self.free_name("chosen");
        let local = Expr::name(&name);
        let arms = arms
            .into_iter()
            .map(|(asked, block)| (local.clone().binary("==", asked), block));
        let choice = Expr::If(arms.collect(), Some(Block::giving(local.clone())));
        let lines = vec![
            Line::new(Statement::Let(name, chosen)),
            Line::new(Statement::Value(choice)),
        ];
        Ok(Expr::Block(Block { lines, gives: true }))
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::construct_tests::carried;

    #[test]
    fn questions_of_highline_are_asked() {
        carried(
            "task :t do\n  ui = HighLine.new\n  ui.say 'x'\n  abort unless ui.agree('go on?') { |q| q.default = 'yes' }\n  \
             puts ui.choose('a', 'b')\n  l = %w[1 2]\n  v = ui.choose do |menu|\n    menu.header = 'Tags'\n    \
             menu.choices(*l)\n    menu.choice(:none) { puts 'no'; nil }\n  end\n  puts v\nend\n",
            &[
                "puts \"x\";",
                "if !matches(ask(\"go on?\", \"yes\"), \"(?i)^y\") {",
                "puts ruby_chosen([\"a\", \"b\"], \"?\", \"\");",
                "let chosen = ruby_chosen(l + [:none], \"?\", \"Tags\");\n    if chosen == :none {",
                "fn ruby_chosen(",
            ],
        );
    }
}
