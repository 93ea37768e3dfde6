//! Parses one line of an ssh configuration.

use std::sync::Arc;

use super::keyword::{Keyword, KeywordTakes};
use super::{Place, Trouble, words};

#[derive(Clone, Debug)]
pub(super) struct ConfigLine {
    pub(super) place: Place,
    pub(super) statement: ConfigStatement,
}

#[derive(Clone, Debug)]
pub(super) enum ConfigStatement {
    /// The following lines are for hosts that match these patterns.
    Host(Vec<String>),
    /// The following lines apply where all of these criteria match.
    Match(Vec<Criterion>),
    /// A keyword with its values as they are written; they may contain tokens.
    Set(Keyword, Vec<String>),
    /// An unknown keyword, in lower case.
    Unknown(String),
    /// Included files, already read.
    Include(Vec<Arc<[ConfigLine]>>),
}

#[derive(Clone, Debug)]
pub(super) struct Criterion {
    pub(super) negated: bool,
    pub(super) kind: CriterionKind,
}

impl ConfigStatement {
    /// Returns true if the statement asks for a second reading.
    pub(super) fn wants_final(&self) -> bool {
        match self {
            Self::Match(criteria) => criteria
                .iter()
                .any(|criterion| matches!(criterion.kind, CriterionKind::Final { asked_for: true })),
            Self::Include(files) => files
                .iter()
                .flat_map(|file| file.iter())
                .any(|line| line.statement.wants_final()),
            _ => false,
        }
    }
}

/// The kind of a criterion; the strings are lists of patterns.
#[derive(Clone, Debug)]
pub(super) enum CriterionKind {
    All,
    Host(String),
    OriginalHost(String),
    User(String),
    LocalUser(String),
    /// Matches in the second reading. `final` asks for one, `canonical` does not.
    Final {
        asked_for: bool,
    },
    /// A criterion that only ssh can evaluate.
    Foreign(String),
}

/// A parsed line, as far as that is possible without reading other files.
pub(super) enum Parsed {
    /// The line is a comment, or has no effect here.
    Nothing,
    Statement(ConfigStatement),
    /// Patterns of file names.
    Include(Vec<String>),
}

pub(super) fn parse(text: &str, place: &Place) -> Result<Parsed, Trouble> {
    let text = text
        .trim_start_matches([' ', '\t'])
        .trim_end_matches([' ', '\t', '\r', '\n', '\x0c']);
    if text.is_empty() || text.starts_with('#') {
        return Ok(Parsed::Nothing);
    }
    let unclosed = || Trouble::at(place, "a quote is not closed");
    let (keyword, rest) = words::first(text).ok_or_else(unclosed)?;
    let name = keyword.to_ascii_lowercase();
    let takes = match name.as_str() {
        "match" => return Ok(Parsed::Statement(ConfigStatement::Match(criteria(rest, place)?))),
        "host" | "include" => None,
        name => match Keyword::named(name) {
            Some((keyword, KeywordTakes::Line)) => {
                let line = rest.trim_start_matches([' ', '\t', '=']).to_owned();
                return Ok(Parsed::Statement(ConfigStatement::Set(keyword, vec![line])));
            }
            Some(takes) => Some(takes),
            None if Keyword::is_passed_over(name) => return Ok(Parsed::Nothing),
            None => return Ok(Parsed::Statement(ConfigStatement::Unknown(name.to_owned()))),
        },
    };
    let arguments = Arguments {
        keyword: &keyword,
        place,
        words: words::all(rest).ok_or_else(unclosed)?,
    };
    arguments.require()?;
    Ok(match takes {
        None if name == "host" => Parsed::Statement(ConfigStatement::Host(arguments.words)),
        None => Parsed::Include(arguments.words),
        // `none` sets nothing: a later line may still set a value.
        Some((_, KeywordTakes::Time)) if arguments.one()? == "none" => Parsed::Nothing,
        Some((keyword, takes)) => {
            arguments.check(takes)?;
            Parsed::Statement(ConfigStatement::Set(keyword, arguments.words))
        }
    })
}

struct Arguments<'a> {
    keyword: &'a str,
    place: &'a Place,
    words: Vec<String>,
}

impl Arguments<'_> {
    fn trouble(&self, text: impl std::fmt::Display) -> Trouble {
        Trouble::at(self.place, format!("{} {text}", self.keyword))
    }

    fn require(&self) -> Result<(), Trouble> {
        match self.words.first() {
            None => Err(self.trouble("needs an argument")),
            Some(_) if self.words.iter().any(String::is_empty) => Err(self.trouble("has an empty argument")),
            Some(_) => Ok(()),
        }
    }

    fn one(&self) -> Result<&str, Trouble> {
        match self.words.as_slice() {
            [word] => Ok(word),
            _ => Err(self.trouble("takes one argument")),
        }
    }

    fn check(&self, takes: KeywordTakes) -> Result<(), Trouble> {
        let expected = match takes {
            KeywordTakes::Text | KeywordTakes::Line => return self.one().map(drop),
            KeywordTakes::Files => {
                let none = |word: &String| word.eq_ignore_ascii_case("none");
                return match self.words.as_slice() {
                    [_] => Ok(()),
                    words if words.iter().any(none) => Err(self.trouble("takes `none' alone")),
                    _ => Ok(()),
                };
            }
            KeywordTakes::Flag if flag(self.one()?).is_none() => "yes or no".to_owned(),
            KeywordTakes::Time if seconds(self.one()?).is_none() => "a time".to_owned(),
            KeywordTakes::Number(least, most)
                if !(self.one()?.parse().is_ok_and(|it| (least..=most).contains(&it))) =>
            {
                if most == i32::MAX.cast_unsigned() {
                    format!("a number from {least} on")
                } else {
                    format!("a number from {least} to {most}")
                }
            }
            KeywordTakes::OneOf(words) if !words.contains(&self.one()?.to_ascii_lowercase().as_str()) => {
                let shown = words.iter().filter(|word| !["true", "false"].contains(word));
                shown.copied().collect::<Vec<_>>().join(", ")
            }
            _ => return Ok(()),
        };
        Err(self.trouble(format_args!("is {expected}, not `{}'", self.words.join(" "))))
    }
}

pub(super) fn flag(word: &str) -> Option<bool> {
    match word.to_ascii_lowercase().as_str() {
        "yes" | "true" => Some(true),
        "no" | "false" => Some(false),
        _ => None,
    }
}

/// Parses a time into seconds: `90`, `1m30s`, `1h`.
pub(super) fn seconds(text: &str) -> Option<u64> {
    let mut total: u64 = 0;
    let mut rest = text;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (number, after) = rest.split_at_checked(digits)?;
        let mut units = after.chars();
        let factor = match units.next() {
            None | Some('s' | 'S') => 1,
            Some('m' | 'M') => 60,
            Some('h' | 'H') => 3600,
            Some('d' | 'D') => 86_400,
            Some('w' | 'W') => 604_800,
            Some(_) => return None,
        };
        rest = units.as_str();
        total = total.checked_add(number.parse::<u64>().ok()?.checked_mul(factor)?)?;
    }
    // ssh keeps the number in an int.
    i32::try_from(total).ok().map(|_| total)
}

fn criteria(text: &str, place: &Place) -> Result<Vec<Criterion>, Trouble> {
    let unclosed = || Trouble::at(place, "a quote is not closed");
    let mut criteria: Vec<Criterion> = Vec::new();
    let mut rest = text;
    while !rest.is_empty() && !rest.starts_with('#') {
        let (word, after) = words::first(rest).ok_or_else(unclosed)?;
        rest = after;
        let (negated, word) = match word.strip_prefix('!') {
            Some(word) => (true, word),
            None => (false, word.as_str()),
        };
        let name = word.to_ascii_lowercase();
        let kind = match name.as_str() {
            "all" => {
                if !(rest.is_empty() || rest.starts_with('#')) {
                    return Err(Trouble::at(place, "nothing can follow Match all"));
                }
                CriterionKind::All
            }
            "canonical" | "final" => CriterionKind::Final {
                asked_for: name == "final",
            },
            "host" | "originalhost" | "user" | "localuser" | "exec" | "tagged" | "localnetwork" | "version"
            | "sessiontype" | "command" => {
                let (argument, after) = words::first(rest).ok_or_else(unclosed)?;
                if argument.is_empty() || argument.starts_with('#') {
                    return Err(Trouble::at(place, format!("Match {word} needs an argument")));
                }
                rest = after;
                match name.as_str() {
                    "host" => CriterionKind::Host(argument),
                    "originalhost" => CriterionKind::OriginalHost(argument),
                    "user" => CriterionKind::User(argument),
                    "localuser" => CriterionKind::LocalUser(argument),
                    _ => CriterionKind::Foreign(name),
                }
            }
            _ => return Err(Trouble::at(place, format!("Match does not know `{word}'"))),
        };
        criteria.push(Criterion { negated, kind });
    }
    if criteria.is_empty() {
        return Err(Trouble::at(place, "Match needs a criterion"));
    }
    Ok(criteria)
}
