//! The gems that are on this machine: finds the one that has a recipe library, and reads files of it.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::lock::{From, GemInLock, GemLock};
use super::places::{GemPlaces, entries};
use super::version::compare;
use crate::port::paths::{alternatives, folder, normal};
use crate::sort;

/// The size above which a file of a gem is not read, in bytes.
const LARGEST: u64 = 1 << 20;

/// The depth below the folder of a pattern to which files are looked for.
const DEEPEST: usize = 6;

/// A gem on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Gem {
    pub(super) name: String,
    /// The version, or the commit of a checkout.
    pub(super) version: String,
    pub(super) directory: PathBuf,
}

/// The gems on this machine that may have recipe libraries.
#[derive(Debug, Default)]
pub(super) struct Installed {
    locked: GemLock,
    /// The versions that a Gemfile without `Gemfile.lock` names.
    named: Vec<(String, String)>,
    /// Those of the directories that the person named, then the others, each list in the order of the search.
    gems: Vec<Gem>,
}

/// The gems that are never read: their work is that of capr.
const OWN: &[&str] = &[
    "airbrussh",
    "capistrano",
    "capistrano-ext",
    "net-scp",
    "net-ssh",
    "rake",
    "sshkit",
];

impl Installed {
    /// Looks at all places. An error is about a directory that the person named.
    pub(super) fn of(places: &GemPlaces, root: &Path) -> Result<Self, (PathBuf, io::Error)> {
        let locked = fs::read_to_string(root.join("Gemfile.lock")).map(|text| GemLock::of(&text));
        let gemfile = || fs::read_to_string(root.join("Gemfile")).unwrap_or_default();
        let named = match locked {
            Ok(_) => Vec::new(),
            Err(_) => GemLock::named(&gemfile()).collect(),
        };
        let locked = locked.unwrap_or_default();
        let mut gems = Vec::new();
        for named in &places.named {
            fs::read_dir(named).map_err(|error| (named.clone(), error))?;
            match is_gem(named) {
                true => gems.extend(checkout(named)),
                false => gems.extend(in_directory(named)),
            }
        }
        for gem in &locked.gems {
            if let From::Path(path) = &gem.from {
                gems.push(Gem {
                    name: gem.name.clone(),
                    version: gem.version.clone(),
                    directory: root.join(path),
                });
            }
        }
        for directory in places.directories(root) {
            gems.extend(in_directory(&directory));
        }
        gems.retain(|gem| !OWN.contains(&gem.name.as_str()));
        Ok(Self { locked, named, gems })
    }

    /// Returns the version of each gem in `Gemfile.lock`, or in a Gemfile without it.
    pub(super) fn versions(&self) -> BTreeMap<String, String> {
        let version = |gem: &GemInLock| (gem.name.clone(), gem.version.clone());
        sort::map(self.locked.gems.iter().map(version).chain(self.named.iter().cloned()))
    }

    /// Returns the gem that has a file under this path of `require`, and the path of the file in it.
    pub(super) fn with(&self, feature: &str) -> Option<(&Gem, String)> {
        let has = |gem: &&Gem| required(&gem.directory, feature).is_some();
        let locked = self.locked.gems.iter().filter_map(|locked| self.locked(locked));
        let gem = locked.into_iter().find(has).or_else(|| {
            // Another gem may have a library of the same name.
            match self.not_installed(feature) {
                Some(_) => {
                    let name = feature.replace('/', "-");
                    self.newest(self.gems.iter().filter(|gem| gem.name == name).filter(has))
                }
                None => self.newest(self.gems.iter().filter(has)),
            }
        })?;
        Some((gem, required(&gem.directory, feature)?))
    }

    /// Returns the gem in `Gemfile.lock` that most likely has this library and is not on this machine.
    pub(super) fn not_installed(&self, feature: &str) -> Option<&GemInLock> {
        let wanted = words(feature);
        let is_like = |gem: &&GemInLock| !wanted.is_empty() && wanted.starts_with(&words(&gem.name));
        let is_missing = |gem: &&GemInLock| !words(&gem.name).is_empty() && self.locked(gem).is_none();
        self.locked.gems.iter().filter(is_like).find(is_missing)
    }

    /// Returns a gem of `Gemfile.lock` as it is on this machine: that version, or the newest if it is not there.
    fn locked(&self, locked: &GemInLock) -> Option<&Gem> {
        let of_name = || self.gems.iter().filter(|gem| gem.name == locked.name);
        let exact = of_name().find(|gem| match &locked.from {
            From::Git { revision, .. } => !gem.version.is_empty() && revision.starts_with(&gem.version),
            _ => gem.version == locked.version,
        });
        exact.or_else(|| self.newest(of_name()))
    }

    fn newest<'a>(&self, gems: impl Iterator<Item = &'a Gem>) -> Option<&'a Gem> {
        gems.reduce(|best, gem| match compare(&gem.version, &best.version).is_gt() {
            true => gem,
            false => best,
        })
    }

    /// Returns the version that `Gemfile.lock` names for a gem, if it is another one.
    pub(super) fn other_version(&self, gem: &Gem) -> Option<&str> {
        let locked = self.locked.gem(&gem.name)?;
        let is_other = matches!(locked.from, From::Server) && locked.version != gem.version;
        is_other.then_some(locked.version.as_str())
    }
}

impl Gem {
    /// Returns the text of a file of the gem; `None` if it is not there, is too large, or lies outside of the gem.
    pub(super) fn read(&self, path: &str) -> Option<Vec<u8>> {
        let file = inside(&self.directory, path)?;
        let there = fs::metadata(&file).ok()?;
        match there.is_file() && there.len() <= LARGEST {
            true => fs::read(file).ok(),
            false => None,
        }
    }

    /// Returns the path in the gem of a file that is loaded by its path, which may lack the ending.
    pub(super) fn file(&self, path: &str) -> Option<String> {
        let with_endings = ["", ".rb", ".rake", ".cap"].iter();
        let mut names = with_endings.map(|ending| format!("{path}{ending}"));
        names.find(|name| inside(&self.directory, name).is_some_and(|file| file.is_file()))
    }

    /// Returns the path in the gem of a file that `require` finds under this name.
    pub(super) fn required(&self, feature: &str) -> Option<String> {
        required(&self.directory, feature)
    }

    /// Returns the files that a pattern names, in order. Links are not followed.
    pub(super) fn matching(&self, pattern: &str) -> Vec<String> {
        let fixed = pattern.split(['*', '?', '[', '{']).next().unwrap_or("");
        let folder = folder(fixed);
        let options = glob::MatchOptions {
            require_literal_separator: true,
            ..glob::MatchOptions::new()
        };
        let patterns = alternatives(pattern);
        let patterns: Vec<_> = patterns
            .iter()
            .filter_map(|text| glob::Pattern::new(text).ok())
            .collect();
        let Some(real) = inside(&self.directory, folder) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        below(&real, folder, DEEPEST, &mut found);
        found.retain(|path| patterns.iter().any(|pattern| pattern.matches_with(path, options)));
        found
    }

    /// Returns the licence that the gem names.
    pub(super) fn licence(&self) -> Option<String> {
        let spec = entries(&self.directory)
            .into_iter()
            .find(|path| path.extension().is_some_and(|ending| ending == "gemspec"));
        let spec = spec.and_then(|path| fs::read_to_string(path).ok());
        let of_spec = spec.as_deref().and_then(|text| {
            let line = text.lines().map(str::trim).find(|line| {
                let is_licence =
                    line.contains(".license =") || line.contains(".licenses =") || line.contains(".license=");
                is_licence && !line.starts_with('#')
            })?;
            let names: Vec<&str> = line.split(['"', '\'']).skip(1).step_by(2).collect();
            (!names.is_empty()).then(|| names.join(", "))
        });
        of_spec.or_else(|| {
            let file = ["LICENSE", "LICENSE.txt", "LICENSE.md", "MIT-LICENSE", "COPYING"];
            let text = file.iter().find_map(|name| self.read(name))?;
            let text = String::from_utf8_lossy(&text);
            let line = text
                .lines()
                .map(|line| line.trim_matches(['#', ' ', '=']))
                .find(|line| !line.is_empty())?;
            Some(line.chars().filter(|c| !c.is_control()).take(80).collect())
        })
    }
}

/// Returns the path of a file in a gem that `require` finds under this name.
fn required(directory: &Path, feature: &str) -> Option<String> {
    let feature = normal(feature).filter(|path| !path.is_empty())?;
    let mut names = match feature.rsplit_once('.') {
        Some((_, "rb" | "rake" | "cap")) => vec![format!("lib/{feature}")],
        _ => vec![format!("lib/{feature}.rb")],
    };
    names.retain(|name| inside(directory, name).is_some_and(|file| file.is_file()));
    names.pop()
}

/// Returns the real path of a file that lies inside a directory, whatever links are on the way.
pub(super) fn inside(directory: &Path, path: &str) -> Option<PathBuf> {
    let path = normal(path)?;
    let real = fs::canonicalize(directory.join(path)).ok()?;
    real.starts_with(fs::canonicalize(directory).ok()?).then_some(real)
}

/// Adds the paths of the files below a folder of a gem, to this depth.
fn below(directory: &Path, name: &str, depth: usize, found: &mut Vec<String>) {
    for path in entries(directory) {
        let Some(own) = path.file_name().and_then(|own| own.to_str()) else {
            continue;
        };
        let own = if name.is_empty() {
            own.to_owned()
        } else {
            format!("{name}/{own}")
        };
        match fs::symlink_metadata(&path) {
            Ok(there) if there.is_dir() && depth > 0 => below(&path, &own, depth - 1, found),
            Ok(there) if there.is_file() => found.push(own),
            _ => {}
        }
    }
}

/// Returns the gems in a directory whose entries are gems.
fn in_directory(directory: &Path) -> Vec<Gem> {
    let entries = entries(directory).into_iter().filter(|path| path.is_dir());
    entries.flat_map(|path| checkout(&path)).collect()
}

/// Returns the gem in a directory: by its name, `NAME-VERSION`, and for a checkout by its gemspecs.
fn checkout(directory: &Path) -> Vec<Gem> {
    let name = directory.file_name().map(|name| name.to_string_lossy().into_owned());
    let Some(name) = name else { return Vec::new() };
    let gem = |name: &str, version: &str| Gem {
        name: name.to_owned(),
        version: version.to_owned(),
        directory: directory.to_owned(),
    };
    if let Some((name, version)) = split(&name) {
        return vec![gem(name, version)];
    }
    // `bundler/gems/REPOSITORY-COMMIT`, or a checkout of a person.
    let (repository, commit) = match name.rsplit_once('-') {
        Some((repository, commit)) if commit.len() >= 7 && commit.chars().all(|c| c.is_ascii_hexdigit()) => {
            (repository, commit)
        }
        _ => (name.as_str(), ""),
    };
    let specs = entries(directory).into_iter().filter_map(|path| {
        let is_spec = path.extension().is_some_and(|ending| ending == "gemspec");
        let stem = path.file_stem()?.to_string_lossy().into_owned();
        is_spec.then_some(stem)
    });
    let mut gems: Vec<Gem> = specs.map(|name| gem(&name, commit)).collect();
    if gems.is_empty() && directory.join("lib").is_dir() {
        gems.push(gem(repository, commit));
    }
    gems
}

/// Returns the name and the version in `NAME-VERSION`, without the platform.
fn split(name: &str) -> Option<(&str, &str)> {
    let begins = |(at, _): &(usize, &str)| {
        let rest = name.get(at + 1..).unwrap_or("");
        let version = rest.split('-').next().unwrap_or("");
        let is_number = |part: &str| part.chars().next().is_some_and(|c| c.is_ascii_digit());
        is_number(version) && version.contains('.')
    };
    let (at, _) = name.match_indices('-').find(begins)?;
    let (name, rest) = name.split_at(at);
    let version = rest.trim_start_matches('-').split('-').next()?;
    Some((name, version))
}

/// Returns true if a directory is a gem itself.
fn is_gem(directory: &Path) -> bool {
    let is_spec = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "gemspec");
    directory.join("lib").is_dir() || entries(directory).iter().any(is_spec)
}

/// Returns the words in the name of a gem or a library, without those that all of them have.
fn words(name: &str) -> Vec<String> {
    let parts = name.split(['/', '-', '_', '.']).map(str::to_lowercase);
    let is_common = |part: &str| {
        matches!(
            part,
            "" | "capistrano" | "capistrano3" | "cap" | "ruby" | "rb" | "recipes" | "recipe"
        )
    };
    parts.filter(|part| !is_common(part)).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::Path;

    use super::{GemPlaces, Installed, split};

    fn write(root: &Path, files: &[(&str, &str)]) {
        for (path, text) in files {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
    }

    fn installed(root: &Path, named: &str) -> Installed {
        let places = GemPlaces {
            named: vec![root.join(named)],
            ..GemPlaces::default()
        };
        Installed::of(&places, &root.join("app")).unwrap()
    }

    fn found(installed: &Installed, feature: &str) -> Option<(String, String, String)> {
        let (gem, path) = installed.with(feature)?;
        Some((gem.name.clone(), gem.version.clone(), path))
    }

    #[test]
    fn the_name_of_a_directory_tells_the_gem_and_its_version() {
        assert_eq!(split("capistrano3-nginx-2.1.6"), Some(("capistrano3-nginx", "2.1.6")));
        assert_eq!(split("nokogiri-1.15.4-x86_64-linux"), Some(("nokogiri", "1.15.4")));
        assert_eq!(split("a-2-b-1.0.rc1"), Some(("a-2-b", "1.0.rc1")));
        assert_eq!(split("own-0123456789ab"), None);
    }

    #[test]
    fn the_version_in_the_lock_file_is_read_and_else_the_newest() {
        let there = tempfile::tempdir().unwrap();
        let root = there.path();
        let library = "lib/capistrano/a.rb";
        for version in ["1.2.0", "1.10.0", "1.9.0"] {
            write(root, &[(&format!("gems/capistrano-a-{version}/{library}"), "")]);
        }
        let version = |feature| found(&installed(root, "gems"), feature).map(|(_, version, _)| version);
        assert_eq!(version("capistrano/a").as_deref(), Some("1.10.0"));
        assert_eq!(version("capistrano/b"), None);
        write(
            root,
            &[("app/Gemfile.lock", "GEM\n  specs:\n    capistrano-a (1.2.0)\n")],
        );
        assert_eq!(version("capistrano/a").as_deref(), Some("1.2.0"));
        write(
            root,
            &[("app/Gemfile.lock", "GEM\n  specs:\n    capistrano-a (1.3.0)\n")],
        );
        assert_eq!(version("capistrano/a").as_deref(), Some("1.10.0"));
        let installed = installed(root, "gems");
        let (gem, _) = installed.with("capistrano/a").unwrap();
        assert_eq!(installed.other_version(gem), Some("1.3.0"));
    }

    #[test]
    fn a_gem_that_is_locked_and_not_installed_is_not_replaced_by_another_one() {
        let there = tempfile::tempdir().unwrap();
        let root = there.path();
        write(
            root,
            &[
                ("gems/capistrano3-nginx-2.0.0/lib/capistrano/nginx.rb", ""),
                ("app/Gemfile.lock", "GEM\n  specs:\n    capistrano-nginx (1.0.0)\n"),
            ],
        );
        let installed = installed(root, "gems");
        assert_eq!(found(&installed, "capistrano/nginx"), None);
        // The name of a gem tells its library better than the beginning of a name.
        write(
            root,
            &[
                ("gems/a-tasks-1.0.0/lib/a-tasks.rb", ""),
                ("app/Gemfile.lock", "GEM\n  specs:\n    a (1.0.0)\n"),
            ],
        );
        assert!(found(&self::installed(root, "gems"), "a-tasks").is_some());
        let missing = installed.not_installed("capistrano/nginx").unwrap();
        assert_eq!(
            (missing.name.as_str(), missing.version.as_str()),
            ("capistrano-nginx", "1.0.0")
        );
    }

    #[test]
    fn gems_of_repositories_and_directories_are_found_where_bundler_has_them() {
        let there = tempfile::tempdir().unwrap();
        let root = there.path();
        let lock = "GIT\n  remote: https://github.com/a/tools.git\n  revision: 0123456789abcdef\n  specs:\n    capistrano-own (0.2.0)\n\
                    PATH\n  remote: engines/near\n  specs:\n    capistrano-near (0.1)\n";
        write(
            root,
            &[
                ("app/Gemfile.lock", lock),
                ("app/engines/near/lib/capistrano/near.rb", ""),
                (
                    "app/vendor/bundle/ruby/3.1.0/bundler/gems/tools-0123456789ab/capistrano-own.gemspec",
                    "",
                ),
                (
                    "app/vendor/bundle/ruby/3.1.0/bundler/gems/tools-0123456789ab/lib/capistrano/own.rb",
                    "",
                ),
            ],
        );
        let installed = Installed::of(&GemPlaces::default(), &root.join("app")).unwrap();
        let name = |feature| found(&installed, feature).map(|(name, ..)| name);
        assert_eq!(name("capistrano/own").as_deref(), Some("capistrano-own"));
        assert_eq!(name("capistrano/near").as_deref(), Some("capistrano-near"));
    }

    #[test]
    fn one_gem_and_a_checkout_may_be_named() {
        let there = tempfile::tempdir().unwrap();
        let root = there.path();
        write(
            root,
            &[
                ("src/own/lib/own/tasks.rb", ""),
                (
                    "src/own/own.gemspec",
                    "Gem::Specification.new { |s| s.licenses = ['MIT', 'BSD'] }\n",
                ),
            ],
        );
        for named in ["src", "src/own"] {
            let installed = installed(root, named);
            let (gem, path) = installed.with("own/tasks").unwrap();
            assert_eq!((gem.name.as_str(), path.as_str()), ("own", "lib/own/tasks.rb"));
            assert_eq!(gem.licence().as_deref(), Some("MIT, BSD"));
        }
    }

    #[test]
    fn links_that_leave_the_gem_or_go_round_in_circles_are_not_followed() {
        let there = tempfile::tempdir().unwrap();
        let root = there.path();
        write(root, &[("secret.rb", "x"), ("gems/a-1.0/lib/there.rb", "y")]);
        symlink(root.join("secret.rb"), root.join("gems/a-1.0/lib/out.rb")).unwrap();
        symlink("round.rb", root.join("gems/a-1.0/lib/round.rb")).unwrap();
        symlink("there.rb", root.join("gems/a-1.0/lib/other.rb")).unwrap();
        let installed = installed(root, "gems");
        assert!(installed.with("out").is_none());
        assert!(installed.with("round").is_none());
        assert!(installed.with("../../../secret").is_none());
        let (gem, path) = installed.with("other").unwrap();
        assert_eq!(gem.read(&path).as_deref(), Some(&b"y"[..]));
        assert_eq!(gem.read("lib/../../../secret.rb"), None);
    }

    #[test]
    fn a_directory_that_was_named_and_is_not_there_is_an_error() {
        let places = GemPlaces {
            named: vec!["/nowhere/gems".into()],
            ..GemPlaces::default()
        };
        assert!(Installed::of(&places, Path::new("/nowhere")).is_err());
    }
}
