//! Reads the words that bring files to servers and from them.

use ruby_prism::{CallNode, Node};

use super::super::form::{Call, Expr, Line, Part, Statement, string};
use super::super::note::{Kind, Read};
use super::super::ruby::{arguments, literal};
use super::Reader;
use super::commands::opened;

impl Reader<'_> {
    /// Reads `put`, `get`, `upload`, `download` and `delete`.
    pub(super) fn transfer(&mut self, call: &CallNode<'_>, name: &str) -> Read<Vec<Line>> {
        let given = arguments(call, true);
        if given.has_splat {
            return self.refuse(Kind::Construct, format!("`{name}` of this kind"));
        }
        if call.block().is_some() {
            self.remarks
                .push(format!("`{name}` with a block: capr shows the progress itself"));
        }
        let mut values = given.values;
        let mut verb = name.trim_end_matches('!').to_owned();
        if verb == "transfer" {
            verb = values.first().and_then(literal).map_or("upload".to_owned(), |way| {
                if way == "down" {
                    "download".to_owned()
                } else {
                    "upload".to_owned()
                }
            });
            values.remove(0);
        }
        if let Some(first) = values.first_mut()
            && let Some(path) = opened(first)
        {
            *first = path;
        }
        if let ("download!", Some(target)) = (name, self.downloaded_into(&values)?) {
            return Ok(target);
        }
        let is_string = values.first().is_some_and(|node| self.is_string(node));
        if verb == "upload" && is_string {
            verb = "put".to_owned();
        }
        let mut options = Vec::new();
        let mut kept = Vec::new();
        let mut by_scp = false;
        for (key, value) in given.pairs {
            match literal(&key).as_deref() {
                Some("via") => by_scp = self.facts.version < 3 && literal(&value).as_deref() == Some("scp"),
                Some("log_percent" | "verbosity" | "scp") => {}
                _ => kept.push((key, value)),
            }
        }
        options.extend(self.options(&verb, &kept)?);
        let mut values = self.expressions(&values)?;
        if let [from, to] = values.as_mut_slice() {
            let is_whole = options.iter().any(|(name, _)| name == "recursive");
            if is_whole && by_scp {
                self.remarks.push(
                    "`:via => :scp` with a directory: scp puts it into the directory that it is sent to where that is there, capr puts what is in \
                     it there; a path that ends with `/`, and `public`, `app`, `config`, `lib` and `vendor` of a release, are taken for directories \
                     that are there"
                        .to_owned(),
                );
            }
            if is_whole && by_scp && is_in_release(to) {
                *to = string([to.clone().parts(), vec![Part::Text("/".to_owned())]].concat());
            }
            into_directory(from, to, is_whole && !by_scp);
        }
        options.extend(self.onion.servers.clone());
        if self.onion.is_local {
            return self.refuse(Kind::Construct, format!("`{name}` in `run_locally`"));
        }
        Ok(vec![Line::verb(Call {
            options,
            ..Call::new(&verb, values)
        })])
    }

    /// Reads `download!` of a file into a string, or of one whose content nobody takes; `None` where it becomes a file of this machine.
    fn downloaded_into(&mut self, values: &[Node<'_>]) -> Read<Option<Vec<Line>>> {
        let (path, target) = match values {
            [path] => (path, None),
            [path, target] if self.is_string(target) => (path, Some(self.expression(target)?)),
            _ => return Ok(None),
        };
        let content = self.downloaded(path)?;
        Ok(Some(vec![Line::new(match target {
            Some(target) => Statement::Assign(target, "=", content),
            None => Statement::Value(content),
        })]))
    }

    /// Returns the content of a file of a server: `download!("/etc/hosts")`.
    pub(super) fn downloaded(&mut self, path: &Node<'_>) -> Read<Expr> {
        let path = self.expression(path)?;
        let is_plain = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c));
        let path = match path.literal() {
            Some(text) if is_plain(text) => Part::Text(text.to_owned()),
            _ => Part::Value(Expr::call("quote", vec![path])),
        };
        let command = string(vec![Part::Text("cat ".to_owned()), path]);
        Ok(Expr::Call(Call {
            options: self.onion.servers.clone(),
            ..Call::new("capture", vec![command])
        }))
    }
}

/// Returns true for the directory of a release, and for one in it that applications have in their repository.
fn is_in_release(place: &Expr) -> bool {
    const RELEASES: &[&str] = &["current_path", "release_path", "current_release", "latest_release"];
    let is_release = |value: &Expr| match value {
        Expr::Name(name) => RELEASES.contains(&name.as_str()),
        _ => false,
    };
    match place.clone().parts().as_slice() {
        [Part::Value(release)] => is_release(release),
        [Part::Value(release), Part::Text(inside)] => {
            is_release(release) && matches!(inside.as_str(), "/app" | "/config" | "/lib" | "/public" | "/vendor")
        }
        _ => false,
    }
}

/// Completes the place of a file in a directory, where it gets its own name: `download! "/x/f", "."`. A place with a slash at its end is one,
/// unless a whole directory is sent to it.
fn into_directory(from: &Expr, to: &mut Expr, is_whole: bool) {
    let mut place = to.clone().parts();
    let is_alone = place.len() == 1;
    let Some(Part::Text(end)) = place.last_mut() else {
        return;
    };
    let is_here = is_alone && matches!(end.trim_end_matches('/'), "." | "..");
    if !is_here && (is_whole || !end.ends_with('/')) {
        return;
    }
    if !end.ends_with('/') {
        end.push('/');
    }
    place.push(match from.literal().and_then(|path| path.rsplit('/').next()) {
        Some(name) if !name.is_empty() => Part::Text(name.to_owned()),
        _ => Part::Value(Expr::call("basename", vec![from.clone()])),
    });
    *to = string(place);
}

#[cfg(test)]
mod tests {
    use super::super::super::construct_tests::carried;

    #[test]
    fn a_file_is_downloaded_into_a_string_and_a_value_of_another_user_is_given_by_a_block() {
        carried(
            "task :t do\n  on roles(:app) do\n    x = download!('/b')\n    io = StringIO.new\n    download! '/e f', io\n    \
             y = as('u') { capture(:ls) }\n    puts x, y, io.string\n  end\nend\n",
            &[
                "let x = capture(\"cat /b\");",
                "io = capture(`cat ${quote(\"/e f\")}`);",
                "let y = strip({\n      as \"u\" {\n        capture(\"ls\")\n      }\n    });",
            ],
        );
    }
}
