//! Reads what HighLine says to people and asks them: `Capistrano::CLI.ui`, `HighLine.new`.

use ruby_prism::{CallNode, Node};

use super::super::form::{Block, Call, Expr, Line, Part, Statement};
use super::super::note::{Kind, Read};
use super::super::ruby::{arguments, behind, id, literal, source, statements};
use super::Reader;

/// The name that stands for a terminal in a local.
const PEOPLE: &str = "highline";

impl Reader<'_> {
    /// Returns true for the terminal of HighLine, also in a local.
    pub(super) fn is_people(&self, receiver: &Node<'_>) -> bool {
        if let Some(local) = receiver.as_local_variable_read_node() {
            return self.objects.get(&id(&local.name())) == Some(&PEOPLE);
        }
        let code = source(receiver);
        code == "HighLine" || gives_people(&code) || self.facts.people.contains(&code)
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
        (self.is_people(receiver) && id(&call.name()) == "say").then(|| self.words_said(call))
    }

    /// Reads the words that HighLine says. It fills them in as a template of ERB, in which recipes have colours.
    pub(super) fn words_said(&mut self, call: &CallNode<'_>) -> Read<Vec<Line>> {
        let mut values = self.expressions(&arguments(call, false).values)?;
        for value in &mut values {
            match value {
                Expr::Text(text) => *text = without_colours(text),
                Expr::Template(parts) => {
                    for part in parts {
                        if let Part::Text(text) = part {
                            *text = without_colours(text);
                        }
                    }
                }
                _ => {}
            }
            let shown = value.clone().parts();
            if shown
                .iter()
                .any(|part| matches!(part, Part::Text(text) if text.contains("<%")))
            {
                return self.refuse(Kind::Template, "words of HighLine that are a template");
            }
        }
        Ok(vec![Line::verb(Call::new("puts", values))])
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

    /// Reads `ask("…", Integer) { |q| q.default = "x" }`. What HighLine asks until the answer is right is asked by a function.
    pub(super) fn question(&mut self, call: &CallNode<'_>) -> Read<Expr> {
        let given = arguments(call, false).values;
        let mut values = vec![self.first(&given)?];
        let answer = Expr::name("answer");
        let (mut hidden, mut default, mut case) = (false, None, None);
        let mut message = Expr::text("Your answer is not one of those that are possible.");
        let mut kind = given.get(1).map(|kind| source(kind)).unwrap_or_default();
        let mut right = Vec::new();
        if let Some(list) = given.get(1).filter(|list| list.as_array_node().is_some()) {
            right.push(answer.clone().binary("in", self.expression(list)?));
            kind.clear();
        }
        let behind = behind(call);
        for node in behind.iter().flat_map(|behind| statements(behind.body.as_ref())) {
            let set = node.as_call_node();
            let name = set.as_ref().map(|set| id(&set.name())).unwrap_or_default();
            let more = set.as_ref().map(|set| arguments(set, false).values).unwrap_or_default();
            match (name.as_str(), more.as_slice()) {
                ("default=", [value]) => default = Some(self.expression(value)?),
                ("echo=", [value]) => hidden = value.as_true_node().is_none(),
                ("case=", [value]) => {
                    case = Some(match literal(value).as_deref() {
                        Some("up" | "upcase") => "to_upper",
                        Some("down" | "downcase") => "to_lower",
                        _ => return self.refuse(Kind::Code, "`case=` of a question"),
                    });
                }
                ("validate=", [value]) if Self::is_pattern(value) => {
                    let shown = source(value);
                    message = Expr::Text(format!("Your answer isn't valid (must match {shown})."));
                    let pattern = self.regular(value)?;
                    right.push(Expr::call("matches", vec![answer.clone(), pattern]));
                }
                ("validate=", [value]) => {
                    let function = self.expression(value)?;
                    if !self.is_closure(&function) {
                        return self.refuse(Kind::Code, "`validate=` of a question");
                    }
                    let called = function.method("call", vec![answer.clone()]);
                    right.push(Expr::call("ruby_is_true", vec![called]));
                }
                ("in=", [value]) => {
                    let asked = match kind.as_str() {
                        "Integer" => Expr::call("to_i", vec![answer.clone()]),
                        _ => answer.clone(),
                    };
                    right.push(asked.binary("in", self.expression(value)?));
                }
                ("confirm=", [_]) => {
                    let sure = Expr::call("ask", vec![Expr::text("Are you sure?"), Expr::text("no")]);
                    right.push(Expr::call("matches", vec![sure, Expr::text("(?i)^y")]));
                }
                ("[]=", [key, text]) => {
                    if literal(key).as_deref() == Some("not_valid") {
                        message = self.expression(text)?;
                    }
                }
                ("overwrite=" | "character=" | "readline=" | "whitespace=" | "limit=", [_]) => {}
                _ => return self.refuse(Kind::Code, format!("`{}` of a question", first_line(&node))),
            }
        }
        let integer = Expr::text("^\\s*-?\\d+\\s*$");
        let function = match kind.as_str() {
            "" | "String" | "Symbol" | "nil" => None,
            "Integer" => {
                right.insert(0, Expr::call("matches", vec![answer.clone(), integer]));
                Some(Expr::name("to_i"))
            }
            "Float" => Some(Expr::name("ruby_float")),
            _ => match given.get(1).map(|kind| self.expression(kind)).transpose()? {
                Some(closure @ Expr::Closure(..)) => Some(closure),
                _ => return self.refuse(Kind::Code, format!("a question with `{kind}`")),
            },
        };
        let word = if hidden { "password_prompt" } else { "ask" };
        let has_default = default.is_some();
        values.extend(default.clone().filter(|_| !hidden));
        let mut asked = Expr::call(word, values);
        if hidden && has_default {
            asked = Expr::call("ruby_filled_in", vec![asked, default.unwrap_or(Expr::Unit)]);
        }
        if let Some(case) = case {
            asked = asked.method(case, Vec::new());
        }
        if let Some(right) = right.into_iter().reduce(|all, more| all.binary("&&", more)) {
            let question = Expr::Closure(Vec::new(), Block::giving(asked));
            asked = Expr::call(
                "ruby_asked",
                vec![question, Expr::function_of("answer", right), message],
            );
        }
        Ok(match function {
            Some(Expr::Name(name)) => Expr::call(&name, vec![asked]),
            Some(closure) => closure.method("call", vec![asked]),
            None => asked,
        })
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

/// Returns words without the colours of HighLine: `<%= color("words", :red) %>`.
fn without_colours(text: &str) -> String {
    let (mut written, mut rest) = (String::new(), text);
    while let Some((before, behind)) = rest.split_once("<%= color(") {
        let found = behind.split_once("%>").and_then(|(call, after)| {
            let mark = call.chars().next().filter(|mark| matches!(mark, '"' | '\''))?;
            let (words, _) = call.get(1..)?.split_once(mark)?;
            Some((words, after))
        });
        let Some((words, after)) = found else { break };
        written.push_str(before);
        written.push_str(words);
        rest = after;
    }
    written + rest
}

/// Returns true for code that gives the terminal of HighLine: `HighLine.new`, `@ui ||= Capistrano::CLI.ui`.
pub(in crate::port) fn gives_people(code: &str) -> bool {
    let value = code.rsplit('=').next().unwrap_or(code).trim();
    matches!(
        value,
        "Capistrano::CLI.ui" | "::Capistrano::CLI.ui" | "CLI.ui" | "HighLine.new"
    )
}

fn first_line(node: &Node<'_>) -> String {
    let code = source(node);
    super::printable(code.lines().next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::super::super::construct_tests::carried;

    #[test]
    fn what_highline_asks_until_it_is_right_is_asked_by_a_function() {
        carried(
            "task :t do\n  ui = HighLine.new\n  a = ui.ask('n') { |q| q.validate = /^\\w+$/; q.case = :down; q.default = 'x' }\n  \
             b = ui.ask('n', Integer) { |q| q.in = 1..9 }\n  c = ui.ask('n') { |q| q.echo = '*'; q.default = 'd' }\n  \
             d = Capistrano::CLI.password_prompt('p') { |q| q.default = 'x' }\n  \
             e = ui.ask('n') { |q| q.validate = lambda { |t| t.size > 3 }; q.responses[:not_valid] = 'no' }\n  \
             exit unless HighLine.agree('go?')\n  puts a, b, c, d, e\nend\n",
            &[
                "|| ask(\"n\", \"x\").to_lower(),\n    |answer| matches(answer, ",
                "\"Your answer isn't valid (must match /^\\\\w+$/).\"",
                "let b = to_i(ruby_asked(\n    || ask(\"n\"),\n    |answer| matches(answer,",
                "&& to_i(answer) in 1..=9,",
                "let c = ruby_filled_in(password_prompt(\"n\"), \"d\");",
                "let d = password_prompt(\"p\");",
                "ruby_asked(|| ask(\"n\"), |answer| ruby_is_true((|t| t.len() > 3).call(answer)), \"no\")",
                "if !matches(ask(\"go?\", \"no\"), \"(?i)^y\")",
                "fn ruby_asked(",
            ],
        );
    }

    #[test]
    fn a_function_may_give_the_terminal_and_words_lose_their_colours() {
        carried(
            "require 'highline/import'\ndef ui\n  @ui ||= HighLine.new\nend\ntask :t do\n  puts ui.ask('n') { |q| q.default = 'x' }\n  \
             ui.say \"<%= color('a', :red) %> b\"\n  say 'c'\nend\n",
            &["puts ask(\"n\", \"x\");", "puts \"a b\";", "puts \"c\";"],
        );
    }

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
