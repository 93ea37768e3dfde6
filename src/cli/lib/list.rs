//! `capr lib list`: the libraries of a project, and the state of each.

use std::path::Path;

use serde::Serialize;

use crate::libraries::{LibraryState, Locked};

use super::show::short;
use super::take::commit;
use super::{Call, NOTHING_ADDED, Wrong};

/// A line of `--json`.
#[derive(Serialize)]
struct Line<'a> {
    name: &'a str,
    version: Option<&'a str>,
    source: String,
    revision: Option<&'a str>,
    sha256: &'a str,
    /// `here`, `missing`, `changed`, or `unsettled` if `capr.toml` says something else.
    state: &'static str,
    path: Option<String>,
    needs: &'a [String],
    /// True if the project itself wants it.
    wanted: bool,
    /// The recipe that is found before it, if there is one.
    hidden_by: Option<String>,
}

impl Call<'_> {
    pub(super) fn list(&mut self) -> Result<u8, Wrong> {
        let unsettled = self.project.unsettled();
        let mut code = 0;
        for locked in &self.project.lock.libraries {
            let is_settled = !unsettled.contains(&locked.name.as_str());
            let line = self.line(locked, is_settled);
            code = code.max(u8::from(line.state != "here"));
            match self.options.json {
                true => self
                    .console
                    .data(&format!("{}\n", serde_json::to_string(&line).unwrap_or_default())),
                false => self.tell(&told(&line)),
            }
        }
        let lacking = unsettled.iter().filter(|name| self.project.lock.get(name).is_none());
        for name in lacking {
            code = 1;
            let Some(source) = self.project.manifest.libraries.get(*name) else {
                continue;
            };
            match self.options.json {
                true => {
                    let line = serde_json::json!({ "name": name, "source": source.to_string(), "state": "unsettled", "wanted": true });
                    self.console.data(&format!("{line}\n"));
                }
                false => self.tell(&format!("{name} of {source}: not fetched yet: capr lib fetch\n")),
            }
        }
        if self.has_added_nothing() && !self.options.json {
            self.tell(NOTHING_ADDED);
        }
        Ok(code)
    }

    fn line<'a>(&self, locked: &'a Locked, is_settled: bool) -> Line<'a> {
        let (state, path) = match self.project.places.state(locked, &self.trust) {
            LibraryState::Here(_, path) => ("here", Some(path)),
            LibraryState::Missing => ("missing", None),
            LibraryState::Wrong(path, _) => ("changed", Some(path)),
        };
        Line {
            name: &locked.name,
            version: locked.version.as_deref(),
            source: locked.source.to_string(),
            revision: locked.revision.as_deref(),
            sha256: &locked.tree,
            state: if is_settled { state } else { "unsettled" },
            path: path.map(|path| self.shown(&path)),
            needs: &locked.needs,
            wanted: self.project.manifest.libraries.contains_key(&locked.name),
            hidden_by: self.hidden_by(&locked.name),
        }
    }

    fn shown(&self, path: &Path) -> String {
        path.strip_prefix(&self.shell.directory)
            .unwrap_or(path)
            .display()
            .to_string()
    }

    /// Returns the recipe of the project, or of `CAPR_PATH`, that `require` finds before the library.
    fn hidden_by(&self, name: &str) -> Option<String> {
        let project = &self.project.places.project;
        let listed = self.shell.variable("CAPR_PATH").unwrap_or_default().split(':');
        let listed = listed
            .filter(|directory| !directory.is_empty())
            .map(|directory| self.shell.directory.join(directory));
        let own = ["lib/capr", "config/lib/capr"].map(|directory| project.join(directory));
        let mut files = own
            .into_iter()
            .chain(listed)
            .flat_map(|directory| [directory.join(name), directory.join(format!("{name}.rhai"))]);
        files.find(|file| file.is_file()).map(|file| self.shown(&file))
    }
}

fn told(line: &Line) -> String {
    let version = line.version.map(|version| format!(" {version}")).unwrap_or_default();
    let by = if line.wanted { "" } else { ", which another needs" };
    let mut text = format!(
        "{}{version} of {}{}, SHA-256 {}{by}\n",
        line.name,
        line.source,
        commit(line.revision),
        short(line.sha256)
    );
    let path = line.path.as_deref().unwrap_or("");
    let said = match line.state {
        "here" => format!("in {path}"),
        "missing" => "not on this machine: capr lib fetch".to_owned(),
        "changed" => format!("in {path}, which somebody has changed"),
        _ => "capr.toml says something else: capr lib fetch".to_owned(),
    };
    text.push_str(&format!("  {said}\n"));
    if let Some(file) = &line.hidden_by {
        text.push_str(&format!("  require finds {file} before it\n"));
    }
    text
}
