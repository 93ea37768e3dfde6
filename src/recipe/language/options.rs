//! The options of tasks and commands: turns pairs into plain data.

use std::time::Duration;

use indexmap::IndexMap;
use rhai::{Dynamic, Position};

use super::choice::{Choice, unknown_key};
use super::origin::{Fallible, raise, wrong};
use super::values::{attributes, texts};
use crate::configuration::{Environment, RunOptions, Selection, Shell, Stdin, is_umask};

/// The options that select servers.
pub(in crate::recipe) static SELECTION: &[Choice] = &[
    Choice {
        name: "roles",
        doc: "the servers of these roles: a name, a list, or a function that gives them when they are needed",
    },
    Choice {
        name: "hosts",
        doc: "exactly these servers, whatever their roles: a string, a list, or a function",
    },
    Choice {
        name: "only",
        doc: "a map: only servers with all of these attributes",
    },
    Choice {
        name: "except",
        doc: "a map: no server with any of these attributes",
    },
    Choice {
        name: "once",
        doc: "true: the first server alone",
    },
    Choice {
        name: "on_no_matching_servers",
        doc: "`:continue`: that no server matches is no error, the command is skipped",
    },
    Choice {
        name: "max_hosts",
        doc: "at most so many servers at a time; the next ones begin when these have ended well",
    },
    Choice {
        name: "on_error",
        doc: "`:continue`: a server that fails is left out of everything that continues so, and the recipe goes on; at \
              the end the run has failed",
    },
    Choice {
        name: "skip_hostfilter",
        doc: "true: `HOSTFILTER` and `HOSTROLEFILTER` do not hold",
    },
];

/// The options for how a command is run.
pub(in crate::recipe) static COMMAND: &[Choice] = &[
    Choice {
        name: "shell",
        doc: "the program that interprets the command, `sh` by default, whatever the login shell is; false: the login shell gets it as it \
              is, and what its profile files print counts as output",
    },
    Choice {
        name: "dir",
        doc: "the directory to run in; that there is none is a failure. That of a task is read when the task is defined",
    },
    Choice {
        name: "umask",
        doc: "the permissions that new files do not get, a string of octal digits: `\"027\"`",
    },
    Choice {
        name: "env",
        doc: "a map of environment variables, or a string that is put in front as it is. A value arrives unchanged, but that the variable's own \
              name stands for what the server has, and `$HOME` at the beginning of a path for the account's home: `#{ PATH: \"$HOME/bin:$PATH\" }`. Secrets in a map, by their name or \
              because they are known, are read by the command's shell and stand in no list of processes",
    },
    Choice {
        name: "pty",
        doc: "true: with a terminal; the default where sudo is called. A default of the recipe is not for commands with `data` or `stdin`",
    },
    Choice {
        name: "columns",
        doc: "width of that terminal, 80 by default",
    },
    Choice {
        name: "rows",
        doc: "its height, 24 by default",
    },
    Choice {
        name: "data",
        doc: "a string that the command reads",
    },
    Choice {
        name: "stdin",
        doc: "a local file that the command reads, byte for byte, and then its end; it is sent as `upload` sends one, \
              and there is no terminal",
    },
    Choice {
        name: "eof",
        doc: "whether the command's input ends after `data` or `stdin`; true for a file, and without an output block",
    },
    Choice {
        name: "timeout",
        doc: "seconds after which the command is ended and has failed",
    },
    Choice {
        name: "silent",
        doc: "true: the command is not announced",
    },
    Choice {
        name: "prefix",
        doc: "false: the command's program runs as it is written, whatever `command_map` and `command_prefixes` say; with `set :dialect, 3` \
              `default_environment` is not for it either, as Capistrano 3 has it for a command with blanks",
    },
];

/// The option for the user that `sudo` becomes.
pub(in crate::recipe) static SUDO: &[Choice] = &[Choice {
    name: "as",
    doc: "the user to become, root by default",
}];

type Pairs = IndexMap<String, (Dynamic, Position)>;

/// Reads the options that select servers.
pub(in crate::recipe) fn selection(pairs: &Pairs) -> Fallible<Selection> {
    let mut selection = Selection::default();
    for (name, (value, position)) in pairs {
        match name.as_str() {
            "roles" => selection.roles = Some(texts(value)),
            "hosts" => selection.hosts = Some(texts(value)),
            "only" => selection.only = Some(attributes(name, value, *position)?),
            "except" => selection.except = Some(attributes(name, value, *position)?),
            "once" => selection.once = flag(name, value, *position)?,
            "on_no_matching_servers" => {
                selection.on_no_matching_servers_continue = Some(continues(name, value, *position)?);
            }
            "on_error" => selection.on_error_continue = Some(continues(name, value, *position)?),
            "skip_hostfilter" => selection.skip_hostfilter = flag(name, value, *position)?,
            "max_hosts" if value.is_unit() => {}
            "max_hosts" => selection.max_hosts = Some(count(name, value, *position)?),
            _ => {}
        }
    }
    Ok(selection)
}

fn continues(name: &str, value: &Dynamic, position: Position) -> Fallible<bool> {
    match value.to_string().as_str() {
        "continue" => Ok(true),
        "error" | "stop" => Ok(false),
        _ => Err(wrong(format!("`{name}' is :continue or :error"), position)),
    }
}

/// Reads the options for how a command is run.
pub(in crate::recipe) fn run_options(pairs: &Pairs) -> Fallible<RunOptions> {
    let mut options = RunOptions::default();
    let (mut given, mut file) = (None, None);
    for (name, (value, position)) in pairs {
        match name.as_str() {
            "shell" => options.shell = shell(value),
            "dir" if value.is_unit() => {}
            "dir" => options.dir = Some(value.to_string()),
            "umask" => options.umask = mask(name, value, *position)?,
            "env" => options.env = environment(name, value, *position)?,
            "pty" => options.pty = flag(name, value, *position)?,
            "columns" => options.columns = size(name, value, *position)?,
            "rows" => options.rows = size(name, value, *position)?,
            "data" if value.is_unit() => {}
            "data" => given = Some(Stdin::Text(bytes(value))),
            "stdin" => file = local_file(name, value, *position)?.map(|file| (file, *position)),
            "eof" => options.eof = flag(name, value, *position)?,
            "silent" => options.silent = flag(name, value, *position)?,
            "prefix" => options.prefix = flag(name, value, *position)?,
            "timeout" => options.timeout = seconds(name, value, *position)?,
            _ => {}
        }
    }
    if let Some((file, position)) = file {
        if given.is_some() {
            return Err(wrong("a command reads either `data' or `stdin', not both", position));
        }
        if options.pty == Some(true) {
            let message = "a terminal would change what is read from `stdin'; leave out `pty'";
            return Err(wrong(message, position));
        }
        given = Some(Stdin::File(file));
    }
    options.stdin = given;
    Ok(options)
}

/// Reads the option `shell`, or the variable `default_shell`.
pub(in crate::recipe) fn shell(value: &Dynamic) -> Option<Shell> {
    match (value.is_unit(), value.as_bool()) {
        (true, _) => None,
        (_, Ok(false)) => Some(Shell::None),
        (_, Ok(true)) => Some(Shell::Default),
        _ => Some(Shell::Named(value.to_string())),
    }
}

fn mask(name: &str, value: &Dynamic, position: Position) -> Fallible<Option<String>> {
    if value.is_unit() {
        return Ok(None);
    }
    match value.clone().into_string() {
        Ok(mask) if is_umask(&mask) => Ok(Some(mask)),
        _ => Err(wrong(
            format!("`{name}' must be a string of octal digits: \"022\""),
            position,
        )),
    }
}

fn local_file(name: &str, value: &Dynamic, position: Position) -> Fallible<Option<String>> {
    if value.is_unit() {
        return Ok(None);
    }
    match value.clone().into_string() {
        Ok(file) if !file.is_empty() => Ok(Some(file)),
        _ => Err(wrong(format!("`{name}' must be the name of a local file"), position)),
    }
}

/// Refuses keys in a variable that are not options.
pub(in crate::recipe) fn refuse_unknown(variable: &str, pairs: &Pairs, known: &[Choice]) -> Fallible<()> {
    for name in pairs.keys() {
        if let Some(diagnostic) = unknown_key(variable, name, known) {
            return Err(raise(diagnostic, Position::NONE));
        }
    }
    Ok(())
}

/// Returns the pairs in a variable that contains options: `default_run_options`.
pub(in crate::recipe) fn pairs(value: &Dynamic) -> Pairs {
    let map = value.flatten_clone().try_cast::<rhai::Map>().unwrap_or_default();
    map.into_iter()
        .map(|(name, value)| (name.to_string(), (value, Position::NONE)))
        .collect()
}

/// Returns the bytes of a string or of a blob.
pub(in crate::recipe) fn bytes(value: &Dynamic) -> Vec<u8> {
    match value.read_lock::<rhai::Blob>() {
        Some(blob) => blob.clone(),
        None => super::values::text(value).into_bytes(),
    }
}

/// Reads a number of seconds.
pub(in crate::recipe) fn seconds(name: &str, value: &Dynamic, position: Position) -> Fallible<Option<Duration>> {
    if value.is_unit() {
        return Ok(None);
    }
    let seconds = match (value.as_int(), value.as_float()) {
        (Ok(seconds), _) => Duration::try_from_secs_f64(seconds as f64).ok(),
        (_, Ok(seconds)) => Duration::try_from_secs_f64(seconds).ok(),
        _ => None,
    };
    match seconds {
        Some(seconds) if !seconds.is_zero() => Ok(Some(seconds)),
        _ => Err(wrong(format!("`{name}' must be a number of seconds"), position)),
    }
}

fn size(name: &str, value: &Dynamic, position: Position) -> Fallible<Option<u16>> {
    if value.is_unit() {
        return Ok(None);
    }
    let size = value.as_int().ok().and_then(|size| u16::try_from(size).ok());
    match size.filter(|size| *size > 0) {
        Some(size) => Ok(Some(size)),
        None => Err(wrong(format!("`{name}' must be a number from 1 to 65535"), position)),
    }
}

/// Reads true or false; `()` gives `None`.
pub(in crate::recipe) fn flag(name: &str, value: &Dynamic, position: Position) -> Fallible<Option<bool>> {
    if value.is_unit() {
        return Ok(None);
    }
    match value.as_bool() {
        Ok(value) => Ok(Some(value)),
        Err(_) => Err(wrong(format!("`{name}' must be true or false"), position)),
    }
}

/// Returns true if an environment variable can have this name.
pub(in crate::recipe) fn environment_name(name: &str) -> bool {
    let mut letters = name.chars().enumerate();
    !name.is_empty() && letters.all(|(i, c)| c == '_' || c.is_ascii_alphabetic() || i > 0 && c.is_ascii_digit())
}

/// Reads a number of servers.
pub(in crate::recipe) fn count(name: &str, value: &Dynamic, position: Position) -> Fallible<usize> {
    let number = value.as_int().ok().and_then(|number| usize::try_from(number).ok());
    let number = number.filter(|number| *number > 0);
    number.ok_or_else(|| wrong(format!("`{name}' must be a number from 1"), position))
}

fn environment(name: &str, value: &Dynamic, position: Position) -> Fallible<Option<Environment>> {
    if value.is_unit() {
        return Ok(None);
    }
    let Some(map) = value.read_lock::<rhai::Map>() else {
        return Ok(Some(Environment::Text(value.to_string())));
    };
    let mut environment = IndexMap::new();
    for (key, value) in map.iter() {
        if !environment_name(key) {
            return Err(wrong(
                format!("`{key}' in `{name}' cannot be the name of an environment variable"),
                position,
            ));
        }
        environment.insert(key.to_string(), value.to_string());
    }
    Ok(Some(Environment::Map(environment)))
}
