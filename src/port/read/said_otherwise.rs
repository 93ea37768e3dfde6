//! Variables of Capistrano that have another form here, or none.

use std::collections::BTreeMap;

use ruby_prism::Node;

use super::super::form::{Block, Call, Expr, Line, Statement};
use super::super::note::Read;
use super::super::ruby::{Arguments, literal, source};
use super::Reader;
use super::classes::environment_name;
use super::locals::Local;

impl Reader<'_> {
    /// Reads variables of Capistrano that have another form here.
    pub(super) fn said_otherwise(&mut self, name: &str, given: &Arguments<'_>) -> Read<Option<Vec<Line>>> {
        let value = given.values.get(1);
        match name {
            "pty" => {
                let Some(value) = value else { return Ok(None) };
                let value = self.expression(value)?;
                let target = Expr::Index(Box::new(Expr::name("default_run_options")), Box::new(Expr::text("pty")));
                Ok(Some(vec![Line::new(Statement::Assign(target, "=", value))]))
            }
            name if super::super::added::is_of_two(name) && self.facts.version > 2 && !self.is_fetched(name) => {
                Ok(Some(vec![self.remark(&format!(
                    "`{name}` does nothing in Capistrano 3: it is left out"
                ))]))
            }
            "repository" if self.facts.version > 2 && self.mentions("repo_url") && !self.is_fetched(name) => Ok(Some(
                vec![self.remark("`repository` does nothing in Capistrano 3 beside `repo_url`: it is left out")],
            )),
            "scm"
                if self
                    .facts
                    .plugins
                    .iter()
                    .any(|name| name.starts_with("Capistrano::SCM::"))
                    && value.is_some_and(|value| value.as_nil_node().is_some()) =>
            {
                Ok(Some(vec![self.remark(
                    "`scm` is set to nothing: the source control is that of the plugin",
                )]))
            }
            "user" | "port" if self.facts.version > 2 && (name == "port" || self.facts.servers.lacks_user) => {
                self.remarks.push(match name {
                    "user" => "`user` logs in where a server has none, which in Capistrano 3 is left to ssh: without the line it is here, too".to_owned(),
                    _ => "`port` is the port of ssh where a server has none, in Capistrano 3 a variable as others: give it another name".to_owned(),
                });
                Ok(None)
            }
            // From version 2 on the gem has plugins in its place.
            "init_system"
                if self.facts.libraries.contains("capistrano/sidekiq")
                    && self.facts.gems.is_before("capistrano-sidekiq", "2") != Some(false)
                    && !self
                        .facts
                        .plugins
                        .iter()
                        .any(|name| name.starts_with("Capistrano::Sidekiq")) =>
            {
                Ok(super::services::of_init_system(value.and_then(literal).as_deref()))
            }
            "nginx_template" if self.facts.vocabulary.has_library("nginx") && self.facts.version > 2 => {
                self.site_of_nginx(value)
            }
            "maintenance_template_path" => self.page_of_maintenance(value),
            "slackistrano" => self.slackistrano(value, given),
            "git_strategy" => {
                let class = value.map(source).unwrap_or_default();
                Ok(match class.rsplit("Git::").next() {
                    Some("DefaultStrategy") => Some(Vec::new()),
                    Some("SubmoduleStrategy") if class.contains("Git::") => {
                        let submodules = vec![Expr::symbol("git_enable_submodules"), Expr::Bool(true)];
                        Some(vec![Line::verb(Call::new("set", submodules))])
                    }
                    _ => None,
                })
            }
            "stage" if self.facts.stages.is_empty() || self.deferred > 0 => Ok(None),
            "stage" => self.other_stage(value),
            "stage_dir" | "stage_config_path" if value.and_then(literal).as_deref() != Some("config/deploy") => {
                self.remarks.push(format!(
                    "`{name}`: the recipes of the stages are in config/deploy, where capr looks for them"
                ));
                Ok(Some(Vec::new()))
            }
            "stages" if self.facts.version == 2 && self.facts.variables.contains_key("default_stage") => {
                let list = value.and_then(Node::as_array_node);
                if list.is_some_and(|list| list.elements().iter().any(|name| name.as_symbol_node().is_some())) {
                    let remark = "`stages` are symbols, among which Capistrano 2 does not find the stage of the command line: it reads `default_stage` as \
                                  well, whose servers come along in every other stage. Here a stage has its own servers alone";
                    self.remarks.push(remark.to_owned());
                }
                Ok(Some(Vec::new()))
            }
            "format" | "log_level" if self.facts.fetches_log && self.facts.version > 2 => Ok(None),
            "stages" | "log_level" | "format" | "format_options" | "scm_verbose" | "stage_dir"
            | "deploy_config_path" | "stage_config_path" => Ok(Some(Vec::new())),
            _ => Ok(None),
        }
    }

    /// Reads the template by which the gem of nginx writes the file of a site: capr has the text in its place.
    fn site_of_nginx(&mut self, value: Option<&Node<'_>>) -> Read<Option<Vec<Line>>> {
        let Some(value) = value.filter(|value| literal(value).as_deref() != Some("default")) else {
            return Ok(None);
        };
        let filled = self.template_at(value)?;
        let set = Call::with_block("set", vec![Expr::symbol("nginx_site")], Block::giving(filled));
        Ok(Some(vec![Line::verb(set)]))
    }

    /// Reads the path of a page that is a template of ERB: it knows `reason` and `deadline`, as the task has them.
    fn page_of_maintenance(&mut self, value: Option<&Node<'_>>) -> Read<Option<Vec<Line>>> {
        let named = value.map(source).unwrap_or_default();
        let is_template = |(path, text): (&String, &String)| {
            let file = path.rsplit('/').next().unwrap_or(path);
            text.contains("<%") && named.contains(file)
        };
        let Some(value) = value.filter(|_| self.facts.templates.iter().any(is_template)) else {
            return Ok(None);
        };
        let told = [("reason", "REASON"), ("deadline", "UNTIL")];
        self.scopes.push(BTreeMap::new());
        let mut lines = Vec::new();
        for (name, variable) in told {
            let written = self.declare(name, Local::default());
            lines.push(Line::new(Statement::Let(written, environment_name(variable))));
        }
        let filled = self.template_at(value);
        self.scopes.pop();
        lines.push(Line::new(Statement::Value(filled?)));
        let page = Block { lines, gives: true };
        let set = Call::with_block("set", vec![Expr::symbol("maintenance_page")], page);
        Ok(Some(vec![Line::verb(set)]))
    }

    /// Returns the template, filled in, whose path a value tells.
    fn template_at(&mut self, value: &Node<'_>) -> Read<Expr> {
        self.deferred += 1;
        let path = self.expression(value).map(|path| match path {
            Expr::Closure(_, block) => block.value().cloned().unwrap_or(Expr::Unit),
            path => path,
        });
        let filled = path.and_then(|path| self.one_template(Expr::call("read_file", vec![path]), false));
        self.deferred -= 1;
        filled
    }

    /// Returns true if this file reads a variable.
    fn is_fetched(&self, name: &str) -> bool {
        self.mentions(&format!("fetch(:{name}")) || self.mentions(&format!("fetch :{name}"))
    }
}
