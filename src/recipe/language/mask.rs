//! Hides secrets in a line of a recipe that an error shows.

use super::secret_name::{begins_secret, names_secret};

/// Returns the line with its secrets replaced character by character: in a statement that names a secret, the strings after the
/// name. Names that are only mentioned (`${db_password}`) stay. `before` is the source in front of the line.
pub(in crate::recipe) fn masked(before: &str, line: &str) -> String {
    if !names_secret(line) && !names_secret(statement(before)) {
        return line.to_owned();
    }
    // A quote that is missing further up makes strings of code and code of strings. So the line is read alone and as a
    // continuation of `before`, and everything that either reading finds is hidden.
    let mut alone = Mask::default();
    let alone = alone.read(line);
    let mut within = Mask::default();
    within.read(before);
    let within = within.read(line);
    let chars = line.chars().zip(alone.into_iter().zip(within));
    chars
        .map(|(c, (alone, within))| if alone || within { '*' } else { c })
        .collect()
}

/// Returns the part of a statement that begins before the line and may continue in it.
fn statement(before: &str) -> &str {
    before.rsplit(';').next().unwrap_or_default()
}

/// Reads code and strings, and decides for each character if it has to be hidden.
#[derive(Default)]
struct Mask {
    /// The string that is being read, and the interpolations around it; each with true if a secret was named before it.
    inside: Vec<(Kind, bool)>,
    is_named: bool,
    /// The word that is being read.
    word: String,
    /// The place of the last string.
    last: Option<(usize, usize)>,
    /// True if the last string may be the value of a name that follows: after `==`, in a condition, or as a symbol.
    compares: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text(char),
    Interpolation,
    /// Braces inside an interpolation.
    Braces,
}

impl Mask {
    fn read(&mut self, text: &str) -> Vec<bool> {
        let mut hidden = Vec::with_capacity(text.len());
        let mut chars = text.chars().peekable();
        let mut begun = 0;
        self.last = None;
        while let Some(c) = chars.next() {
            let at = hidden.len();
            match self.inside.last().copied() {
                Some((Kind::Text(quote), _)) if c == quote => {
                    self.leave();
                    self.last = Some((begun, at));
                    self.compares = false;
                    hidden.push(false);
                }
                Some((Kind::Text('`'), _)) if c == '$' && chars.peek() == Some(&'{') => {
                    chars.next();
                    self.enter(Kind::Interpolation);
                    self.is_named = false;
                    hidden.extend([false, false]);
                }
                Some((Kind::Text(quote), _)) => {
                    hidden.push(self.is_named);
                    if c == '\\' && quote != '`' && chars.next().is_some() {
                        hidden.push(self.is_named);
                    }
                    self.note(c);
                }
                _ => {
                    hidden.push(false);
                    match c {
                        '"' | '\'' | '`' => {
                            begun = at + 1;
                            self.enter(Kind::Text(c));
                        }
                        '/' if chars.peek() == Some(&'/') => {
                            let rest = chars.by_ref().take_while(|c| *c != '\n').count();
                            hidden.resize((at + 1 + rest + 1).min(text.chars().count()), false);
                            self.word.clear();
                        }
                        '{' if !self.inside.is_empty() => self.enter(Kind::Braces),
                        '}' if !self.inside.is_empty() => self.leave(),
                        ';' => {
                            self.is_named = false;
                            self.last = None;
                            self.word.clear();
                        }
                        // A symbol may be the name whose value is the string before it.
                        ':' => self.compares = true,
                        '=' => self.compares |= self.word.ends_with(['=', '!']),
                        _ => {}
                    }
                    let was_named = self.is_named;
                    self.note(c);
                    if let (true, false, true, Some((from, to))) = (self.is_named, was_named, self.compares, self.last)
                        && let Some(text) = hidden.get_mut(from..to)
                    {
                        text.fill(true);
                    }
                }
            }
        }
        hidden
    }

    fn enter(&mut self, kind: Kind) {
        self.inside.push((kind, self.is_named));
        self.word.clear();
    }

    fn leave(&mut self) {
        if let Some((kind, was_named)) = self.inside.pop() {
            // A string that names a secret is usually its key; an interpolation only mentions a name.
            match kind {
                Kind::Text(_) | Kind::Braces => {}
                Kind::Interpolation => self.is_named = was_named,
            }
        }
        self.word.clear();
    }

    fn note(&mut self, c: char) {
        self.word.extend(c.to_lowercase());
        // A name that is not complete yet may become another: `db_pass`, `db_passenger`.
        self.is_named |= match c.is_alphanumeric() || c == '_' || c == '-' {
            true => begins_secret(&self.word),
            false => names_secret(&self.word),
        };
        if !c.is_alphanumeric() && c != '_' && c != '=' && c != '!' {
            // A condition after a statement, as in Ruby, is an error whose line is shown.
            self.compares |= self.word.starts_with("if") || self.word.starts_with("unless");
            self.word.clear();
        }
    }
}

/// Returns the line with all its strings replaced by stars, character by character.
pub(in crate::recipe) fn starred(line: &str) -> String {
    let mut quote = None;
    line.chars()
        .map(|c| match (quote, c) {
            (None, '"' | '\'' | '`') => {
                quote = Some(c);
                c
            }
            (Some(open), c) if open == c => {
                quote = None;
                c
            }
            (Some(_), _) => '*',
            (None, c) => c,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn a_secret_is_hidden_and_what_only_mentions_it_is_shown() {
        for (line, shown) in [
            // The string after the name of a secret is hidden.
            (r#"set :db_password, "hunter2";"#, r#"set :db_password, "*******";"#),
            (r#"set :db_pass, "hunter2";"#, r#"set :db_pass, "*******";"#),
            (
                r#"set :passenger_dir, "x" if api_key"#,
                r#"set :passenger_dir, "x" if api_key"#,
            ),
            (
                r#"let t = #{ passwd: "hunter2", apiKey: "hunter3" };"#,
                r#"let t = #{ passwd: "*******", apiKey: "*******" };"#,
            ),
            (r#"run "passwd", |channel|, "x""#, r#"run "passwd", |channel|, "x""#),
            (
                r#"set("password", 'hunter2') oops"#,
                r#"set("password", '*******') oops"#,
            ),
            (
                r#"ssh_options["password"] = "hunter2";"#,
                r#"ssh_options["password"] = "*******";"#,
            ),
            (
                r#"let t = #{ user: "bob", token: "a\"b", };"#,
                r#"let t = #{ user: "bob", token: "****", };"#,
            ),
            (
                r#"run "mysql --password=hunter2 db", x"#,
                r#"run "mysql --password***********", x"#,
            ),
            (
                r#"if "hunter2" == password { no }"#,
                r#"if "*******" == password { no }"#,
            ),
            (
                r#"if password != "hunter2" { no }"#,
                r#"if password != "*******" { no }"#,
            ),
            (
                "run `x ${fetch(:password, \"hunter2\")} y`",
                "run `x ${fetch(:password, \"*******\")} y`",
            ),
            // A line that only mentions a secret is shown.
            (
                "run `echo ${db_password} ${nope} > /tmp/x`;",
                "run `echo ${db_password} ${nope} > /tmp/x`;",
            ),
            (
                "run `a ${ if b { db_password } else { \"c\" } } d`",
                "run `a ${ if b { db_password } else { \"*\" } } d`",
            ),
            (
                r#"puts "it is" + password; run "ls" nope"#,
                r#"puts "it is" + password; run "ls" nope"#,
            ),
            (
                r#"set :password, "x"; run "ls", nope"#,
                r#"set :password, "*"; run "ls", nope"#,
            ),
            (
                r#"login "bob", password, nope // it's here"#,
                r#"login "bob", password, nope // it's here"#,
            ),
            (r#"run "ls" nope"#, r#"run "ls" nope"#),
        ] {
            assert_eq!(masked("", line), shown);
        }
    }

    #[test]
    fn a_text_of_several_lines_is_hidden_and_a_missing_quote_above_shows_nothing() {
        assert_eq!(
            masked("run `\n  mysql -u bob --password=", "hunter2 db`"),
            "**********`"
        );
        assert_eq!(masked("set :password,\n", "  \"hunter2\" oops"), "  \"*******\" oops");
        let line = r#"set :password, "hunter2";"#;
        assert_eq!(masked("puts \"never closed;\n", line).matches("hunter2").count(), 0);
        assert_eq!(masked("puts 'x';\n", line), r#"set :password, "*******";"#);
    }
}
