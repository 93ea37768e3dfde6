//! Expands `~`, `%h` and `${NAME}` in values of the ssh configuration.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use sha1::{Digest as _, Sha1};

use crate::name_service::SystemAccount;

use super::{Place, Trouble};

/// The values that the tokens stand for.
pub(super) struct Tokens<'a> {
    pub(super) host_name: &'a str,
    pub(super) original_host: &'a str,
    pub(super) key_alias: &'a str,
    pub(super) port: u16,
    pub(super) user: &'a str,
    pub(super) local_user: &'a str,
    pub(super) home: Option<&'a Path>,
    pub(super) variables: &'a HashMap<String, String>,
    /// The last jump host.
    pub(super) jump: String,
}

/// Expands a `HostName`, which may only contain `%h` and `%%`.
pub(super) fn host_name(text: &str, original_host: &str, place: &Place) -> Result<String, Trouble> {
    let value = |token| match token {
        '%' => Some("%".to_owned()),
        'h' => Some(original_host.to_owned()),
        _ => None,
    };
    percent(text, value).map_err(|why| Trouble::at(place, why))
}

/// Expands a leading `~/` or `~user/`.
pub(super) fn tilde(text: &str, home: Option<&Path>, place: &Place) -> Result<String, Trouble> {
    let Some(rest) = text.strip_prefix('~') else {
        return Ok(text.to_owned());
    };
    let (user, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    if !user.is_empty() {
        let account = SystemAccount::named(user);
        let account = account.ok_or_else(|| Trouble::at(place, format!("`{text}': there is no user {user}")))?;
        return Ok(format!("{}{path}", account.home.display()));
    }
    let home = home.ok_or_else(|| Trouble::at(place, format!("`{text}': there is no home directory")))?;
    Ok(format!("{}{rest}", home.display()))
}

impl Tokens<'_> {
    /// Expands the name of a file: `~/`, then tokens and variables.
    pub(super) fn file(&self, text: &str, place: &Place) -> Result<PathBuf, Trouble> {
        let text = tilde(text, self.home, place)?;
        let text = self.variables(&text, place)?;
        self.line(&text, place).map(PathBuf::from)
    }

    /// Returns the socket that a variable names.
    pub(super) fn socket(&self, variable: &str) -> Option<PathBuf> {
        let path = self.variables.get(variable).filter(|path| !path.is_empty());
        path.map(PathBuf::from)
    }

    /// Expands the tokens of a value that is not a file name.
    pub(super) fn line(&self, text: &str, place: &Place) -> Result<String, Trouble> {
        percent(text, |token| self.value(token)).map_err(|why| Trouble::at(place, why))
    }

    /// Expands all tokens but these, which are left to a later [`percent`]; `%%` is left to that as well.
    pub(super) fn all_but(&self, later: &str, text: &str, place: &Place) -> Result<String, Trouble> {
        let text = self.variables(text, place)?;
        let value = |token| match token {
            '%' => Some("%%".to_owned()),
            token if later.contains(token) => Some(format!("%{token}")),
            token => self.value(token).map(|value| value.replace('%', "%%")),
        };
        percent(&text, value).map_err(|why| Trouble::at(place, why))
    }

    /// Expands variables once: a variable in the value of a variable is not expanded.
    fn variables(&self, text: &str, place: &Place) -> Result<String, Trouble> {
        let mut expanded = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let (name, after) = after
                .split_once('}')
                .ok_or_else(|| Trouble::at(place, format!("`{text}': the }} is missing")))?;
            let value = self
                .variables
                .get(name)
                .ok_or_else(|| Trouble::at(place, format!("the environment has no {name}")))?;
            expanded.push_str(before);
            expanded.push_str(&value.replace('%', "%%"));
            rest = after;
        }
        expanded.push_str(rest);
        Ok(expanded)
    }

    fn value(&self, token: char) -> Option<String> {
        Some(match token {
            '%' => "%".to_owned(),
            'h' => self.host_name.to_owned(),
            'n' => self.original_host.to_owned(),
            'k' => self.key_alias.to_owned(),
            'p' => self.port.to_string(),
            'r' => self.user.to_owned(),
            'u' => self.local_user.to_owned(),
            'd' => self.home?.display().to_string(),
            'i' => rustix::process::getuid().as_raw().to_string(),
            'l' => local_host(),
            'L' => local_host().split('.').next().unwrap_or_default().to_owned(),
            'j' => self.jump.clone(),
            'C' => {
                let all = format!(
                    "{}{}{}{}{}",
                    local_host(),
                    self.host_name,
                    self.port,
                    self.user,
                    self.jump
                );
                Sha1::digest(all).iter().map(|byte| format!("{byte:02x}")).collect()
            }
            _ => return None,
        })
    }
}

fn local_host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// Expands the tokens of a string, including `%%`; an error says what is wrong with it.
pub(in crate::session::ssh) fn percent(text: &str, value: impl Fn(char) -> Option<String>) -> Result<String, String> {
    let mut expanded = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            expanded.push(c);
            continue;
        }
        match chars.next() {
            Some(token) => match value(token) {
                Some(value) => expanded.push_str(&value),
                None => return Err(format!("`{text}': %{token} is not known here")),
            },
            None => return Err(format!("`{text}' ends in a single %")),
        }
    }
    Ok(expanded)
}
