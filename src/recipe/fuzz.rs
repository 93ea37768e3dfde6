//! Targets of `scripts/fuzz`: the answers of a server to `get` and `download`, and recipes that are formatted.

use std::fs;

use crate::configuration::Server;
use crate::fuzz::Target;

use super::format::format;
use super::running::download::Downloads;
use super::running::stack::on_large_stack;
use crate::diagnostic::Fault;

/// The targets of this folder.
pub(crate) const TARGETS: &[Target] = &[TRANSFER, FORMAT];

const TRANSFER: Target = Target {
    name: "transfer",
    about: "a server that sends a file or a directory",
    seeds: &[
        b"\x07\0capr:file 12 644\nsome content",
        b"\x08motd of a login shell\n\0capr:file  \ncontent",
        b"\xff\0capr:tar\n",
        b"\xfe\0capr:file 0 600\n",
    ],
    words: &[
        "\0capr:file ",
        "\0capr:tar\n",
        "\0capr:",
        "18446744073709551615 7777\n",
        "-1 -1\n",
        "99999999999999999999 99999999999\n",
        " ",
        "\n",
        "\0",
    ],
    read: read_transfer,
};

const FORMAT: Target = Target {
    name: "format",
    about: "a recipe that is formatted",
    seeds: &[
        include_bytes!("../../stdlib/variables.rhai"),
        include_bytes!("../../stdlib/restart.rhai"),
        include_bytes!("../../stdlib/scm/copy.rhai"),
        include_bytes!("../../stdlib/lib/notify.rhai"),
        include_bytes!("../../scripts/flipper.rhai"),
        b"#!/usr/bin/capr\nlet f = |a, b| a + -b; let g = || 1; // c\nswitch x { 1 | 2 => a, 3 => { b } _ => -1 }\nlet y = if a { 1 } else { 2 };\n",
        b"run \"x\", :dir => \"/\", |c, s, d| { puts d[0] ?? 1e-5; }\ndo { a } while !b;\ntry { throw 'x'; } catch (e) { puts (1 + 2) * 3; }\n",
        b"set :x, #{ a: 1, \"b\": [1, 2, /* c */ 3], }; puts(x.a?.b ** 2, `\\`, #\"a\"b\"#); if x !in [0..5, 1..=2] { f!(x); }\n",
    ],
    words: &[
        "{", "}", "#{", "${", "`", "\\", "\"", "'", "|", "||", "(", ")", "()", "( )", "[", "]", "?[", ",", ";", ":", "::", "=>", "=", "-", "!",
        " ", "\n", "\n\n", "\r\n", "\t", "// c\n", "/* c */", "/*\n*/", "///", "#!", "#\"", "\"#", ".", "..", "..=", "?.", "??", "1e-5", "0x1e-1",
        "0644", "if ", " else ", "catch", "switch ", "do ", "while ", "loop ", "fn f(x) ", "private ", "let x = ", "return ", "run ", "puts ",
        "set :x", "task :t ", ":roles => :app", "|a, b| ", "!in ", " in ", "import \"a\" as b;", "exists", "\u{feff}", "é",
        "\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"",
    ],
    read: read_format,
};

/// Reads an answer. The first byte gives the size of the pieces in which the others come, and says if the answer may be a
/// directory. Returns true if something was put into its place.
fn read_transfer(bytes: &[u8]) -> bool {
    let (first, bytes) = bytes.split_first().unwrap_or((&1, &[]));
    let Ok(home) = tempfile::tempdir() else { return false };
    let downloads = Downloads::new("got", home.path().join("got"), first & 1 == 1, None);
    let server = Server::host("app1");
    let taken = bytes
        .chunks(usize::from(first >> 1).max(1))
        .try_for_each(|piece| downloads.take(&server, piece).map(drop));
    let is_kept = match &taken {
        Ok(()) => downloads.keep(&[], &|| false).errors.is_empty() && !bytes.is_empty(),
        Err(_) => {
            downloads.keep(&[&server], &|| false);
            false
        }
    };
    drop(downloads);
    let mut names = fs::read_dir(home.path()).into_iter().flatten().flatten();
    let found = names.next().map(|entry| entry.file_name());
    assert_eq!(found, is_kept.then(|| "got".into()), "{taken:?}");
    assert!(names.next().is_none(), "something is left beside the file");
    is_kept
}

/// Formats a source; returns true if it is a recipe. The result has to consist of the same calls, and formatting it again must
/// not change it.
fn read_format(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let read = on_large_stack(|| match format("recipe.rhai", &text) {
        Ok(formatted) => {
            let again = format("recipe.rhai", &formatted);
            assert_eq!(
                again.ok().as_deref(),
                Some(formatted.as_str()),
                "formatted twice it is another text"
            );
            true
        }
        Err(wrong) => {
            let is_own = wrong.iter().find(|wrong| wrong.fault != Fault::Recipe);
            assert!(is_own.is_none(), "{is_own:?}");
            false
        }
    });
    read.unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::{FORMAT, TRANSFER};

    #[test]
    fn what_a_server_sends_as_a_file_is_survived() {
        crate::fuzz::survives(&[TRANSFER], 1500);
    }

    #[test]
    fn what_was_formatted_says_the_same_and_is_not_changed_again() {
        crate::fuzz::survives(&[FORMAT], 300);
    }
}
