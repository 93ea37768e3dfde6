//! Reads `Gemfile.lock`: the gems of a project with their versions.

/// The gems that a project has locked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct GemLock {
    /// The gems with their versions, in the order of the file.
    pub(super) gems: Vec<GemInLock>,
}

/// A gem with its version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct GemInLock {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) from: From,
}

/// The place from which Bundler gets a gem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum From {
    /// A server of gems.
    Server,
    /// A repository at a commit.
    Git { remote: String, revision: String },
    /// A directory, relative to the project.
    Path(String),
}

impl GemLock {
    /// Reads the text of the file. Lines of a kind that is not known are passed over.
    pub(super) fn of(text: &str) -> Self {
        let mut gems = Vec::new();
        let (mut section, mut remote, mut revision, mut is_specs) = ("", "", "", false);
        for line in text.lines() {
            let indent = line.len() - line.trim_start().len();
            let word = line.trim();
            match indent {
                0 => (section, remote, revision, is_specs) = (word, "", "", false),
                2 if word == "specs:" => is_specs = true,
                2 => match word.split_once(": ") {
                    Some(("remote", value)) => remote = value,
                    Some(("revision", value)) => revision = value,
                    _ => {}
                },
                4 if is_specs => {
                    let Some((name, version)) = word.split_once(" (") else {
                        continue;
                    };
                    let from = match section {
                        "GIT" => From::Git {
                            remote: remote.to_owned(),
                            revision: revision.to_owned(),
                        },
                        "PATH" => From::Path(remote.to_owned()),
                        _ => From::Server,
                    };
                    gems.push(GemInLock {
                        name: name.to_owned(),
                        version: version.trim_end_matches(')').to_owned(),
                        from,
                    });
                }
                _ => {}
            }
        }
        Self { gems }
    }

    /// Returns the versions that a Gemfile itself names: `gem "capistrano", "~> 2.15"`.
    pub(super) fn named(gemfile: &str) -> impl Iterator<Item = (String, String)> {
        gemfile.lines().filter_map(|line| {
            let mut quoted = line.trim_start().strip_prefix("gem")?.split(['\'', '"']).skip(1);
            let (name, between) = (quoted.next()?, quoted.next()?);
            let version = quoted.next()?.trim_start_matches("~>").trim_start_matches('=').trim();
            let is_version = between.trim() == "," && version.starts_with(|c: char| c.is_ascii_digit());
            is_version.then(|| (name.to_owned(), version.to_owned()))
        })
    }

    /// Returns the locked gem of this name.
    pub(super) fn gem(&self, name: &str) -> Option<&GemInLock> {
        self.gems.iter().find(|gem| gem.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::{From, GemLock};

    #[test]
    fn a_gemfile_names_versions() {
        let text = "source 'https://rubygems.org'\n# gem 'a', '1'\ngem 'rake'\n  gem \"capistrano\", '~> 2.15'\ngem('b', '0.1', :require => nil)\n\
                    gem 'c', :git => '1.0'\ngem 'd', \"< 3\"\ngem 'e', '>= 2'\n";
        let named: Vec<_> = GemLock::named(text).collect();
        let own = |name: &str, version: &str| (name.to_owned(), version.to_owned());
        assert_eq!(named, [own("capistrano", "2.15"), own("b", "0.1")]);
    }

    const TEXT: &str = "GIT\n  remote: https://github.com/a/capistrano-own.git\n  revision: 0123456789abcdef\n  branch: main\n  specs:\n    capistrano-own (0.2.0)\n      capistrano (~> 3.0)\n\nPATH\n  remote: vendor/tools\n  specs:\n    tools (1.0)\n\nGEM\n  remote: https://rubygems.org/\n  specs:\n    capistrano (3.11.0)\n      airbrussh (>= 1.0.0)\n    nokogiri (1.15.4-x86_64-linux)\n\nDEPENDENCIES\n  capistrano\n  capistrano-own!\n\nBUNDLED WITH\n   2.3.5\n";

    #[test]
    fn gems_of_servers_repositories_and_directories_are_told_apart() {
        let locked = GemLock::of(TEXT);
        let names: Vec<(&str, &str)> = locked
            .gems
            .iter()
            .map(|gem| (gem.name.as_str(), gem.version.as_str()))
            .collect();
        assert_eq!(
            names,
            [
                ("capistrano-own", "0.2.0"),
                ("tools", "1.0"),
                ("capistrano", "3.11.0"),
                ("nokogiri", "1.15.4-x86_64-linux")
            ]
        );
        let of = |name: &str| locked.gem(name).map(|gem| gem.from.clone());
        assert_eq!(
            of("capistrano-own"),
            Some(From::Git {
                remote: "https://github.com/a/capistrano-own.git".to_owned(),
                revision: "0123456789abcdef".to_owned()
            })
        );
        assert_eq!(of("tools"), Some(From::Path("vendor/tools".to_owned())));
        assert_eq!(of("capistrano"), Some(From::Server));
        assert_eq!(of("airbrussh"), None);
    }

    #[test]
    fn any_text_is_read_without_an_error() {
        assert_eq!(GemLock::of("\u{0}\n  specs:\n    x\n    y (\n").gems.len(), 1);
        assert_eq!(GemLock::of("<<<<<<< HEAD\n    a (1)\n").gems, []);
    }
}
