//! `render`: templates with the variables of the recipe.

use super::super::grammar::Tail;
use super::super::takes;
use super::super::verb::{Choices, Verb};

pub(in crate::recipe) const RENDER: Verb = Verb {
    name: "render",
    form: "render(\"file\", name => value, …)  |  render(:template => text, name => value, …)",
    arguments: (0, 1),
    takes: &[takes::PATH],
    tail: Tail::Nothing,
    options: Choices::Any,
    doc: "Fills in a template and gives the result. `{{ name }}` is replaced, `{% if … %}` and `{% for … %}` work as in \
          Jinja. A name is one of the pairs, else a variable of the recipe; one that is neither is an error. ERB, \
          `<%= name %>`, is left as it is, and that is said. A file's \
          path begins at the working directory.",
    example: "set :application, \"flipper\";\ntask :example { puts render(:template => \"{{ application }} is back {{ time }}\", :time => \"at noon\"); }",
};
