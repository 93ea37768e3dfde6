//! Differences between gems and the libraries of capr in their place: which program runs a server of the application, and what their
//! versions take where a recipe says nothing.

use std::collections::BTreeSet;

use ruby_prism::Node;

use super::super::form::{Block, Call, Expr, Line, Part};
use super::super::note::Read;
use super::super::ruby::literal;
use super::Reader;

impl Reader<'_> {
    /// Returns what a gem does otherwise than the library of capr in its place.
    pub(super) fn as_gem(&mut self, path: &str) -> Vec<Line> {
        let mut lines = Vec::new();
        let has_plugin = |name: &str| self.facts.version > 2 && self.facts.plugins.contains(name);
        if path == "capistrano/puma/monit" || path == "capistrano/puma" && has_plugin("Capistrano::Puma::Monit") {
            self.remarks.push(
                "monit and puma: the gem says `monit unmonitor` before `deploy:updating` and `monit monitor` after `deploy:published`; capr says \
                 nothing to monit. Add both as hooks if monit starts puma"
                    .to_owned(),
            );
        }
        let by_plugin = path == "capistrano/sidekiq" && has_plugin("Capistrano::Sidekiq::Monit");
        if by_plugin || path == "capistrano/sidekiq/monit" {
            self.remarks.push(
                "monit and sidekiq: capr has monit look away during a deploy, and does not write its file (`sidekiq:monit:config`)".to_owned(),
            );
        }
        if by_plugin {
            lines.push(Line::verb(Call::new("require", vec![Expr::text("sidekiq/monit")])));
        }
        if by_plugin || path == "capistrano/sidekiq/monit" {
            lines.extend(self.as_gem_of_monit(by_plugin));
        }
        if self.facts.version < 3 {
            lines.extend(self.as_gem_of_two(path));
        }
        match path {
            // It says so while it is loaded, and a Capfile is read before the stage is known.
            "capistrano-db-tasks" if self.facts.version > 2 && self.is_capfile() => {
                self.remarks.push(
                    "`rails_env` is \"production\" in all stages that do not say otherwise: `capistrano-db-tasks` in a Capfile sets it so".to_owned(),
                );
                let set = vec![Expr::symbol("rails_env"), Expr::text("production")];
                lines.push(Line::verb(Call::new("set", set)));
            }
            "capistrano/puma" if self.facts.version > 2 => lines.extend(self.as_gem_of_puma()),
            "capistrano/rails" | "capistrano/rails/assets" => self.tell_of_assets(),
            "capistrano/nginx" if self.is_gem("capistrano-nginx") && !self.is_gem("capistrano3-nginx") => {
                self.remarks.push(
                    "`capistrano/nginx` is that of the gem capistrano-nginx: its `nginx:setup`, `nginx:create_config`, `nginx:enable_site` and \
                     `nginx:disable_site` are not there, and capr has the tasks of capistrano3-nginx"
                        .to_owned(),
                );
            }
            "capistrano/symfony" if self.facts.version > 2 => lines.extend(self.as_gem_of_symfony()),
            "airbrake/capistrano" | "airbrake/capistrano3" if self.facts.version > 2 => {
                // Its task has no hook there.
                lines.extend(self.unless_set("airbrake_default_hooks", Expr::Bool(false)));
                self.remarks.push(
                    "Airbrake is told by capr, which needs `airbrake_project_id` and `airbrake_api_key`: the gem takes them from the application"
                        .to_owned(),
                );
            }
            "new_relic/recipes" | "newrelic_rpm/recipes" | "appsignal/capistrano" => {
                let (name, needs) = match path {
                    "appsignal/capistrano" => ("AppSignal", ["appsignal_api_key", "appsignal_name"]),
                    _ => {
                        // Its task has no hook; the recipe says when it runs.
                        lines.extend(self.unless_set("newrelic_default_hooks", Expr::Bool(false)));
                        ("New Relic", ["newrelic_api_key", "newrelic_app_id"])
                    }
                };
                self.remarks.push(format!(
                    "{name} is told by capr, which needs `{}` and `{}`: the gem takes them from the application",
                    needs[0], needs[1]
                ));
            }
            // This gem has its tasks and no hooks.
            "capistrano/thin" if self.facts.version > 2 => {
                lines.extend(self.unless_set("thin_default_hooks", Expr::Bool(false)));
            }
            "capistrano-resque" if self.facts.version > 2 => {
                lines.extend(self.unless_set("resque_environment_task", Expr::Bool(false)));
                lines.extend(self.unless_set("resque_log_file", Expr::text("/dev/null")));
            }
            "capistrano/sidekiq" if self.facts.version > 2 => lines.extend(self.as_gem_of_sidekiq()),
            "capistrano/npm" => {
                lines.extend(self.unless_set("npm_method", Expr::text("install")));
                lines.extend(self.unless_set("npm_prune_flags", Expr::text("--production")));
                lines.extend(self.unless_set("npm_flags", Expr::text("--production --silent --no-progress")));
            }
            "capistrano/yarn" => lines.extend(self.unless_set("yarn_flags", Expr::text("--production"))),
            // Without Rails nothing says the environment.
            "capistrano3/unicorn" if !self.has_rails() => {
                lines.extend(self.unless_set("unicorn_rack_env", Expr::text("deployment")));
            }
            "rvm1/capistrano3" => lines.extend(of_rvm1()),
            "capistrano/data_migrate" => {
                let rake = vec![
                    Part::Value(Expr::name("rake_command")),
                    Part::Text(" db:migrate:with_data".to_owned()),
                ];
                let command = Block::giving(Expr::Template(rake));
                lines.push(Line::verb(Call::with_block(
                    "set",
                    vec![Expr::symbol("migration_command")],
                    command,
                )));
            }
            // A deploy restarts by itself with the library, and does not with this part of the gem.
            "capistrano/passenger/no_hook" => lines.push(without_restart("passenger:restart")),
            "capistrano/systemd/multiservice" => {
                lines.push(without_restart("systemd:restart"));
                let remark = "`capistrano/systemd/multiservice` restarts nothing by itself, and a deploy does not here. Its tasks of each service \
                              (`systemd:NAME:restart`) are not there: `systemd:restart` is for those in `systemd_units`";
                self.remarks.push(remark.to_owned());
            }
            "capifony_symfony2" | "symfony2" => lines.extend(self.as_capifony(path)),
            // This part of the gem has its tasks and no hooks.
            "whenever/capistrano/recipes" => {
                let set = vec![Expr::symbol("whenever_default_hooks"), Expr::Bool(false)];
                lines.push(Line::verb(Call::new("set", set)));
            }
            _ => {}
        }
        lines
    }

    /// Returns what a plugin of a gem does otherwise than the library of capr. Without its hooks a deploy does not call its tasks.
    pub(super) fn as_plugin(&mut self, class: &str, without_hooks: bool) -> Vec<Line> {
        let library = class
            .trim_start_matches("Capistrano::")
            .replace("::", "/")
            .to_lowercase();
        self.remarks
            .extend(super::loads::only_called(&format!("capistrano/{library}")));
        let program = library.split('/').next().unwrap_or_default();
        match program {
            "puma" | "sidekiq" if without_hooks => {
                self.unless_set(&format!("{program}_default_hooks"), Expr::Bool(false))
            }
            _ => Vec::new(),
        }
    }

    /// Returns what stands for a gem without the plugin that brings its tasks.
    pub(super) fn as_bare(&mut self, path: &str) -> Vec<Line> {
        if path == "capistrano/sidekiq" {
            return self.hooks_of_sidekiq();
        }
        self.remarks.push(format!(
            "`{path}` has no tasks and no hooks without `install_plugin Capistrano::Puma`, which stands nowhere: it is left out"
        ));
        Vec::new()
    }

    /// Returns true if `Gemfile.lock` names a gem.
    fn is_gem(&self, name: &str) -> bool {
        self.facts.gems.versions.contains_key(name)
    }

    /// Returns true if something says the environment of Rails.
    fn has_rails(&self) -> bool {
        let facts = self.facts;
        facts.variables.contains_key("rails_env")
            || facts.libraries.iter().any(|path| path.starts_with("capistrano/rails"))
    }

    /// Returns true in a Capfile, which is read before the stage is known.
    pub(super) fn is_capfile(&self) -> bool {
        let path = self.facts.files.get(self.file);
        path.is_some_and(|path| path.to_ascii_lowercase().ends_with("capfile"))
    }

    /// Returns what capifony takes where the recipe says nothing, and the library otherwise: it asks for `use_sudo` without a default.
    fn as_capifony(&mut self, path: &str) -> Vec<Line> {
        let mut settings = Vec::new();
        if !self.facts.variables.contains_key("use_sudo") {
            settings.push(("capifony_use_sudo", false));
        }
        let is_before = |version| path == "symfony2" || self.facts.gems.is_before("capifony", version) == Some(true);
        settings.extend(is_before("2.8.2").then_some(("use_composer", false)));
        settings.extend(is_before("2.3").then_some(("assets_install", true)));
        if path == "symfony2" {
            let remark = "`symfony2.rb` is that of capifony 2.1 and older: the library `capifony` does what 2.8 does, which has other \
                          `composer_options` and calls `symfony:bootstrap:build` only where the recipe does";
            self.remarks.push(remark.to_owned());
        }
        let line = |(name, value)| Line::verb(Call::new("set", vec![Expr::symbol(name), Expr::Bool(value)]));
        settings.into_iter().map(line).collect()
    }

    /// Returns the settings of capistrano-symfony, whose versions have the layouts of those of Symfony.
    fn as_gem_of_symfony(&mut self) -> Vec<Line> {
        let major = self.facts.gems.major("capistrano-symfony");
        let (layout, dirs, files): (_, &[&str], &[&str]) = match major {
            Some(0) => ("2", &["app/logs", "web/uploads"], &[]),
            Some(1) => ("3", &["var/logs"], &["app/config/parameters.yml"]),
            _ => ("4", &["var/log"], &[]),
        };
        let mut lines = self.unless_set("symfony_directory_structure", Expr::Number(layout.to_owned()));
        if major.is_none() && !lines.is_empty() {
            let remark = "Gemfile.lock does not tell the version of capistrano-symfony: the layout is that of 2 (bin/console, var and public)";
            self.remarks.push(remark.to_owned());
        }
        // What the recipe adds comes to these.
        for (name, paths) in [("linked_dirs", dirs), ("linked_files", files)] {
            if !paths.is_empty() && self.is_capfile() {
                let paths = Expr::List(paths.iter().map(|path| Expr::text(path)).collect());
                lines.push(Line::verb(Call::new("set", vec![Expr::symbol(name), paths])));
            }
        }
        lines
    }

    /// Tells of a template of the project by which a gem writes a file, and the library of capr does not.
    fn tell_of_template(&mut self, library: &str, file: &str) {
        let is_one = |path: &&String| {
            let (folder, name) = path.rsplit_once('/').unwrap_or_default();
            matches!(folder, "lib/capistrano/templates" | "config/deploy/templates") && name.starts_with(file)
        };
        let facts = self.facts;
        if let Some(path) = facts.templates.keys().chain(&facts.files).find(is_one) {
            self.remarks.push(format!(
                "`{path}`: the gem of {library} writes its file by this template where there is none; capr has words of its own. Put the file on new \
                 servers by a task of the recipe"
            ));
        }
    }

    /// Tells of `public/assets`, which old versions of capistrano-rails link only where a recipe keeps what they add to `linked_dirs`.
    fn tell_of_assets(&mut self) {
        let is_old = self.facts.gems.is_before("capistrano-rails", "1.1.4") == Some(true);
        if is_old && self.facts.variables.contains_key("linked_dirs") {
            let remark = "`public/assets` leads to shared in each release. With capistrano-rails up to 1.1.3 it does not where `set :linked_dirs` names \
                          other directories without `fetch(:linked_dirs)`";
            self.remarks.push(remark.to_owned());
        }
    }

    /// Returns the settings of capistrano3-puma: with its plugin for systemd that runs Puma, and without it `pumactl` does. From version 6 on
    /// there is nothing but systemd.
    pub(super) fn as_gem_of_puma(&mut self) -> Vec<Line> {
        let major = self.facts.gems.major("capistrano3-puma");
        let is_new = major.is_some_and(|major| major >= 6);
        if !is_new {
            self.tell_of_template("puma", "puma");
        }
        if !self.facts.plugins.contains("Capistrano::Puma::Systemd") {
            // In version 5 it is the plugin Daemon that restarts without systemd.
            let restarts =
                major.is_none_or(|major| major < 5) || self.facts.plugins.contains("Capistrano::Puma::Daemon");
            if !is_new && !restarts {
                self.remarks.push(
                    "`capistrano/puma` of version 5 restarts nothing without `Capistrano::Puma::Systemd` or `::Daemon`: it only writes the \
                     settings of Puma where there are none"
                        .to_owned(),
                );
                let check = vec![Expr::text("deploy:check"), Expr::text("puma:check")];
                let mut lines = self.unless_set("puma_default_hooks", Expr::Bool(false));
                lines.push(Line::verb(Call::new("after", check)));
                return lines;
            }
            return match is_new {
                true => self.unless_set("puma_default_hooks", Expr::Bool(false)),
                false => self.unless_set("puma_via", Expr::text("pumactl")),
            };
        }
        let mut lines = self.unless_set("puma_via", Expr::text("systemd"));
        if is_new {
            if !self.facts.variables.contains_key("puma_roles") {
                lines.extend(self.unless_set("puma_role", Expr::text("web")));
            }
            lines.extend(self.unit_name("puma"));
        } else {
            if major.is_none() {
                let remark = "Gemfile.lock does not tell the version of capistrano3-puma: the settings are those of 5 (systemd's own service, role \
                              `app`), not of 6 (a service of the user, role `web`)";
                self.remarks.push(remark.to_owned());
            }
            if self.facts.gems.is_before("capistrano3-puma", "5.0.3") == Some(true) {
                lines.extend(self.unless_set("puma_service_unit_name", Expr::text("puma")));
            }
            lines.extend(self.unless_set("puma_systemctl_user", Expr::text("system")));
            lines.extend(self.unless_set("puma_service_uses_conf", Expr::Bool(true)));
        }
        lines
    }

    /// Returns the settings of capistrano-sidekiq: with its plugin for systemd that runs Sidekiq, and without it a file has the number of the
    /// process.
    pub(super) fn as_gem_of_sidekiq(&mut self) -> Vec<Line> {
        let major = self.facts.gems.major("capistrano-sidekiq");
        let of_systemd = self.facts.plugins.contains("Capistrano::Sidekiq::Systemd");
        match major.filter(|major| *major >= 3) {
            Some(_) => {
                let mut lines = match self.facts.variables.contains_key("sidekiq_role") {
                    true => Vec::new(),
                    false => self.unless_set("sidekiq_roles", Expr::text("worker")),
                };
                lines.extend(self.unit_name("sidekiq"));
                lines
            }
            None if of_systemd => Vec::new(),
            None if self.facts.plugins.contains("Capistrano::Sidekiq::Upstart") => {
                self.unless_set("sidekiq_via", Expr::text("service"))
            }
            None => self.unless_set("sidekiq_via", Expr::text("pid")),
        }
    }

    /// Returns how capistrano-sidekiq names the services in Monit: from version 1 on with `_` before the number. Plugins came with version 2.
    fn as_gem_of_monit(&mut self, by_plugin: bool) -> Vec<Line> {
        match self.facts.gems.is_before("capistrano-sidekiq", "1.0") {
            Some(true) => Vec::new(),
            None if self.facts.version < 3 => Vec::new(),
            None if !by_plugin => {
                let remark = "monit and sidekiq: Gemfile.lock does not tell the version of capistrano-sidekiq. The services in monit end with `0`, as up to \
                              0.20; where they end with `_0`, say `set :sidekiq_service_separator, \"_\";`";
                self.remarks.push(remark.to_owned());
                Vec::new()
            }
            _ => self.unless_set("sidekiq_service_separator", Expr::text("_")),
        }
    }

    /// Returns the hooks of a capistrano-sidekiq without tasks, which run those of the recipe. It says them when a deploy begins, after all others.
    pub(super) fn hooks_of_sidekiq(&self) -> Vec<Line> {
        let facts = self.facts;
        if !facts.plugins.contains("Capistrano::Sidekiq") || facts.variables.contains_key("sidekiq_default_hooks") {
            return Vec::new();
        }
        let hooks = [
            ("starting", "quiet"),
            ("updated", "stop"),
            ("published", "start"),
            ("failed", "restart"),
        ];
        let hooks = hooks
            .iter()
            .map(|(event, task)| (format!("deploy:{event}"), format!("sidekiq:{task}")));
        let hooks = hooks.filter(|(_, task)| facts.is_task(task));
        let lines: Vec<Line> = hooks
            .map(|(event, task)| Line::verb(Call::new("after", vec![Expr::Text(event), Expr::Text(task)])))
            .collect();
        match lines.is_empty() {
            true => lines,
            false => vec![Line::verb(Call::with_block(
                "on",
                vec![Expr::symbol("load")],
                Block::of(lines),
            ))],
        }
    }

    /// Returns the line that sets a variable, unless the recipe sets it.
    pub(super) fn unless_set(&self, name: &str, value: Expr) -> Vec<Line> {
        let line = || Line::verb(Call::new("set", vec![Expr::symbol(name), value]));
        self.is_for_stages(name).then(line).into_iter().collect()
    }

    /// Reads the settings of slackistrano without `klass`, a class of the application that words the messages.
    pub(super) fn slackistrano(
        &mut self,
        value: Option<&Node<'_>>,
        given: &super::super::ruby::Arguments<'_>,
    ) -> Read<Option<Vec<Line>>> {
        let mut own = Vec::new();
        if let Some(hash) = value.and_then(Node::as_hash_node) {
            super::super::ruby::pairs(hash.elements().iter(), &mut own);
        }
        let pairs = if own.is_empty() { given.pairs.iter() } else { own.iter() };
        let is_class = |key: &Node<'_>| literal(key).as_deref() == Some("klass");
        if !pairs.clone().any(|(key, _)| is_class(key)) {
            return Ok(None);
        }
        self.remarks
            .push("`slackistrano`: messages have capr's own words, not those of `klass`".to_owned());
        let mut settings = Vec::new();
        for (key, value) in pairs.filter(|(key, _)| !is_class(key)) {
            let Some(key) = literal(key) else { return Ok(None) };
            settings.push((key, self.expression(value)?));
        }
        let values = vec![Expr::symbol("slackistrano"), Expr::Map(settings)];
        Ok(Some(vec![Line::verb(Call::new("set", values))]))
    }

    /// Returns true for a variable that no file sets but those of some stages, whose setting comes later and wins.
    fn is_for_stages(&self, name: &str) -> bool {
        let facts = self.facts;
        let is_of_stages = |files: &BTreeSet<usize>| files.is_subset(&facts.stages.files);
        facts.set_in.get(name).is_none_or(is_of_stages)
    }

    /// Returns the line for `APPLICATION_PROGRAM_STAGE`, unless the recipe sets the name of the service.
    fn unit_name(&self, program: &str) -> Vec<Line> {
        let name = format!("{program}_service_unit_name");
        let parts = vec![
            Part::Value(Expr::name("application")),
            Part::Text(format!("_{program}_")),
            Part::Value(Expr::name("stage")),
        ];
        let line = || {
            let value = Block::giving(Expr::Template(parts));
            Line::verb(Call::with_block("set", vec![Expr::symbol(&name)], value))
        };
        self.is_for_stages(&name).then(line).into_iter().collect()
    }
}

/// Returns the line with which a deploy does not restart a program that its library would restart.
fn without_restart(task: &str) -> Line {
    Line::verb(Call::new(
        "remove",
        vec![Expr::symbol("restart_tasks"), Expr::text(task)],
    ))
}

/// Returns the lines that give the library `rvm` the settings of rvm1-capistrano3, whose names and defaults are others.
fn of_rvm1() -> [Line; 2] {
    let lazy =
        |name: &str, value: Expr| Line::verb(Call::with_block("set", vec![Expr::symbol(name)], Block::giving(value)));
    let bins = ["rake", "gem", "bundle", "ruby"].map(Expr::text).to_vec();
    let fetched = |name: &str, default: Expr| Expr::call("fetch", vec![Expr::symbol(name), default]);
    [
        lazy("rvm_ruby_version", fetched("rvm1_ruby_version", Expr::text("."))),
        lazy("rvm_map_bins", fetched("rvm1_map_bins", Expr::List(bins))),
    ]
}

/// Returns what capistrano-sidekiq 1 does with `init_system`: a service of the user by systemd, or one of Upstart.
pub(super) fn of_init_system(kind: Option<&str>) -> Option<Vec<Line>> {
    let (via, variable, default) = match kind? {
        "systemd" => (
            "systemd",
            "service_unit_name",
            vec![
                Part::Text("sidekiq-".to_owned()),
                Part::Value(Expr::name("stage")),
                Part::Text(".service".to_owned()),
            ],
        ),
        "upstart" => (
            "service",
            "upstart_service_name",
            vec![Part::Text("sidekiq".to_owned())],
        ),
        _ => return None,
    };
    let set = vec![Expr::symbol("sidekiq_via"), Expr::text(via)];
    let name = Expr::call("fetch", vec![Expr::symbol(variable), Expr::Template(default)]);
    let unit = vec![Expr::symbol("sidekiq_service_unit_name")];
    Some(vec![
        Line::verb(Call::new("set", set)),
        Line::verb(Call::with_block("set", unit, Block::giving(name))),
    ])
}
