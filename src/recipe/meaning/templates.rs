//! Templates of Ruby: `render` fills in none of what stands in `<% … %>`.

use rhai::{Expr, Position};

use super::claims::Claims;
use super::findings::{Findings, at};
use super::mentions::literal;
use super::read::Read;
use crate::diagnostic::Diagnostic;

impl Claims {
    /// Takes note of a template's file, or of the template itself where ERB stands in it.
    pub(super) fn templates(&mut self, read: &Read) {
        let of_option = |name: &str| {
            let mut options = read.options.iter();
            options.find_map(|(key, value)| (literal(key).as_deref() == Some(name)).then_some(*value))
        };
        let file = read.arguments.first().copied().or_else(|| of_option("file"));
        if let Some((file, name)) = file.and_then(|file| Some((file, literal(file)?))) {
            self.templates.push((Some(name), file.position()));
        }
        if let Some(template) = of_option("template").filter(|template| is_erb(template)) {
            self.templates.push((None, template.position()));
        }
    }
}

fn is_erb(template: &Expr) -> bool {
    match template {
        Expr::StringConstant(text, _) => text.contains("<%"),
        Expr::InterpolatedString(parts, _) => parts.iter().any(is_erb),
        _ => false,
    }
}

impl Findings<'_> {
    /// Templates in which ERB stands.
    pub(super) fn erb(&self) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        for (text, claims) in self.own() {
            for (file, position) in &claims.templates {
                let is_told = match file {
                    None => true,
                    Some(file) => self.holds_erb(file, *position),
                };
                if is_told {
                    let told = Diagnostic::warning("`<% … %>' is left as it is in this template")
                        .label("a template of Ruby")
                        .hint("a value is filled in by {{ name }}; {% if … %} and {% for … %} are those of Jinja");
                    found.push(at(told, text, *position));
                }
            }
        }
        found
    }

    /// Whether a file holds ERB. One that is not there yet may be written by then, and what is no file may wait for others.
    fn holds_erb(&self, file: &str, position: Position) -> bool {
        let template = self.machine.template(file, position);
        template.is_some_and(|template| template.contains("<%"))
    }
}
