//! The project that is to be deployed: its kind, repository and servers, from options, from answers, and from the files of the
//! directory.

use std::fs;
use std::path::Path;

use clap::ValueEnum;

use crate::diagnostic::{Diagnostic, Fault};
use crate::recipe::Prompts;

/// The kinds of applications that `capr init` knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum AppKind {
    /// Rails behind puma
    Rails,
    /// Node, a service of systemd
    Node,
    /// PHP behind php-fpm
    Php,
    /// Files alone
    Static,
    /// FastCGI listeners, kept alive by spinner, spawner and reaper
    Fastcgi,
}

/// A stage and its servers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::cli) struct StageServers {
    pub(in crate::cli) name: String,
    pub(in crate::cli) servers: Vec<String>,
}

/// The way in which the packages of a PHP application are installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Packages {
    /// There are none.
    None,
    /// Composer.
    Composer,
    /// Composer, and artisan makes the caches.
    Laravel,
    /// Composer, and its console makes the caches.
    Symfony,
}

/// All that a recipe is written from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) struct NewProject {
    pub(in crate::cli) kind: AppKind,
    pub(in crate::cli) packages: Packages,
    pub(in crate::cli) application: String,
    pub(in crate::cli) repository: String,
    /// The servers of a project without stages.
    pub(in crate::cli) servers: Vec<String>,
    pub(in crate::cli) stages: Vec<StageServers>,
}

/// The values of the options.
#[derive(Clone, Debug, Default)]
pub(in crate::cli) struct InitOptions {
    pub(in crate::cli) kind: Option<AppKind>,
    pub(in crate::cli) repository: Option<String>,
    pub(in crate::cli) servers: Vec<String>,
    /// As they were typed: `staging` or `staging=app1,app2`.
    pub(in crate::cli) stages: Vec<String>,
}

/// The repository if nobody has named one.
const REPOSITORY: &str = "ssh://git@example.com/application.git";

/// The number of times that a question is asked before the answers count as a failure.
const ATTEMPTS: u32 = 3;

impl InitOptions {
    fn is_nothing(&self) -> bool {
        self.kind.is_none() && self.repository.is_none() && self.servers.is_empty() && self.stages.is_empty()
    }
}

impl NewProject {
    /// Returns the project of the options. Without options it asks the person, if there is one; `None` if nothing is known.
    pub(in crate::cli) fn of(
        directory: &Path,
        said: &InitOptions,
        prompts: &mut dyn Prompts,
    ) -> Result<Option<Self>, Box<Diagnostic>> {
        let found = Found::in_directory(directory);
        if said.is_nothing() {
            return ask(found, prompts);
        }
        let Some(kind) = said.kind.or(found.kind) else {
            let message = "init cannot see what is deployed";
            return Err(usage(message)
                .hint(format!("say it: --kind {}", names().join("|")))
                .into());
        };
        let stages: Result<_, _> = said.stages.iter().map(|stage| stage_of(stage)).collect();
        Ok(Some(Self {
            kind,
            packages: found.packages,
            application: found.application,
            repository: said
                .repository
                .clone()
                .or(found.repository)
                .unwrap_or(REPOSITORY.to_owned()),
            servers: hosts(said.servers.iter().map(String::as_str))?,
            stages: stages?,
        }))
    }
}

/// The values that the directory itself gives.
struct Found {
    kind: Option<AppKind>,
    packages: Packages,
    application: String,
    repository: Option<String>,
}

impl Found {
    fn in_directory(directory: &Path) -> Self {
        let has = |name: &str| directory.join(name).is_file();
        let says =
            |name: &str, word: &str| fs::read_to_string(directory.join(name)).is_ok_and(|file| file.contains(word));
        let kind = if says("Gemfile", "rails") || says("Gemfile.lock", " rails ") {
            Some(AppKind::Rails)
        } else if has("composer.json") || has("index.php") || has("public/index.php") {
            Some(AppKind::Php)
        } else if has("package.json") {
            Some(AppKind::Node)
        } else if has("index.html") {
            Some(AppKind::Static)
        } else {
            None
        };
        let packages = if has("artisan") {
            Packages::Laravel
        } else if has("bin/console") && has("symfony.lock") {
            Packages::Symfony
        } else if has("composer.json") {
            Packages::Composer
        } else {
            Packages::None
        };
        let absolute = directory.canonicalize().unwrap_or_default();
        let name = absolute.file_name().unwrap_or_default().to_string_lossy();
        Self {
            kind,
            packages,
            application: name.replace(|letter: char| !is_plain(letter), "_"),
            repository: fs::read_to_string(directory.join(".git/config"))
                .ok()
                .and_then(|settings| origin(&settings)),
        }
    }
}

/// Returns the address of the remote `origin` in the settings of a git repository.
fn origin(settings: &str) -> Option<String> {
    let section = settings
        .split("\n[")
        .find_map(|section| section.trim_start_matches('[').strip_prefix("remote \"origin\"]"))?;
    let url = section.lines().find_map(|line| line.trim().strip_prefix("url"))?;
    let address = url.trim_start().strip_prefix('=')?.trim();
    (!address.is_empty()).then(|| address.to_owned())
}

/// Returns true for a letter that an application's name, which is part of a path, may have without quotes.
fn is_plain(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.')
}

fn ask(found: Found, prompts: &mut dyn Prompts) -> Result<Option<NewProject>, Box<Diagnostic>> {
    if !prompts.can_ask() {
        return Ok(None);
    }
    let kinds = names().join(", ");
    let known = found.kind.map(name_of);
    let Some(kind) = answer(
        prompts,
        &format!("What is deployed? {kinds}"),
        known.as_deref(),
        |answer| AppKind::from_str(answer, true).map_err(|_| format!("it can be {kinds}")),
    )?
    else {
        return Ok(None);
    };
    let text = |answer: &str| match answer {
        "" => Err("there is no default".to_owned()),
        said => Ok(said.to_owned()),
    };
    let repository = answer(prompts, "Its repository", found.repository.as_deref(), text)?.unwrap_or_default();
    let stages = answer(
        prompts,
        "Stages, such as staging and production, separated by blanks (none)",
        None,
        |said| {
            let stages = said
                .split_whitespace()
                .map(|name| stage_of(name).map_err(|wrong| wrong.message.clone()));
            stages.collect::<Result<Vec<_>, _>>()
        },
    )?;
    let mut stages = stages.unwrap_or_default();
    let servers = |said: &str| {
        if said.is_empty() {
            return Err("at least one is needed".to_owned());
        }
        hosts(said.split_whitespace()).map_err(|wrong| wrong.message.clone())
    };
    let mut all = Vec::new();
    if stages.is_empty() {
        all = answer(prompts, "Its servers, separated by blanks", None, servers)?.unwrap_or_default();
    }
    for stage in &mut stages {
        let question = format!("Servers of {}, separated by blanks", stage.name);
        stage.servers = answer(prompts, &question, None, servers)?.unwrap_or_default();
    }
    Ok(Some(NewProject {
        kind,
        packages: found.packages,
        application: found.application,
        repository,
        servers: all,
        stages,
    }))
}

/// Asks until the answer is valid; without an answer, the value in brackets is used. `None` if nobody is there.
fn answer<T>(
    prompts: &mut dyn Prompts,
    question: &str,
    default: Option<&str>,
    taken: impl Fn(&str) -> Result<T, String>,
) -> Result<Option<T>, Box<Diagnostic>> {
    let shown = default.map(|default| format!(" [{default}]")).unwrap_or_default();
    let mut complaint = String::new();
    for _ in 0..ATTEMPTS {
        let prompt = format!("{complaint}{question}{shown}: ");
        let typed = prompts
            .question(&prompt)
            .map_err(|error| Box::new(Diagnostic::new(Fault::Failed, format!("{question}: {error}"))))?;
        let Some(typed) = typed else { return Ok(None) };
        let typed = match typed.trim() {
            "" => default.unwrap_or_default(),
            typed => typed,
        };
        match taken(typed) {
            Ok(answer) => return Ok(Some(answer)),
            Err(wrong) => complaint = format!("{wrong}\n"),
        }
    }
    let message = format!("{question}: {}", complaint.trim_end());
    Err(Box::new(Diagnostic::new(Fault::Failed, message)))
}

fn names() -> Vec<String> {
    AppKind::value_variants().iter().map(|kind| name_of(*kind)).collect()
}

/// Returns the name of a kind in options and answers.
fn name_of(kind: AppKind) -> String {
    let value = kind.to_possible_value();
    value.map(|value| value.get_name().to_owned()).unwrap_or_default()
}

/// Reads a stage as it is typed: `NAME` or `NAME=HOST,HOST`.
fn stage_of(typed: &str) -> Result<StageServers, Box<Diagnostic>> {
    let (name, servers) = typed.split_once('=').unwrap_or((typed, ""));
    let is_name = !name.is_empty() && !name.starts_with(['-', '.']) && name.chars().all(is_plain);
    if !is_name {
        let message = format!("`{name}' cannot be the name of a stage: letters, digits, - and _ can");
        return Err(usage(message).into());
    }
    Ok(StageServers {
        name: name.to_owned(),
        servers: hosts(servers.split(',').filter(|server| !server.is_empty()))?,
    })
}

/// Returns servers as they stand in a role: `app1`, `deploy@app1:2222`, `[::1]`.
fn hosts<'a>(typed: impl Iterator<Item = &'a str>) -> Result<Vec<String>, Box<Diagnostic>> {
    typed
        .map(|server| {
            let may = |letter: char| is_plain(letter) || matches!(letter, '@' | ':' | '[' | ']' | '%');
            match !server.is_empty() && !server.starts_with('-') && server.chars().all(may) {
                true => Ok(server.to_owned()),
                false => Err(usage(format!("`{server}' is no server: write HOST, USER@HOST or HOST:PORT")).into()),
            }
        })
        .collect()
}

fn usage(message: impl Into<String>) -> Diagnostic {
    Diagnostic::new(Fault::Usage, message)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_repository_is_the_remote_origin() {
        let settings = "[core]\n\tbare = false\n[remote \"other\"]\n\turl = no\n[remote \"origin\"]\n\tfetch = +refs/heads/*\n\turl = git@example.com:shop.git\n[branch \"main\"]\n\turl = no\n";
        assert_eq!(origin(settings).as_deref(), Some("git@example.com:shop.git"));
        assert_eq!(
            origin("[remote \"origin\"]\nurl=/srv/shop.git\n").as_deref(),
            Some("/srv/shop.git")
        );
        for none in [
            "",
            "[core]\n",
            "[remote \"origin\"]\n\turl =\n",
            "[remote \"originals\"]\n\turl = x\n",
        ] {
            assert_eq!(origin(none), None, "{none}");
        }
    }

    #[test]
    fn a_stage_and_a_server_are_what_may_stand_in_a_recipe() {
        let stage = stage_of("production=app1,deploy@app2:22").unwrap();
        assert_eq!((stage.name.as_str(), stage.servers.len()), ("production", 2));
        for wrong in ["", "../x", "a b", "-x", "x=-oProxyCommand", "x=a\"b"] {
            assert!(stage_of(wrong).is_err(), "{wrong}");
        }
    }
}
