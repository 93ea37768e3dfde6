//! As much of a TextMate grammar's reader as the grammar needs: match, begin and end, include, captures.

use std::collections::HashMap;

use fancy_regex::Regex;
use serde_json::Value;

/// A piece of text and its innermost scope.
#[derive(Clone, Debug)]
pub struct Token {
    pub text: String,
    pub scope: String,
}

#[derive(Debug)]
pub struct Grammar {
    root: Value,
    /// Each compiled once; one that does not compile ends the test.
    patterns: HashMap<String, Regex>,
}

impl Grammar {
    pub fn new(text: &str) -> Self {
        let root: Value = serde_json::from_str(text).unwrap();
        let mut patterns = HashMap::new();
        compile(&root["patterns"], &mut patterns);
        for rule in root["repository"].as_object().unwrap().values() {
            compile(rule, &mut patterns);
        }
        Self { root, patterns }
    }

    /// The tokens of a text, and the scopes that are open at its end.
    pub fn tokens(&self, text: &str) -> (Vec<Token>, Vec<String>) {
        let mut tokens = Vec::new();
        let all = &self.root["repository"]["all"];
        let mut open: Vec<&Value> = vec![all];
        for line in text.lines() {
            let mut at = 0;
            loop {
                let rule = *open.last().unwrap();
                let end = rule["end"].as_str().and_then(|end| self.find(end, line, at));
                let inner = self.first(rule, line, at);
                let is_end = match (&end, &inner) {
                    (Some(end), Some((start, ..))) => end.0 <= *start,
                    (end, _) => end.is_some(),
                };
                if is_end {
                    let (start, stop) = end.unwrap();
                    // The quotes around a text are not told.
                    push(&mut tokens, &line[at..start], rule);
                    open.pop();
                    at = stop;
                } else if let Some((start, stop, found)) = inner {
                    push(&mut tokens, &line[at..start], rule);
                    if found["begin"].is_string() {
                        open.push(found);
                    } else {
                        self.push_match(&mut tokens, line, (start, stop), found);
                    }
                    at = stop;
                } else {
                    push(&mut tokens, &line[at..], rule);
                    break;
                }
            }
        }
        let open = open.iter().skip(1).map(|rule| rule["name"].to_string()).collect();
        (tokens, open)
    }

    fn find(&self, pattern: &str, line: &str, at: usize) -> Option<(usize, usize)> {
        let found = self.patterns[pattern].find_from_pos(line, at).unwrap()?;
        Some((found.start(), found.end()))
    }

    /// The rule inside that matches first; of several at one place the first that is named.
    fn first<'a>(&'a self, rule: &'a Value, line: &str, at: usize) -> Option<(usize, usize, &'a Value)> {
        let mut best: Option<(usize, usize, &Value)> = None;
        for inner in rule["patterns"].as_array().into_iter().flatten() {
            let inner = match inner["include"].as_str() {
                Some(name) => &self.root["repository"][name.trim_start_matches('#')],
                None => inner,
            };
            let pattern = inner["match"].as_str().or(inner["begin"].as_str());
            let found = match pattern {
                Some(pattern) => self.find(pattern, line, at).map(|(start, stop)| (start, stop, inner)),
                None => self.first(inner, line, at),
            };
            if let Some(found) = found
                && best.is_none_or(|best| found.0 < best.0)
            {
                best = Some(found);
            }
        }
        best
    }

    fn push_match(&self, tokens: &mut Vec<Token>, line: &str, (start, stop): (usize, usize), rule: &Value) {
        let Some(captures) = rule["captures"].as_object() else {
            return push(tokens, &line[start..stop], rule);
        };
        let found = self.patterns[rule["match"].as_str().unwrap()].captures_from_pos(line, start);
        let found = found.unwrap().unwrap();
        for (number, scope) in captures {
            let text = found.get(number.parse().unwrap()).unwrap().as_str();
            push(tokens, text, scope);
        }
    }
}

fn compile(rule: &Value, patterns: &mut HashMap<String, Regex>) {
    match rule {
        Value::Array(rules) => rules.iter().for_each(|rule| compile(rule, patterns)),
        Value::Object(members) => {
            for (name, value) in members {
                match value.as_str() {
                    Some(pattern) if ["match", "begin", "end"].contains(&name.as_str()) => {
                        let compiled = Regex::new(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
                        patterns.insert(pattern.to_owned(), compiled);
                    }
                    _ => compile(value, patterns),
                }
            }
        }
        _ => {}
    }
}

fn push(tokens: &mut Vec<Token>, text: &str, rule: &Value) {
    if let Some(scope) = rule["name"].as_str().filter(|_| !text.is_empty()) {
        tokens.push(Token {
            text: text.to_owned(),
            scope: scope.to_owned(),
        });
    }
}
