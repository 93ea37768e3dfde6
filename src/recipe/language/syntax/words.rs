//! Sorts words out before Rhai parses them.
//!
//! Five kinds need it: a verb (`role :app, …`) is told apart from a property, map key or name that is spelled like it
//! (`server.role`), the colon of a symbol (`:app`) from that of a map key, a name that is a whole statement (`deploy;`)
//! from one that goes on (`deploy.restart`), the parameter of a block, which a closure around the block would take for a
//! name outside of it, and the assignment to a variable of the recipe, which is an error.

use std::collections::VecDeque;

use rhai::{LexError, Position, Token};

use super::lines::Lines;
use super::locals::{Kind, Locals};
use super::named::Names;
use super::numbers::{Numbers, is_whole, malformed};

/// The token that stands for the colon of a symbol.
pub(in crate::recipe) const SYMBOL: &str = ":";

const VERB: &str = "verb ";
const STATEMENT: &str = "call ";
pub(super) const PARAMETER: &str = "parameter ";

/// The key under which a verb's syntax is registered: no identifier of a recipe can be equal to it.
pub(in crate::recipe) fn verb_key(verb: &str) -> String {
    format!("{VERB}{verb}")
}

/// The verb behind a key.
pub(in crate::recipe) fn verb_of(key: &str) -> Option<&str> {
    key.strip_prefix(VERB)
}

/// The name behind a word that is a whole statement.
pub(in crate::recipe) fn statement_name(word: &str) -> Option<&str> {
    word.strip_prefix(STATEMENT)
}

/// A verb or name as the recipe has it.
pub(in crate::recipe) fn as_written(word: &str) -> &str {
    verb_of(word).or(statement_name(word)).unwrap_or(word)
}

/// Whether a word is a parameter of a block, and never a name of the recipe.
pub(in crate::recipe) fn is_parameter(word: &str) -> bool {
    word.starts_with(PARAMETER)
}

/// A message of Rhai in which words are as the recipe has them.
pub(super) fn plain_words(message: &str) -> String {
    let mut message = message.to_owned();
    for prefix in [VERB, STATEMENT, PARAMETER] {
        for quote in ['\'', '`'] {
            message = message.replace(&format!("{quote}{prefix}"), &quote.to_string());
        }
    }
    message
}

/// A name in a text that looks as if its value was to be filled in, and will not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::recipe) struct Unfilled {
    /// Ruby's `#`, or `$` in double quotes.
    pub(in crate::recipe) sign: char,
    pub(in crate::recipe) name: String,
    pub(in crate::recipe) position: Position,
}

/// What the mapper remembers of the text that is being parsed.
pub(in crate::recipe) struct Words {
    is_verb: fn(&str) -> bool,
    lines: Lines,
    previous: Option<Token>,
    /// For each open bracket, whether it is that of a map literal.
    brackets: Vec<bool>,
    locals: Locals,
    /// Parameters that were declared for the block that comes next.
    parameters: Vec<(String, Kind)>,
    in_parameters: bool,
    kind: Kind,
    /// Whether the parameters are those of a closure or of an output block.
    are_closures: bool,
    /// Positions of verbs that the grammar has not begun with.
    verbs: VecDeque<Position>,
    unfilled: Vec<Unfilled>,
    names: Names,
    numbers: Numbers,
}

impl Words {
    pub(in crate::recipe) fn new(is_verb: fn(&str) -> bool) -> Self {
        Self {
            is_verb,
            lines: Lines::default(),
            previous: None,
            brackets: Vec::new(),
            locals: Locals::default(),
            parameters: Vec::new(),
            in_parameters: false,
            kind: Kind::Plain,
            are_closures: false,
            verbs: VecDeque::new(),
            unfilled: Vec::new(),
            names: Names::default(),
            numbers: Numbers::default(),
        }
    }

    /// Begins with a new text.
    pub(in crate::recipe) fn begin(&mut self, text: &str) {
        let numbers = std::mem::take(&mut self.numbers);
        *self = Self::new(self.is_verb);
        self.numbers = numbers;
        self.lines = Lines::new(text);
    }

    /// Where the verb that the grammar begins with now stands, and whether an opening bracket follows it without a blank.
    pub(in crate::recipe) fn next_verb(&mut self) -> (Position, bool) {
        let position = self.verbs.pop_front().unwrap_or(Position::NONE);
        let rest = self.lines.rest(position).unwrap_or("");
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        (position, rest.trim_start_matches(is_word).starts_with('('))
    }

    /// The names in texts that will not be filled in.
    pub(in crate::recipe) fn take_unfilled(&mut self) -> Vec<Unfilled> {
        std::mem::take(&mut self.unfilled)
    }

    /// The bare names of the text.
    pub(in crate::recipe) fn take_names(&mut self) -> Names {
        std::mem::take(&mut self.names)
    }

    /// Maps one token.
    pub(in crate::recipe) fn map(&mut self, token: Token, position: Position) -> Token {
        let were_parameters = self.in_parameters;
        let token = self.named(token);
        self.follow(&token, position);
        self.names.token(&token, self.brackets.len());
        let mapped = match token {
            Token::Identifier(word) => self.word(*word, position),
            // `debug` is a word of Rhai's own.
            Token::Reserved(word) if (self.is_verb)(&word) => self.word(*word, position),
            Token::IntegerConstant(number) => self.numbers.integer(number, self.lines.rest(position).unwrap_or("")),
            Token::FloatConstant(number) if is_whole(&number.1) => malformed(&number.1),
            Token::Colon if !self.is_map_colon() => Token::Custom(Box::new(SYMBOL.into())),
            // Behind a value Rhai would take it for the operator.
            Token::Pipe if self.in_parameters && !were_parameters && self.is_behind_value() => {
                Token::Identifier(Box::new("|".into()))
            }
            Token::StringConstant(text) => {
                self.note_unfilled(&text, position);
                Token::StringConstant(text)
            }
            Token::InterpolatedString(text) => {
                self.note_unfilled(&text, position);
                Token::InterpolatedString(text)
            }
            token => token,
        };
        self.previous = Some(mapped.clone());
        mapped
    }

    /// Behind the colon of a symbol any word or text is a name, and many are behind a period: `session.else(command)`,
    /// `deploy.default`.
    fn named(&self, token: Token) -> Token {
        let is_symbol = matches!(&self.previous, Some(Token::Custom(colon)) if colon.as_str() == SYMBOL);
        let is_member = self.previous == Some(Token::Period);
        match token {
            Token::StringConstant(text) if is_symbol => Token::Identifier(Box::new(*text)),
            Token::Reserved(word) if is_symbol && word.starts_with(char::is_alphabetic) => Token::Identifier(word),
            // What a task may be called; `new`, `nil` and `each` are Ruby's.
            Token::Reserved(word)
                if is_member
                    && matches!(
                        word.as_str(),
                        "default"
                            | "go"
                            | "match"
                            | "package"
                            | "public"
                            | "shared"
                            | "spawn"
                            | "static"
                            | "sync"
                            | "use"
                    ) =>
            {
                Token::Identifier(word)
            }
            token
                if is_symbol && token.is_standard_keyword()
                    || is_member
                        && matches!(
                            token,
                            Token::Else | Token::Export | Token::Import | Token::Private | Token::Switch
                        ) =>
            {
                Token::Identifier(Box::new(token.to_string().into()))
            }
            token => token,
        }
    }

    fn follow(&mut self, token: &Token, position: Position) {
        match token {
            Token::MapStart => self.brackets.push(true),
            Token::LeftBrace => {
                // A closure whose body is no block: its parameters live on until the bracket around it is closed.
                let is_body = !self.are_closures || matches!(self.previous, Some(Token::Pipe));
                let depth = self.brackets.len() + usize::from(is_body);
                self.brackets.push(false);
                for (name, kind) in self.parameters.drain(..) {
                    self.locals.declare(name, depth, kind);
                }
            }
            Token::LeftParen | Token::LeftBracket | Token::QuestionBracket => self.brackets.push(false),
            Token::RightBrace | Token::RightParen | Token::RightBracket => {
                self.brackets.pop();
                self.locals.leave(self.brackets.len());
            }
            Token::SemiColon => self.parameters.clear(),
            _ => {}
        }
        match token {
            // `catch (error)` and `for (item, counter) in …` declare behind a bracket.
            Token::Fn | Token::Catch | Token::For => {
                self.in_parameters = true;
                self.are_closures = false;
                self.kind = Kind::Plain;
            }
            Token::Pipe if self.in_parameters => self.in_parameters = false,
            Token::Pipe => {
                let has_braces = self.begins_parameters(position);
                self.in_parameters = has_braces || !self.is_behind_value();
                self.are_closures = self.in_parameters;
                self.kind = if has_braces { Kind::Parameter } else { Kind::Plain };
            }
            Token::RightParen | Token::SemiColon | Token::LeftBrace | Token::In => self.in_parameters = false,
            _ => {}
        }
    }

    fn local(&self, word: &str) -> Option<Kind> {
        let mut parameters = self.parameters.iter().rev();
        let parameter = parameters.find_map(|(name, kind)| (name == word).then_some(*kind));
        parameter.or_else(|| self.locals.get(word))
    }

    fn is_map_colon(&self) -> bool {
        self.brackets.last() == Some(&true)
            && matches!(
                self.previous,
                Some(Token::Identifier(_) | Token::StringConstant(_) | Token::Reserved(_))
            )
    }

    fn word(&mut self, word: rhai::Identifier, position: Position) -> Token {
        let is_declared = matches!(self.previous, Some(Token::Let | Token::Const));
        if is_declared {
            self.locals.declare(word.to_string(), self.brackets.len(), Kind::Plain);
        } else if self.in_parameters {
            self.parameters.push((word.to_string(), self.kind));
        }
        let local = if is_declared {
            Some(Kind::Plain)
        } else {
            self.local(&word)
        };
        let is_property = matches!(
            self.previous,
            Some(Token::Period | Token::Elvis | Token::DoubleColon | Token::Fn | Token::As)
        );
        let is_key =
            self.brackets.last() == Some(&true) && matches!(self.previous, Some(Token::MapStart | Token::Comma));
        let is_symbol = matches!(&self.previous, Some(Token::Custom(colon)) if colon.as_str() == SYMBOL);
        if matches!(self.previous, Some(Token::Fn)) {
            self.names.function(&word);
        }
        if is_property || is_key || is_symbol {
            self.names.word(&word, is_symbol);
            return Token::Identifier(Box::new(word));
        }
        if let Some(kind) = local {
            self.names.word(&word, is_symbol);
            // A function of that name is another thing.
            let kind = if self.is_function_or_module(&word, position) {
                Kind::Plain
            } else {
                kind
            };
            return kind.token(word);
        }
        if self.begins_statement() && self.is_assigned(&word, position) {
            let message = format!("`{word}' is no local variable and cannot be assigned to");
            return Token::LexError(Box::new(LexError::Runtime(message)));
        }
        if (self.is_verb)(&word) {
            self.verbs.push_back(position);
            self.names.verb(&word);
            return Token::Identifier(Box::new(verb_key(&word).into()));
        }
        if self.is_function_or_module(&word, position) {
            self.names.call(&word, position);
        } else {
            self.names.name(&word, position);
        }
        if self.begins_statement() && self.ends_statement(&word, position) {
            return Token::Identifier(Box::new(format!("{STATEMENT}{word}").into()));
        }
        Token::Identifier(Box::new(word))
    }

    /// Whether a number is written with a zero in front, octal or otherwise, in one of the texts so far.
    pub(in crate::recipe) fn has_octal(&self, number: i64) -> bool {
        self.numbers.has_octal(number)
    }

    fn begins_statement(&self) -> bool {
        matches!(
            self.previous,
            None | Some(Token::SemiColon | Token::LeftBrace | Token::RightBrace)
        )
    }

    /// Whether nothing but the end of a statement follows the word: looked up in the text, which is ahead of the tokens.
    fn ends_statement(&self, word: &str, position: Position) -> bool {
        match self.lines.behind(word, position) {
            Some(text) => text.is_empty() || text.starts_with([';', '}']),
            None => false,
        }
    }

    fn is_function_or_module(&self, word: &str, position: Position) -> bool {
        let behind = self.lines.behind(word, position).unwrap_or("");
        behind.starts_with('(') || behind.starts_with("!(") || behind.starts_with("::")
    }

    /// `word = …`, `word += …`.
    fn is_assigned(&self, word: &str, position: Position) -> bool {
        let Some(text) = self.lines.behind(word, position) else {
            return false;
        };
        let operator = text.trim_start_matches(['+', '-', '*', '/', '%', '&', '|', '^', '<', '>']);
        match operator.strip_prefix('=') {
            Some(rest) if operator.len() == text.len() => !rest.starts_with(['=', '>']),
            // Comparisons: `<=`, `>=`.
            Some(_) => !matches!(text.get(..2), Some("<=" | ">=")),
            None => false,
        }
    }

    /// Whether a value ends here, so that an operator may follow.
    fn is_behind_value(&self) -> bool {
        match &self.previous {
            Some(Token::Identifier(word)) => verb_of(word).is_none(),
            Some(token) => matches!(
                token,
                Token::IntegerConstant(_)
                    | Token::FloatConstant(_)
                    | Token::StringConstant(_)
                    | Token::CharConstant(_)
                    | Token::True
                    | Token::False
                    | Token::Unit
                    | Token::RightParen
                    | Token::RightBracket
                    | Token::RightBrace
            ),
            None => false,
        }
    }

    /// Whether a `|` behind a value is not the operator but begins parameters: `|name, …| {`.
    fn begins_parameters(&self, position: Position) -> bool {
        let mut code = self.lines.code(position, 1);
        let mut names = String::new();
        loop {
            match code.next() {
                Some('|') => break,
                Some(c) if c.is_alphanumeric() || c == '_' || c == ',' || c.is_whitespace() => names.push(c),
                _ => return false,
            }
        }
        let is_name = |name: &str| !name.is_empty() && !name.contains(char::is_whitespace);
        names.split(',').all(|name| is_name(name.trim())) && code.find(|c| !c.is_whitespace()) == Some('{')
    }

    fn note_unfilled(&mut self, text: &str, position: Position) {
        let is_quoted = self.lines.rest(position).is_some_and(|rest| rest.starts_with('"'));
        for sign in ['#', '$'] {
            if sign == '$' && !is_quoted {
                continue;
            }
            let opening = format!("{sign}{{");
            for part in text.split(&opening).skip(1) {
                let Some((name, _)) = part.split_once('}') else {
                    continue;
                };
                let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
                // Ruby fills in any expression; what a shell may mean is a name.
                let is_code = sign == '#' && name.starts_with(char::is_alphabetic) && name.contains(['.', '(', '[']);
                if is_name || is_code {
                    let position = self.inside(position, &format!("{opening}{name}}}"));
                    self.unfilled.push(Unfilled {
                        sign,
                        name: name.to_owned(),
                        position,
                    });
                }
            }
        }
    }

    /// Where a part of the text that begins at `position` stands, if it is on the same line.
    fn inside(&self, position: Position, part: &str) -> Position {
        let before = self
            .lines
            .rest(position)
            .and_then(|rest| Some(rest.split_once(part)?.0));
        let columns = before.and_then(|before| u16::try_from(before.chars().count()).ok());
        let place = (position.line(), position.position(), columns);
        if let (Some(line), Some(column), Some(columns)) = place
            && let (Ok(line), Ok(column)) = (u16::try_from(line), u16::try_from(column))
        {
            return Position::new(line, column.saturating_add(columns));
        }
        position
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use rhai::{Engine, Token};

    use super::{SYMBOL, Words};

    /// The words of a text as Rhai's parser gets them: `!verb`, `;statement`, `:` before a symbol.
    fn mapped(text: &str) -> String {
        let is_verb = |word: &str| ["run", "set", "task", "role", "fetch"].contains(&word);
        let words = Rc::new(RefCell::new(Words::new(is_verb)));
        words.borrow_mut().begin(text);
        let mapper = move |token, position, _: &_| words.borrow_mut().map(token, position);
        let engine = Engine::new();
        let texts = [text];
        let (tokens, _) = engine.lex_with_map(&texts, &mapper);
        let mut shown = Vec::new();
        for (token, _) in tokens {
            match token {
                Token::EOF => break,
                Token::Identifier(word) => {
                    let word = word.replace(super::VERB, "!").replace(super::STATEMENT, ";");
                    shown.push(word.replace(super::PARAMETER, "|"));
                }
                Token::Custom(colon) if colon.as_str() == SYMBOL => shown.push("<:>".to_owned()),
                Token::IntegerConstant(number) => shown.push(number.to_string()),
                Token::Reserved(word) => shown.push(format!("<{word}>")),
                Token::LexError(error) => shown.push(format!("error: {error}")),
                _ => {}
            }
        }
        shown.join(" ")
    }

    #[test]
    fn a_verb_is_a_verb_only_where_it_begins_a_call() {
        for (text, words) in [
            ("run x", "!run x"),
            ("(run(x))", "!run x"),
            ("a.run", "a run"),
            ("a?.run", "a run"),
            ("a::run(1)", "a run 1"),
            ("#{ run: 1, set: set(2) }", "run 1 set !set 2"),
            ("let run = 1; run + run", "run 1 run run"),
            ("{ let run = 1; } run x", "run 1 !run x"),
            ("const set = 1; set", "set 1 set"),
            ("fn run(set) { set + role } role x", "run set set !role !role x"),
            ("|run| run + 1; run x", "run run 1 !run x"),
            ("for run in xs { run } run x", "run xs run !run x"),
            ("for (run, i) in xs { run + i } run x", "run i xs run i !run x"),
            ("try { run x } catch (run) { run } run x", "!run x run run !run x"),
            ("fetch(:run)", "!fetch <:> run"),
        ] {
            assert_eq!(mapped(text), words, "{text}");
        }
    }

    #[test]
    fn a_parameter_of_a_block_is_told_from_all_other_names() {
        for (text, words) in [
            ("|a| { a; a.a; :a; a(); #{ a: a } } a", "|a |a |a a <:> a a a |a ;a"),
            ("|a| { let a = a; a }; a", "|a a a a ;a"),
            ("|a| { |b| a + b }", "|a b |a b"),
            ("|a| f(|b| { a + b }, a)", "a f |b a |b a"),
            ("|a| { |a| { a } a } a", "|a |a |a |a ;a"),
        ] {
            assert_eq!(mapped(text), words, "{text}");
        }
    }

    #[test]
    fn a_colon_is_a_symbols_except_behind_a_maps_key() {
        for (text, words) in [
            (":web", "<:> web"),
            ("run :run, :task", "!run <:> run <:> task"),
            ("#{ a: :b, \"c\": :run }", "a <:> b <:> run"),
            ("#{ a: [:b, #{ c: :d }], run: (:e) }", "a <:> b c <:> d run <:> e"),
            ("a == :b", "a <:> b"),
            ("[:a, :b]", "<:> a <:> b"),
            (":a => :b", "<:> a <:> b"),
            (":for, :default", "<:> for <:> default"),
        ] {
            assert_eq!(mapped(text), words, "{text}");
        }
    }

    #[test]
    fn a_name_that_is_a_whole_statement_is_told_from_one_that_goes_on() {
        for (text, words) in [
            ("deploy;", ";deploy"),
            ("{ deploy }", ";deploy"),
            ("a; deploy", ";a ;deploy"),
            ("deploy // why\n ;", ";deploy"),
            ("deploy /* why */ ;", ";deploy"),
            ("deploy.web;", "deploy web"),
            ("deploy + 1;", "deploy 1"),
            ("deploy == 1;", "deploy 1"),
            ("let a = deploy;", "a deploy"),
            ("let deploy = 1; deploy;", "deploy 1 deploy"),
        ] {
            assert_eq!(mapped(text), words, "{text}");
        }
    }

    #[test]
    fn an_assignment_to_what_is_no_local_is_an_error() {
        let error = "error: `a' is no local variable and cannot be assigned to";
        for text in [
            "a = 1;",
            "a += 1;",
            "{ a -= 1; }",
            "a <<= 1;",
            "b; a = 1;",
            "{ let a = 1; } a = 1;",
        ] {
            assert!(mapped(text).contains(error), "{text}: {}", mapped(text));
        }
        for text in [
            "a == 1;",
            "a <= 1;",
            "a >= 1;",
            "a => 1;",
            "a.b = 1;",
            "a[1] = 2;",
            "let a = 1; a = 2;",
        ] {
            assert!(!mapped(text).contains("error"), "{text}: {}", mapped(text));
        }
    }

    #[test]
    fn a_number_is_octal_with_a_zero_in_front_and_an_error_where_it_does_not_fit() {
        assert_eq!(mapped("0644; \"é\"; 0755; let a = -010"), "420 493 a -8");
        for text in [
            "08",
            "-9223372036854775809",
            "99999999999999999999",
            "0xffffffffffffffff",
        ] {
            assert!(mapped(text).starts_with("error"), "{text}: {}", mapped(text));
        }
    }

    #[test]
    fn a_bar_begins_parameters_before_a_block_and_is_the_operator_between_values() {
        assert_eq!(mapped("a | run(1)"), "a !run 1");
        assert_eq!(mapped("run(1) |run, x| { run } run 2"), "!run 1 | |run |x |run !run 2");
        assert_eq!(mapped("run \"x\", |run| { run }"), "!run |run |run");
        for word in ["continue", "for", "catch", "true", "default", "run"] {
            let seen = mapped(&format!("run :{word} |x| {{ x }} x;"));
            assert_eq!(seen, format!("!run <:> {word} | |x |x ;x"));
        }
        assert_eq!(
            mapped("run(1) | run, // a\n x |\n /* b */ { run }"),
            "!run 1 | |run |x |run"
        );
    }
}
