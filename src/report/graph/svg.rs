//! Tasks as a picture that no other program is needed for.

use super::layers::{Layers, Node, layers};
use super::word;
use crate::configuration::{Graph, GraphTask, Link};
use crate::report::broken::columns_of;
use crate::report::record::escaped;

/// The height of a row.
const ROW: f64 = 46.0;
const BOX: f64 = 30.0;
/// The width of a letter in the font of the picture.
const LETTER: f64 = 7.9;
/// The distance between layers.
const GAP: f64 = 72.0;
const MARGIN: f64 = 24.0;
/// The height of the legend.
const LEGEND: f64 = 40.0;

const STYLE: &str = "
    svg { background: #ffffff; }
    text { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace; fill: #1b1f24; }
    rect { fill: #f6f8fa; stroke: #57606a; stroke-width: 1.2; }
    .library rect { stroke-dasharray: 2 2; }
    .library text { fill: #57606a; }
    path { fill: none; stroke: #57606a; stroke-width: 1.3; }
    .before, .after { stroke-dasharray: 6 4; stroke: #0550ae; }
    .after { stroke: #8250df; }
    .tip path { stroke: none; fill: #57606a; }
    #tip-before path { fill: #0550ae; }
    #tip-after path { fill: #8250df; }
    @media (prefers-color-scheme: dark) {
      svg { background: #0d1117; }
      text { fill: #e6edf3; }
      rect { fill: #161b22; stroke: #8b949e; }
      .library text { fill: #9ea7b3; }
      path { stroke: #8b949e; }
      .before { stroke: #79c0ff; }
      .after { stroke: #d2a8ff; }
      .tip path { fill: #8b949e; }
      #tip-before path { fill: #79c0ff; }
      #tip-after path { fill: #d2a8ff; }
    }
";

/// The place of a task, or of an arrow that passes a layer.
struct Place {
    left: f64,
    right: f64,
    /// The right end of the widest node in the layer.
    layer: f64,
    /// The height of its middle.
    middle: f64,
}

/// Draws tasks from left to right.
pub(super) fn svg(graph: &Graph) -> String {
    let links: Vec<(usize, usize)> = graph.links.iter().map(|(from, to, _)| (*from, *to)).collect();
    let found = layers(graph.tasks.len(), &links);
    let places = places(graph, &found);
    let right = places.iter().map(|place| place.right).fold(420.0, f64::max) + MARGIN;
    let bottom = MARGIN + found.rows * ROW + BOX + MARGIN;
    let mut text = head(graph, right, bottom + LEGEND);
    for (link, way) in graph.links.iter().zip(&found.ways) {
        let points: Vec<&Place> = way.iter().filter_map(|node| places.get(*node)).collect();
        text.push_str(&arrow(graph, *link, &points));
    }
    for (node, place) in found.nodes.iter().zip(&places) {
        if let Some(task) = node.task.and_then(|task| graph.tasks.get(task)) {
            text.push_str(&framed(task, place));
        }
    }
    format!("{text}{}</svg>\n", legend(bottom + 14.0))
}

/// Returns the places of the nodes: each layer is as wide as its longest name.
fn places(graph: &Graph, found: &Layers) -> Vec<Place> {
    let width = |task: usize| {
        let name = graph.tasks.get(task).map_or(0, |task| columns_of(&task.name));
        name as f64 * LETTER + 22.0
    };
    let mut widths = vec![0.0_f64; found.layers];
    for node in &found.nodes {
        if let (Some(task), Some(widest)) = (node.task, widths.get_mut(node.layer)) {
            *widest = widest.max(width(task));
        }
    }
    let lefts: Vec<f64> = widths
        .iter()
        .scan(MARGIN, |left, width| {
            let here = *left;
            *left += width + GAP;
            Some(here)
        })
        .collect();
    let place = |node: &Node| {
        let left = lefts.get(node.layer).copied().unwrap_or(0.0);
        let layer = left + widths.get(node.layer).copied().unwrap_or(0.0);
        Place {
            left,
            right: node.task.map_or(layer, |task| left + width(task)),
            layer,
            middle: MARGIN + BOX / 2.0 + node.row * ROW,
        }
    };
    found.nodes.iter().map(place).collect()
}

/// Returns the beginning of the picture: its size, its description, its style and the tips of arrows.
fn head(graph: &Graph, width: f64, height: f64) -> String {
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"{width:.0}\" height=\"{height:.0}\" viewBox=\"0 0 {width:.0} {height:.0}\">\n  \
         <title>Tasks and hooks</title>\n  <desc>{} tasks. An arrow leads from a task to one that it calls; a dashed one to a hook before or after \
         it.</desc>\n  <style>{STYLE}  </style>\n  <defs>\n",
        graph.tasks.len(),
    );
    for link in ["calls", "before", "after"] {
        text.push_str(&format!(
            "    <marker id=\"tip-{link}\" class=\"tip\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" \
             orient=\"auto-start-reverse\"><path d=\"M0 0 L8 4 L0 8 z\"/></marker>\n"
        ));
    }
    text.push_str("  </defs>\n");
    text
}

/// Returns the arrow of a link, whose title is a sentence.
fn arrow(graph: &Graph, (from, to, link): (usize, usize, Link), points: &[&Place]) -> String {
    let name = |task: usize| {
        graph
            .tasks
            .get(task)
            .map_or_else(String::new, |task| escaped(&task.name))
    };
    let said = match link {
        Link::Calls => format!("{} calls {}", name(from), name(to)),
        link => format!("{} runs {} {}", name(to), word(link), name(from)),
    };
    let class = class(link);
    format!(
        "  <path class=\"{class}\" marker-end=\"url(#tip-{class})\" d=\"{}\"><title>{said}</title></path>\n",
        line(points, beside(link))
    )
}

/// Returns the frame of a task, with its name in it and its description as its title.
fn framed(task: &GraphTask, place: &Place) -> String {
    let Place {
        left, right, middle, ..
    } = place;
    let class = if task.is_of_library { " class=\"library\"" } else { "" };
    let said = task
        .said
        .as_deref()
        .map(|said| format!("<title>{}</title>", escaped(said)));
    format!(
        "  <g{class}>{}<rect x=\"{left:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{BOX}\" rx=\"6\"/><text x=\"{:.1}\" y=\"{:.1}\">{}</text></g>\n",
        said.unwrap_or_default(),
        middle - BOX / 2.0,
        right - left,
        left + 11.0,
        middle + 4.5,
        escaped(&task.name),
    )
}

/// Returns the legend that tells the kinds of arrows apart.
fn legend(top: f64) -> String {
    let mut text = String::new();
    let mut left = MARGIN;
    for (link, said) in [("calls", "calls"), ("before", "hook before"), ("after", "hook after")] {
        text.push_str(&format!(
            "  <path class=\"{link}\" marker-end=\"url(#tip-{link})\" d=\"M{left:.1} {top:.1} h32\"/><text x=\"{:.1}\" y=\"{:.1}\">{said}</text>\n",
            left + 40.0,
            top + 4.5
        ));
        left += 40.0 + said.len() as f64 * LETTER + 30.0;
    }
    text
}

fn class(link: Link) -> &'static str {
    match link {
        Link::Calls => "calls",
        Link::Before => "before",
        Link::After => "after",
    }
}

/// Returns the distance of an arrow from the middle: two tasks may be linked in several ways.
fn beside(link: Link) -> f64 {
    match link {
        Link::Calls => 0.0,
        Link::Before => -6.0,
        Link::After => 6.0,
    }
}

/// Returns a line through places, at this distance from their middles.
fn line(points: &[&Place], beside: f64) -> String {
    let mut text = String::new();
    for pair in points.windows(2) {
        let [a, b] = pair else { continue };
        let (from, to) = (a.middle + beside, b.middle + beside);
        // An arrow to the left leaves at the left end, and passes below the boxes of the other layer first.
        let (leave, start, end, enter) = match a.left <= b.left {
            true => (a.right, a.layer, b.left, b.left),
            false => (a.left, a.left, b.layer, b.right),
        };
        let begin = if text.is_empty() { 'M' } else { 'L' };
        let middle = (start + end) / 2.0;
        text.push_str(&format!(
            "{begin}{leave:.1} {from:.1}L{start:.1} {from:.1}C{middle:.1} {from:.1} {middle:.1} {to:.1} {end:.1} {to:.1}L{enter:.1} {to:.1}"
        ));
    }
    text
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::svg;
    use crate::configuration::Link;
    use crate::report::graph::tests::graph;

    #[test]
    fn a_box_is_as_wide_as_its_name_also_where_letters_are_wide() {
        let width = |name: &str| -> f64 {
            let picture = svg(&graph(&[name], &[]));
            let rect = picture.split("<rect ").nth(1).unwrap();
            let width = rect.split("width=\"").nth(1).unwrap().split('"').next().unwrap();
            width.parse().unwrap()
        };
        assert!((width("日本語") - width("abcdef")).abs() < 0.1);
    }

    #[test]
    fn a_name_is_no_markup() {
        let picture = svg(&graph(&["a<b>&\"", "c"], &[(0, 1, Link::After), (1, 1, Link::Calls)]));
        assert!(picture.contains("a&lt;b&gt;&amp;&quot;"), "{picture}");
        assert!(!picture.contains("<b>") && picture.ends_with("</svg>\n"));
        assert_eq!(picture.matches("<rect ").count(), 2);
    }
}
