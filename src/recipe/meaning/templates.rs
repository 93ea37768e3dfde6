//! Finds templates of Ruby: `render` does not fill in `<% … %>`.

use rhai::{Expr, Position};

use super::claims::Claims;
use super::findings::{Findings, at};
use super::mentions::literal;
use super::read::ReadCall;
use crate::diagnostic::Diagnostic;

impl Claims {
    /// Notes the file of a template, or the template itself if it contains ERB.
    pub(super) fn templates(&mut self, read: &ReadCall) {
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
    /// Returns a warning for each template that contains ERB.
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

    /// Returns true if a file contains ERB. A file that does not exist yet may be written before it is used; anything but a
    /// regular file is not read, since that could wait for ever.
    fn holds_erb(&self, file: &str, position: Position) -> bool {
        let template = self.machine.template(file, position);
        template.is_some_and(|template| template.contains("<%"))
    }
}
