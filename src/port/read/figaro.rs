//! Reads what Figaro does: it puts what config/application.yml says into the environment.

use ruby_prism::{CallNode, Node};

use super::super::form::Expr;
use super::super::note::Read;
use super::super::ruby::{arguments, constant, id};
use super::Reader;
use super::classes::environment_name;

impl Reader<'_> {
    /// Reads `Figaro.load`: what the environment does not have yet comes from config/application.yml, the part for the environment first.
    pub(super) fn figaro(&mut self) -> Read<Expr> {
        let (path, environment) = self.figaro.clone().unwrap_or_default();
        let path = path.unwrap_or_else(|| Expr::text("config/application.yml"));
        let environment = environment.unwrap_or_else(|| Expr::text("development"));
        self.carry("Figaro.load");
        Ok(Expr::call("ruby_figaro", vec![path, environment]))
    }

    /// Keeps what `Figaro.application = Figaro::Application.new(environment: "…", path: "…")` says.
    pub(super) fn keep_figaro(&mut self, call: &CallNode<'_>, receiver: &Node<'_>) -> Read<bool> {
        let given = arguments(call, false).values;
        let new = given.first().and_then(Node::as_call_node);
        let is_it = constant(receiver).as_deref() == Some("Figaro") && id(&call.name()) == "application=";
        let Some(new) = new.filter(|new| is_it && id(&new.name()) == "new") else {
            return Ok(false);
        };
        let said = arguments(&new, false);
        let mut option = |name: &str| said.option(name).map(|value| self.expression(value)).transpose();
        let kept = (option("path")?, option("environment")?);
        self.figaro = Some(kept);
        Ok(true)
    }
}

/// Reads `Figaro.env.x`: the variable of the environment, in capital letters or in small ones.
pub(super) fn of_environment(name: &str) -> Expr {
    let plain = name.trim_end_matches(['!', '?']);
    let value = environment_name(&plain.to_uppercase()).binary("??", environment_name(plain));
    match name.chars().last() {
        Some('?') => value.binary("!=", Expr::Unit),
        Some('!') => {
            let missing = Expr::Text(format!("Missing required configuration key: {plain}"));
            value.binary("??", Expr::call("abort", vec![missing]))
        }
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::construct_tests::carried;

    #[test]
    fn figaro_fills_the_environment_from_its_file() {
        carried(
            "require 'figaro'\nFigaro.application = Figaro::Application.new(environment: 'qa', path: 'a.yml')\nFigaro.load\n\
             set :x, Figaro.env.api_key\ntask(:t) { puts fetch(:x) }\n",
            &[
                "ruby_figaro(\"a.yml\", \"qa\");",
                "ENV[\"API_KEY\"] ?? ENV[\"api_key\"]",
            ],
        );
    }
}
