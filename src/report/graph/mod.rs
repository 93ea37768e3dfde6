//! Tasks and hooks as a drawing: for Graphviz, for Mermaid, and as an SVG picture that capr draws itself.

mod layers;
mod svg;

use crate::configuration::{Graph, GraphTask, Link};

/// The ways to draw tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Drawing {
    /// The language of Graphviz.
    Dot,
    /// The language of Mermaid, as Markdown pages show it.
    Mermaid,
    /// A picture in SVG.
    Svg,
}

/// Draws tasks; their strings are clean already.
pub(super) fn draw(graph: &Graph, drawing: Drawing) -> String {
    match drawing {
        Drawing::Dot => dot(graph),
        Drawing::Mermaid => mermaid(graph),
        Drawing::Svg => svg::svg(graph),
    }
}

/// Returns the label of a link; a call has none.
fn word(link: Link) -> &'static str {
    match link {
        Link::Calls => "",
        Link::Before => "before",
        Link::After => "after",
    }
}

fn dot(graph: &Graph) -> String {
    let mut text =
        "digraph tasks {\n  rankdir=LR;\n  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n".to_owned();
    for (
        at,
        GraphTask {
            name,
            said,
            is_of_library,
        },
    ) in graph.tasks.iter().enumerate()
    {
        let tooltip = said.as_deref().map(|said| format!(", tooltip={}", quoted(said)));
        let color = if *is_of_library { ", color=gray" } else { "" };
        let tooltip = tooltip.unwrap_or_default();
        text.push_str(&format!("  t{at} [label={}{tooltip}{color}];\n", quoted(name)));
    }
    for (from, to, link) in &graph.links {
        let look = match link {
            Link::Calls => String::new(),
            link => format!(" [style=dashed, label={}]", quoted(word(*link))),
        };
        text.push_str(&format!("  t{from} -> t{to}{look};\n"));
    }
    text + "}\n"
}

/// Returns a string of Graphviz, in which a label has no escapes and no entities of HTML.
fn quoted(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('"', "\\\"").replace('&', "&amp;");
    format!("\"{text}\"")
}

fn mermaid(graph: &Graph) -> String {
    let mut text = "flowchart LR\n".to_owned();
    for (at, task) in graph.tasks.iter().enumerate() {
        text.push_str(&format!("  t{at}[\"{}\"]\n", entities(&task.name)));
    }
    for (from, to, link) in &graph.links {
        match link {
            Link::Calls => text.push_str(&format!("  t{from} --> t{to}\n")),
            link => text.push_str(&format!("  t{from} -. {} .-> t{to}\n", word(*link))),
        }
    }
    text
}

/// Returns a string of Mermaid: characters that are markup there, or in HTML, become entities.
fn entities(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, ':' | '_' | '-' | '.' | ' ');
    text.chars()
        .map(|c| match is_plain(c) {
            true => c.to_string(),
            false => format!("#{};", u32::from(c)),
        })
        .collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::{Drawing, draw};
    use crate::configuration::{Graph, GraphTask, Link};

    /// Returns a graph of tasks with these names and links.
    pub(in crate::report) fn graph(names: &[&str], links: &[(usize, usize, Link)]) -> Graph {
        let task = |name: &&str| GraphTask {
            name: (*name).to_owned(),
            said: None,
            is_of_library: false,
        };
        Graph {
            tasks: names.iter().map(task).collect(),
            links: links.to_vec(),
        }
    }

    #[test]
    fn names_are_quoted_as_each_language_wants_it() {
        let graph = graph(&["a\"b", "c]<d&lt;"], &[(0, 1, Link::Calls), (1, 0, Link::Before)]);
        let dot = draw(&graph, Drawing::Dot);
        assert!(
            dot.contains("t0 [label=\"a\\\"b\"];\n  t1 [label=\"c]<d&amp;lt;\"];\n"),
            "{dot}"
        );
        assert!(
            dot.contains("t0 -> t1;\n  t1 -> t0 [style=dashed, label=\"before\"];\n"),
            "{dot}"
        );
        let mermaid = draw(&graph, Drawing::Mermaid);
        assert_eq!(
            mermaid,
            "flowchart LR\n  t0[\"a#34;b\"]\n  t1[\"c#93;#60;d#38;lt#59;\"]\n  t0 --> t1\n  t1 -. before .-> t0\n"
        );
    }
}
