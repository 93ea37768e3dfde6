//! Finds the lines of the files that apply to a server, and the values that they set.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::keyword::Keyword;
use super::statement::{ConfigLine, ConfigStatement, Criterion, CriterionKind, flag, seconds};
use super::{Place, SshConfig, Trouble, tokens};
use crate::session::ssh::pattern::{Listed, listed};

/// The reason why the files cannot be evaluated here.
pub(super) enum SearchStop {
    Trouble(Trouble),
    /// Only ssh itself can evaluate this.
    Foreign {
        place: Place,
        what: String,
    },
}

impl From<Trouble> for SearchStop {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

/// The values that were found, in their order, and their places.
#[derive(Default)]
pub(super) struct FoundValues(HashMap<Keyword, Vec<(Vec<String>, Place)>>);

impl FoundValues {
    fn take(&mut self, keyword: Keyword, words: &[String], place: &Place) {
        // The first of the two keywords wins, except that `ProxyJump none` leaves room for a command.
        match keyword {
            Keyword::ProxyJump if self.0.contains_key(&Keyword::ProxyCommand) => return,
            Keyword::ProxyCommand if self.text(Keyword::ProxyJump).is_some_and(|(jump, _)| !is_none(jump)) => return,
            _ => {}
        }
        let values = self.0.entry(keyword).or_default();
        if values.is_empty() || keyword.adds() {
            values.push((words.to_vec(), place.clone()));
        }
    }

    /// Returns the words of the first line with this keyword.
    pub(super) fn words(&self, keyword: Keyword) -> Option<(&[String], &Place)> {
        let (words, place) = self.0.get(&keyword)?.first()?;
        Some((words, place))
    }

    /// Returns all values of a keyword that can be repeated.
    pub(super) fn texts(&self, keyword: Keyword) -> impl Iterator<Item = (&str, &Place)> {
        let values = self.0.get(&keyword).into_iter().flatten();
        values.filter_map(|(words, place)| Some((words.first()?.as_str(), place)))
    }

    pub(super) fn text(&self, keyword: Keyword) -> Option<(&str, &Place)> {
        self.texts(keyword).next()
    }

    /// Returns the value of a keyword, unless it is `none`.
    pub(super) fn some_text(&self, keyword: Keyword) -> Option<(&str, &Place)> {
        self.text(keyword).filter(|(text, _)| !is_none(text))
    }

    pub(super) fn flag(&self, keyword: Keyword) -> Option<bool> {
        flag(self.text(keyword)?.0)
    }

    pub(super) fn number(&self, keyword: Keyword) -> Option<u32> {
        self.text(keyword)?.0.parse().ok()
    }

    pub(super) fn time(&self, keyword: Keyword) -> Option<Duration> {
        let time = Duration::from_secs(seconds(self.text(keyword)?.0)?);
        (!time.is_zero()).then_some(time)
    }
}

/// The values that were found for a server, and its real name.
pub(super) struct Answers {
    pub(super) host_name: String,
    pub(super) found: FoundValues,
}

/// The login for which the files are read.
#[derive(Clone, Copy)]
pub(super) struct LoginSubject<'a> {
    /// The host as the recipe names it.
    pub(super) host: &'a str,
    /// The user, if something with higher precedence than the files has set one …
    pub(super) user: Option<&'a str>,
    /// … and the port.
    pub(super) port: Option<u16>,
    pub(super) local_user: &'a str,
}

/// Searches the files for a login.
pub(super) fn search(config: &SshConfig, subject: LoginSubject<'_>) -> Result<Answers, SearchStop> {
    let LoginSubject {
        host,
        user,
        port,
        local_user,
    } = subject;
    let mut search = Search {
        host: host.to_owned(),
        original_host: host,
        local_user,
        last: false,
        found: FoundValues::default(),
    };
    // These values count as set before the first file is read, as on ssh's command line.
    let above = Place::recipe();
    if let Some(user) = user {
        search.found.take(Keyword::User, &[user.to_owned()], &above);
    }
    if let Some(port) = port {
        search.found.take(Keyword::Port, &[port.to_string()], &above);
    }
    search.read_all(config)?;
    let mut host_name = search.host_name()?.to_ascii_lowercase();
    let canonicalize = search.found.text(Keyword::CanonicalizeHostname);
    if let Some((word, place)) = canonicalize.filter(|(word, _)| flag(word) != Some(false)) {
        return Err(SearchStop::Foreign {
            place: place.clone(),
            what: format!("CanonicalizeHostname {word}"),
        });
    }
    if wants_final(config) {
        // ssh then reads everything once more for the real name of the host, and keeps the values that it has found.
        search.host.clone_from(&host_name);
        search.last = true;
        search.read_all(config)?;
        host_name = search.host;
    }
    Ok(Answers {
        host_name,
        found: search.found,
    })
}

fn wants_final(config: &SshConfig) -> bool {
    config
        .files
        .iter()
        .flat_map(|file| file.iter())
        .any(|line| line.statement.wants_final())
}

struct Search<'a> {
    /// The name that `Host` lines are compared with.
    host: String,
    original_host: &'a str,
    local_user: &'a str,
    /// True in the second reading.
    last: bool,
    found: FoundValues,
}

impl Search<'_> {
    fn read_all(&mut self, config: &SshConfig) -> Result<(), SearchStop> {
        config.files.iter().try_for_each(|file| self.read(file, true))
    }

    /// Returns the real name, as far as it is known yet.
    fn host_name(&self) -> Result<String, Trouble> {
        match self.found.text(Keyword::HostName) {
            Some((text, place)) if !self.last => tokens::host_name(text, self.original_host, place),
            _ => Ok(self.host.clone()),
        }
    }

    /// Reads the lines of a file. `active` is false for a file that is included where nothing applies: then its own `Host` and
    /// `Match` do not apply either.
    fn read(&mut self, lines: &Arc<[ConfigLine]>, active: bool) -> Result<(), SearchStop> {
        let mut applies = active;
        for line in lines.iter() {
            match &line.statement {
                ConfigStatement::Host(patterns) => {
                    let patterns = patterns.iter().map(String::as_str);
                    applies = active && listed(patterns, &self.host) == Listed::Yes;
                }
                ConfigStatement::Match(criteria) => applies = active && self.matches(criteria, &line.place)?,
                ConfigStatement::Include(files) => {
                    for file in files {
                        self.read(file, applies)?;
                    }
                }
                // As with ssh, an unknown keyword is refused even where it does not apply: it may be a misspelt one that says
                // where to connect.
                ConfigStatement::Unknown(name) => {
                    let ignored = self.found.text(Keyword::IgnoreUnknown);
                    if !ignored.is_some_and(|(list, _)| lists(&list.to_ascii_lowercase(), name)) {
                        let text =
                            format!("there is no keyword `{name}'; `IgnoreUnknown {name}' before it passes it over");
                        return Err(Trouble::at(&line.place, text).into());
                    }
                }
                ConfigStatement::Set(keyword, words) if applies => self.found.take(*keyword, words, &line.place),
                ConfigStatement::Set(..) => {}
            }
        }
        Ok(())
    }

    fn matches(&self, criteria: &[Criterion], place: &Place) -> Result<bool, SearchStop> {
        let mut foreign = None;
        for Criterion { negated, kind } in criteria {
            let holds = match kind {
                CriterionKind::All => true,
                CriterionKind::Host(list) => lists_host(list, &self.host_name()?),
                CriterionKind::OriginalHost(list) => lists_host(list, self.original_host),
                CriterionKind::User(list) => lists(
                    list,
                    self.found.text(Keyword::User).map_or(self.local_user, |(user, _)| user),
                ),
                CriterionKind::LocalUser(list) => lists(list, self.local_user),
                CriterionKind::Final { .. } => self.last,
                CriterionKind::Foreign(name) => {
                    foreign = Some(name);
                    continue;
                }
            };
            if holds == *negated {
                return Ok(false);
            }
        }
        match foreign {
            // If another criterion does not match, this one does not matter.
            Some(name) => Err(SearchStop::Foreign {
                place: place.clone(),
                what: format!("Match {name}"),
            }),
            None => Ok(true),
        }
    }
}

pub(super) fn is_none(text: &str) -> bool {
    text.eq_ignore_ascii_case("none")
}

fn lists(list: &str, text: &str) -> bool {
    listed(list.split(','), text) == Listed::Yes
}

/// Compares a host with a list without case, for `Match`. In `Host` case counts.
fn lists_host(list: &str, host: &str) -> bool {
    lists(&list.to_ascii_lowercase(), &host.to_ascii_lowercase())
}
