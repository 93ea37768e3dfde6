//! The options of a command as reports show them: without secrets, and without what everybody can see anyway.

use crate::configuration::{Environment, RunOptions, Shell, Stdin};
use crate::plan::quote;
use crate::recipe::language::secret_name::is_secret_name;
use crate::secret::REDACTED;

/// Returns the options of a command, by name. `own` is its environment without the one for all commands, which is shown
/// elsewhere; `user` is the user whom sudo becomes.
pub(in crate::recipe) fn shown(
    options: &RunOptions,
    own: Option<&Environment>,
    user: Option<&str>,
) -> Vec<(&'static str, String)> {
    let shell = options.shell.as_ref().and_then(|shell| match shell {
        Shell::Default => None,
        Shell::Named(program) => Some(program.clone()),
        Shell::None => Some("false".to_owned()),
    });
    let data = match &options.stdin {
        Some(Stdin::Text(bytes)) if !bytes.is_empty() => Some(format!("{} bytes", bytes.len())),
        // A file is shown after the command.
        _ => None,
    };
    let env = own.map(environment).filter(|env| !env.is_empty());
    let of_all = match (&options.env, own) {
        (Some(Environment::Map(all)), Some(Environment::Map(own))) => {
            let of_all = all.iter().filter(|(name, value)| own.get(*name) != Some(*value));
            let of_all = of_all.map(|(name, value)| (name.clone(), value.clone()));
            Some(environment(&Environment::Map(of_all.collect())))
        }
        (Some(all), None) => Some(environment(all)),
        _ => None,
    };
    let of_all = of_all.filter(|env| !env.is_empty());
    let timeout = options.timeout.map(|timeout| format!("{} s", timeout.as_secs_f64()));
    [
        ("as", user.map(str::to_owned)),
        ("dir", options.dir.clone()),
        ("umask", options.umask.clone()),
        ("env", env),
        ("shell", shell),
        ("data", data),
        ("timeout", timeout),
        ("default_environment", of_all),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, value?)))
    .collect()
}

/// Returns an environment in the form `A=1 B='two words' PASSWORD=[redacted]`.
fn environment(environment: &Environment) -> String {
    match environment {
        Environment::Text(text) => text.trim().to_owned(),
        Environment::Map(map) => {
            let pairs = map.iter().map(|(name, value)| match is_secret_name(name) {
                true => format!("{name}={REDACTED}"),
                false => format!("{name}={}", quote(value)),
            });
            pairs.collect::<Vec<_>>().join(" ")
        }
    }
}

/// Returns the options in the form that stands after a command: ` (:dir /srv, :env A=1)`; empty if there are none.
pub(in crate::recipe) fn behind(options: &[(&'static str, String)]) -> String {
    let said: Vec<String> = options.iter().map(|(name, value)| format!(":{name} {value}")).collect();
    match said.is_empty() {
        true => String::new(),
        false => format!(" ({})", said.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{behind, shown};
    use crate::configuration::{Environment, RunOptions, Shell, Stdin};

    #[test]
    fn what_was_said_of_a_command_is_shown_without_secrets_and_data() {
        let env = [("A", "two words"), ("DB_PASSWORD", "x"), ("B", "1")];
        let env = env.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let options = RunOptions {
            shell: Some(Shell::Named("bash -l".to_owned())),
            dir: Some("/srv/app".to_owned()),
            env: Some(Environment::Map(env.into_iter().collect())),
            stdin: Some(Stdin::Text(b"swordfish".to_vec())),
            timeout: Some(Duration::from_millis(1500)),
            ..RunOptions::default()
        };
        assert_eq!(
            behind(&shown(&options, options.env.as_ref(), Some("deploy"))),
            " (:as deploy, :dir /srv/app, :env A='two words' DB_PASSWORD=[redacted] B=1, :shell bash -l, :data 9 bytes, \
             :timeout 1.5 s)"
        );
        let nothing = RunOptions {
            shell: Some(Shell::Default),
            env: Some(Environment::Map(Default::default())),
            ..RunOptions::default()
        };
        assert_eq!(behind(&shown(&nothing, nothing.env.as_ref(), None)), "");
    }

    #[test]
    fn the_environment_of_all_commands_stands_apart() {
        let map = |pairs: &[(&str, &str)]| {
            let pairs = pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            Environment::Map(pairs.collect())
        };
        let options = RunOptions {
            env: Some(map(&[("A", "1"), ("B", "2")])),
            ..RunOptions::default()
        };
        let said = |own: Option<Environment>| behind(&shown(&options, own.as_ref(), None));
        assert_eq!(said(None), " (:default_environment A=1 B=2)");
        assert_eq!(said(Some(map(&[("B", "2")]))), " (:env B=2, :default_environment A=1)");
    }
}
