//! Reads `eval` of code that names a variable.

use ruby_prism::Node;

use super::super::form::{Expr, Part};
use super::super::note::Read;
use super::Reader;

impl Reader<'_> {
    /// Reads `eval("#{name}.empty?")`: a question about the variable that is named; `None` for anything else.
    pub(super) fn question_of_name(&mut self, code: &Node<'_>) -> Read<Option<Expr>> {
        let Expr::Template(parts) = self.expression(code)? else {
            return Ok(None);
        };
        let [Part::Value(name), Part::Text(question)] = parts.as_slice() else {
            return Ok(None);
        };
        let value = Expr::call("fetch", vec![name.clone(), Expr::Unit]);
        Ok(match question.as_str() {
            ".empty?" => Some(value.method("is_empty", Vec::new())),
            ".nil?" => Some(value.binary("==", Expr::Unit)),
            _ => None,
        })
    }
}

/// Returns true if Ruby code does nothing but make the name of a variable: `role + "_host"`.
pub(super) fn is_name_made(code: &str) -> bool {
    let is_part = |part: &str| {
        let part = part.trim();
        let inner = part.trim_matches('"').trim_matches('\'');
        !inner.is_empty() && inner.chars().all(|c| c.is_ascii_alphanumeric() || "_#{}".contains(c))
    };
    (code.contains('+') || code.contains("#{")) && code.split('+').all(is_part)
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::{has, recipe};

    #[test]
    fn an_instance_variable_is_nothing_until_it_is_set() {
        let (text, notes) = recipe(
            "set :application, 'a'\ndef names\n  return @names if @names\n  @names = ['a']\nend\ntask(:t) { puts names.first }\n",
        );
        assert!(notes.is_empty(), "{notes:?}");
        has(&text, &["return fetch(:names, ());", "set :names, [\"a\"];\n  names\n"]);
    }

    #[test]
    fn a_variable_whose_name_is_computed_may_be_lazy_and_tasks_are_found_by_their_names() {
        let (text, notes) = recipe(
            "set :application, 'a'\ndef ask_for(var, default)\n  set(var) do\n    Capistrano::CLI.ui.ask \"#{var}: \"\n  end\n  \
             set var, default if eval(\"#{var.to_s}.empty?\")\nend\ntask(:u) { puts 1 }\ntask :t do\n  ask_for :q, 'y'\n  \
             execute_task(find_task('u'))\n  puts 2 if find_task('u')\n  exit 1 unless Kernel.system('ls')\n  Kernel.sleep 1\nend\n",
        );
        assert!(notes.is_empty(), "{notes:?}");
        has(
            &text,
            &[
                "set the_var { ask(`${the_var}: `) }",
                "if fetch(the_var, ()).is_empty() {",
                "invoke \"u\";\n  puts 2;",
                "if !system(\"ls\") {",
                "sleep(1);",
            ],
        );
    }
}
