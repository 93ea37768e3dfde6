//! Ruby's classes, and the functions of recipes that do the same as their methods.

use super::layout::is_word;

/// Returns what to write instead of the class whose name begins this rest of a line, and of its method if one follows.
pub(in crate::recipe) fn instead(rest: &str) -> Option<&'static str> {
    let words: Vec<&str> = rest
        .split(['.', ':'])
        .filter(|word| !word.is_empty())
        .map(|word| {
            word.get(..word.find(|c| !is_word(c)).unwrap_or(word.len()))
                .unwrap_or("")
        })
        .take(3)
        .collect();
    let (class, method) = (words.first().copied()?, words.get(1).copied().unwrap_or(""));
    Some(match (class, method) {
        ("File", "join") => "write: join_path(\"a\", \"b\")",
        ("File", "expand_path") => "write: expand_path(\"path\", dirname(recipe_file()))",
        ("File", "dirname") => "write: dirname(path); the directory of this recipe: dirname(recipe_file())",
        ("File", "basename") => "write: basename(path)",
        ("File", "extname") => "write: extname(path)",
        ("File", "exist" | "exists" | "file") => "write: file_exists(path)",
        ("File", "directory") => "write: dir_exists(path)",
        ("File", "read" | "open" | "readlines") => "write: read_file(path)",
        ("File" | "IO", "write") => "write: write_file(path, text)",
        ("Dir", "glob" | "entries" | "") => "write: glob(\"pattern\")",
        ("Dir", "mktmpdir") => "write: temp_dir()",
        ("Dir", "pwd") | ("FileUtils", "pwd") | ("Rails", "root") => "the working directory: expand_path(\".\")",
        ("Time" | "Date" | "DateTime", "now" | "today" | "current") => match words.get(2).copied().unwrap_or("") {
            "to_i" => "write: unix_time()",
            "utc" => "write: utc_now(\"%Y%m%d%H%M%S\")",
            _ => "write: now(\"%Y%m%d%H%M%S\"), or utc_now(\"%Y%m%d%H%M%S\")",
        },
        ("YAML" | "Psych", "load_file") => "write: read_yaml(path)",
        ("YAML" | "Psych", "load" | "safe_load" | "parse") => "write: parse_yaml(text)",
        ("JSON", "parse" | "load") => "write: parse_json(text)",
        ("JSON" | "YAML", "dump" | "generate" | "pretty_generate") => "write: to_json(value)",
        ("Etc", _) => "write: ENV[\"USER\"]",
        ("Socket", _) => "write: chomp(run_locally(\"hostname\"))",
        ("SecureRandom", _) => "write: random_hex(16)",
        ("Digest" | "OpenSSL", _) => "write: sha256(text)",
        ("Base64", _) => "write: base64(text)",
        ("Shellwords", _) => "write: quote(text)",
        ("CGI" | "URI" | "ERB", "escape" | "encode" | "Util") => "write: url_escape(text)",
        ("IO" | "Open3" | "Kernel", _) => "write: run_locally(\"command\")",
        ("Rake" | "Task", _) => "a task is run by its name: invoke \"namespace:task\";",
        ("StringIO", _) => "a string is sent as it is: put text, path;",
        ("Rails" | "ActiveRecord" | "ActiveSupport", _) => {
            "a recipe is no part of the application; what that computes: run_locally(\"bin/rails runner …\")"
        }
        ("Capistrano", "CLI") => "a person is asked: ask(\"Question\", \"default\"), password_prompt(\"Password: \")",
        ("SSHKit", "config") if words.get(2) == Some(&"command_map") => {
            "the command is written as it is to run: run \"bundle exec rake …\";"
        }
        ("STDIN", _) => "a person is asked: ask(\"Question\"), password_prompt(\"Password: \")",
        ("SSHKit" | "Net" | "Airbrussh" | "Bundler", _) => "leave it out: capr does that by itself",
        ("__FILE__", _) => "write: recipe_file()",
        ("__dir__", _) => "write: dirname(recipe_file())",
        ("ENV", "fetch") => "write: ENV[\"NAME\"] ?? \"default\"",
        ("ENV", _) => "write: ENV[\"NAME\"]",
        _ => return None,
    })
}

/// Returns the hint for a library of Ruby that a recipe requires.
pub(in crate::recipe) fn library(name: &str) -> Option<&'static str> {
    let name = name.strip_suffix(".rb").unwrap_or(name);
    Some(match name {
        "rubygems" | "bundler" | "bundler/setup" | "yaml" | "json" | "erb" | "fileutils" | "time" | "date"
        | "pathname" | "etc" | "socket" | "securerandom" | "digest" | "open3" | "shellwords" | "uri" | "net/http"
        | "net/ssh" | "tempfile" | "ostruct" | "pp" | "base64" | "csv" | "logger" | "readline" | "highline"
        | "colorize" => "leave it out: what a recipe can do of it, its functions do",
        "capistrano/setup"
        | "capistrano/deploy"
        | "capistrano"
        | "capistrano/cli"
        | "capistrano/version"
        | "capistrano/ext/multistage"
        | "capistrano/multistage"
        | "capistrano/scm/git"
        | "capistrano/git"
        | "capistrano/framework"
        | "capistrano/recipes/deploy/scm/git"
        | "capistrano-ext" => "leave it out: the deploy library and stages are always there",
        _ if name.contains("config/boot") || name.contains("config/environment") => {
            "leave it out: a recipe is no part of the application"
        }
        _ if name.starts_with("capistrano/") || name.ends_with("/capistrano") || name.contains("capistrano") => {
            "a library of Ruby's does not come along: what its tasks ran stands in a task of the recipe, as run \"…\";"
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{instead, library};

    #[test]
    fn a_class_is_known_by_its_name_and_method() {
        for (rest, written) in [
            ("File.join(a, b)", Some("write: join_path(\"a\", \"b\")")),
            ("Time.now.to_i;", Some("write: unix_time()")),
            (
                "Rake::Task[\"x\"].invoke",
                Some("a task is run by its name: invoke \"namespace:task\";"),
            ),
            ("__FILE__);", Some("write: recipe_file()")),
            ("flipper.name", None),
            ("", None),
        ] {
            assert_eq!(instead(rest), written, "{rest}");
        }
    }

    #[test]
    fn libraries_of_ruby_are_known() {
        assert!(library("rubygems").is_some_and(|hint| hint.starts_with("leave it out")));
        assert!(library("bundler/capistrano").is_some_and(|hint| hint.contains("in a task")));
        assert_eq!(library("notify"), None);
    }
}
