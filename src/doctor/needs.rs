//! The needs of a recipe, for which its servers are examined.

use std::time::Duration;

use crate::listed::counted;
use crate::recipe::{Examined, Recipe, without_credentials};

use crate::plan::quote;

use crate::finding::{Check, Examination, Fact, Finding, Subject};

/// The variables that only a recipe with deploys sets.
const OF_DEPLOYS: [&str; 3] = ["application", "deploy_to", "repository"];

/// The needs of a recipe. Needs that cannot be found out without acting are left out, and a finding reports them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Needs {
    /// The servers.
    pub servers: Vec<Examined>,
    /// The command that runs a task of the recipe: `capr deploy.rhai production`.
    pub call: String,
    /// The program with which sudo is called, if the recipe uses sudo.
    pub sudo: Option<String>,
    /// The shell that the recipe names.
    pub shell: Option<String>,
    /// The needs of deploys; `None` if the recipe has none.
    pub deploys: Option<Deploys>,
}

/// The needs of deploys, as far as they are known.
#[derive(Clone, Debug, Default)]
pub(crate) struct Deploys {
    /// The directory for releases.
    pub deploy_to: Option<String>,
    /// The source control, as its program and its name.
    pub scm: Option<(String, String)>,
    /// The program that runs migrations, if the recipe runs them.
    pub rake: Option<String>,
    /// The number of files that have to be there before a deploy.
    pub linked_files: usize,
    /// True if the code is prepared on this machine, so that the servers need no source control.
    pub is_copied: bool,
    /// The library's script that finds what keeps a deploy from beginning.
    pub needs_script: Option<String>,
    /// The library's script that finds the current release.
    pub status_script: Option<String>,
    /// The library's script that finds whose lock it is.
    pub lock_script: Option<String>,
    /// The script for the recipe's needs in `depend`.
    pub depend_script: Option<String>,
    /// The library's script that checks if the repository can be read.
    pub repository_script: Option<String>,
    /// The input of these scripts.
    pub input: String,
    /// The time limit for the repository, if the recipe sets one.
    pub patience: Option<Duration>,
}

impl Needs {
    /// Returns the needs of this recipe on these servers, and the findings about the recipe itself. `file` is the name that the
    /// person gave for the recipe's file, and `has_program` tells if this machine has a program.
    pub(crate) fn of(
        recipe: &Recipe,
        servers: Vec<Examined>,
        file: &str,
        stage: Option<&str>,
        has_program: &dyn Fn(&str) -> bool,
    ) -> (Self, Examination) {
        let mut findings = vec![of_servers(&servers, stage)];
        let deploys = OF_DEPLOYS
            .iter()
            .any(|name| recipe.is_set(name))
            .then(|| Deploys::of(recipe, &mut findings));
        if deploys.is_none() {
            let detail = "sets no application, deploy_to or repository, so nothing is looked at for deploys";
            findings.push(Finding::ok(Check::Deploy, detail).fact("deploys", Fact::Flag(false)));
        }
        findings.extend(of_programs(recipe, deploys.as_ref(), has_program));
        let needs = Self {
            servers,
            call: call(file, stage),
            sudo: recipe.calls_sudo(),
            shell: recipe.shell(),
            deploys,
        };
        let subject = Subject::Recipe(file.to_owned());
        (needs, Examination { subject, findings })
    }
}

/// Returns the command that runs a task of this recipe.
fn call(file: &str, stage: Option<&str>) -> String {
    let recipe = match file {
        "Caprfile" => String::new(),
        file if file.ends_with(".rhai") => format!(" {}", quote(file)),
        file => format!(" -f {}", quote(file)),
    };
    let stage = stage.map_or_else(String::new, |stage| format!(" {}", quote(stage)));
    format!("capr{recipe}{stage}")
}

fn of_servers(servers: &[Examined], stage: Option<&str>) -> Finding {
    let mut roles: Vec<&String> = servers.iter().flat_map(|server| &server.roles).collect();
    crate::sort::by(&mut roles, Ord::cmp);
    roles.dedup();
    let names: Vec<String> = servers
        .iter()
        .map(|server| server.destination.server.to_string())
        .collect();
    let of_stage = stage.map_or_else(String::new, |stage| format!("stage {stage}, "));
    let finding = match (servers.len(), roles.as_slice()) {
        (0, _) => Finding::warning(
            Check::Recipe,
            format!("{of_stage}no server is named"),
            "name one: role :app, \"app1.example.com\"; or for this once HOSTS=app1.example.com",
        ),
        (count, []) => Finding::ok(Check::Recipe, format!("{of_stage}{}", counted(count, "server"))),
        (count, roles) => {
            let roles: Vec<&str> = roles.iter().map(|role| role.as_str()).collect();
            let detail = format!("{of_stage}{}, roles {}", counted(count, "server"), roles.join(", "));
            Finding::ok(Check::Recipe, detail)
        }
    };
    finding.fact("servers", Fact::Texts(names))
}

impl Deploys {
    fn of(recipe: &Recipe, findings: &mut Vec<Finding>) -> Self {
        let mut unknown: Vec<(Check, &str, String)> = Vec::new();
        let mut read = |check, name| match recipe.value(name) {
            Ok(value) => value,
            Err(wrong) => {
                unknown.push((check, name, wrong.message));
                None
            }
        };
        let deploy_to = read(Check::Deploy, "deploy_to");
        let needs_script = deploy_to
            .as_ref()
            .and_then(|_| read(Check::Linked, "deploy_needs_script"));
        let status_script = deploy_to
            .as_ref()
            .and_then(|_| read(Check::Release, "deploy_status_script"));
        let lock_script = deploy_to.as_ref().and_then(|_| read(Check::Lock, "lock_look_script"));
        let repository = read(Check::Repository, "repository");
        let known = repository.as_ref();
        let scm = known.and_then(|_| read(Check::Repository, "scm"));
        let is_copied = read(Check::Deploy, "deploy_via").as_deref() == Some("copy");
        let ready = known.filter(|_| scm.is_some() && deploy_to.is_some() && !is_copied);
        let repository_script = ready.and_then(|_| read(Check::Repository, "deploy_repository_script"));
        let input = repository_script
            .as_ref()
            .and_then(|_| read(Check::Repository, "source_data"));
        let rake = recipe.names_task("migrate")
            || ["rake", "rails_env", "migrate_env"]
                .iter()
                .any(|name| recipe.is_set(name));
        // A library may put words before it: bundle exec rake.
        let programs = recipe.prefixed_programs();
        let run = programs
            .iter()
            .find(|(program, _)| program == "rake")
            .map(|(_, run)| run.clone());
        let rake = rake.then(|| run.or_else(|| read(Check::Tools, "rake"))).flatten();
        let depend_script = deploy_to
            .as_ref()
            .and_then(|_| read(Check::Tools, "deploy_depend_script"));
        let program = scm
            .as_deref()
            .filter(|scm| *scm != "none")
            .and_then(|scm| program_of(recipe, scm));
        if let Some(deploy_to) = &deploy_to {
            let from = repository.as_deref().map_or_else(String::new, |repository| {
                let by = scm.as_deref().map_or_else(String::new, |scm| format!(" by {scm}"));
                format!(", from {}{by}", without_credentials(repository))
            });
            findings.push(
                Finding::ok(Check::Deploy, format!("to {deploy_to}{from}"))
                    .fact("deploys", Fact::Flag(true))
                    .text("deploy_to", deploy_to.as_str()),
            );
        }
        findings.extend(unknown.into_iter().map(not_known));
        Self {
            deploy_to,
            scm: scm.and_then(|scm| Some((program?, scm))),
            rake,
            linked_files: recipe.length("linked_files"),
            is_copied,
            needs_script,
            status_script,
            lock_script,
            depend_script,
            repository_script,
            input: input.unwrap_or_default(),
            patience: recipe
                .value("scm_timeout")
                .ok()
                .flatten()
                .and_then(|seconds| seconds.parse().ok())
                .map(Duration::from_secs),
        }
    }
}

/// Returns the finding for a variable that has no value now: the check that needs it, its name, the reason.
fn not_known((check, name, why): (Check, &str, String)) -> Finding {
    let why = why.lines().next().unwrap_or_default().to_owned();
    match name.ends_with("_script") {
        true => Finding::warning(
            check,
            format!("it is not looked at on the servers: {why}"),
            "see what the recipe says of it: capr vars --values",
        ),
        false => Finding::warning(
            check,
            format!("{name} is not known, and what needs it is not looked at: {why}"),
            format!("set it, or give it for this once: -s {name}=…"),
        ),
    }
}

/// Returns the program of a source control on the servers.
fn program_of(recipe: &Recipe, scm: &str) -> Option<String> {
    let read = |name: &str| recipe.value(name).ok().flatten();
    read("scm_command").or_else(|| read(&format!("{scm}_program")))
}

/// Returns the finding about programs on this machine that the library runs for this recipe.
fn of_programs(recipe: &Recipe, deploys: Option<&Deploys>, has_program: &dyn Fn(&str) -> bool) -> Option<Finding> {
    let mut wanted: Vec<(String, &str)> = Vec::new();
    let says = |name: &str| recipe.length(name) > 0;
    if says("notify_webhook") || says("notify_url_file") {
        wanted.push(("curl".to_owned(), "notify_webhook"));
    }
    if says("notify_mail") && !recipe.is_set("notify_sendmail") {
        wanted.push(("sendmail".to_owned(), "notify_mail"));
    }
    if let Some((program, scm)) = deploys
        .filter(|deploys| deploys.is_copied)
        .and_then(|deploys| deploys.scm.as_ref())
    {
        let local = recipe.value("local_scm_command").ok().flatten();
        let usual = || recipe.value(&format!("{scm}_program")).ok().flatten();
        let local = local.filter(|local| local != "default").or_else(usual);
        wanted.push((local.unwrap_or_else(|| program.clone()), "deploy_via copy"));
        let tar = recipe.value("copy_local_tar").ok().flatten();
        wanted.push((tar.unwrap_or_else(|| "tar".to_owned()), "deploy_via copy"));
    }
    if wanted.is_empty() {
        return None;
    }
    let missing: Vec<&(String, &str)> = wanted.iter().filter(|(program, _)| !has_program(program)).collect();
    let names = |list: &[&(String, &str)]| -> String {
        let names: Vec<String> = list
            .iter()
            .map(|(program, why)| format!("{program} (for {why})"))
            .collect();
        names.join(", ")
    };
    Some(match missing.as_slice() {
        [] => {
            let all: Vec<&(String, &str)> = wanted.iter().collect();
            Finding::ok(Check::Programs, names(&all))
        }
        missing => Finding::bad(
            Check::Programs,
            format!("not on this machine: {}", names(missing)),
            "install it here, or add its directory to PATH",
        ),
    })
}
