//! Places for the tasks of a drawing: in layers from left to right, so that most arrows point to the right and few cross. This is
//! Sugiyama's method: cycles are broken, each task gets the layer after that of its last caller, long arrows get a place in each
//! layer that they pass, and each layer is put in the order of its neighbours.

use crate::sort;

/// Something that has a place in a layer.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// The task; `None` if only an arrow passes here.
    pub(super) task: Option<usize>,
    pub(super) layer: usize,
    /// The height of its middle, in rows.
    pub(super) row: f64,
}

/// The drawing without sizes.
#[derive(Debug, Default)]
pub(super) struct Layers {
    pub(super) nodes: Vec<Node>,
    /// The nodes that each link passes, from its beginning to its end.
    pub(super) ways: Vec<Vec<usize>>,
    pub(super) layers: usize,
    /// The lowest row.
    pub(super) rows: f64,
}

/// The number of times that the layers are put in order, in both directions.
const SWEEPS: usize = 12;

/// Puts this many tasks and their links in layers.
pub(super) fn layers(tasks: usize, links: &[(usize, usize)]) -> Layers {
    let forward = without_circles(tasks, links);
    let of_task = layer_of_each(tasks, &forward);
    let mut found = Layers {
        nodes: of_task
            .iter()
            .enumerate()
            .map(|(task, layer)| Node {
                task: Some(task),
                layer: *layer,
                row: 0.0,
            })
            .collect(),
        ways: Vec::new(),
        layers: of_task.iter().max().map_or(0, |last| last + 1),
        rows: 0.0,
    };
    for ((from, to), (left, right)) in links.iter().zip(&forward) {
        let mut way = vec![*left];
        let layer = |nodes: &[Node], node: usize| nodes.get(node).map_or(0, |node| node.layer);
        for passed in layer(&found.nodes, *left) + 1..layer(&found.nodes, *right) {
            way.push(found.nodes.len());
            found.nodes.push(Node {
                task: None,
                layer: passed,
                row: 0.0,
            });
        }
        way.push(*right);
        if left != from || right != to {
            way.reverse();
        }
        found.ways.push(way);
    }
    let mut order = first_order(&found);
    let neighbours = neighbours(&found);
    let mut best = (crossings(&order, &found), order.clone());
    for sweep in 0..SWEEPS {
        sort_by_neighbours(&mut order, &neighbours, sweep % 2 == 0);
        let crossings = crossings(&order, &found);
        if crossings < best.0 {
            best = (crossings, order.clone());
        }
    }
    place(&mut found, &best.1, &neighbours);
    found
}

/// Returns the links, with those that close a cycle reversed.
fn without_circles(tasks: usize, links: &[(usize, usize)]) -> Vec<(usize, usize)> {
    #[derive(Clone, Copy, PartialEq)]
    enum Seen {
        Not,
        Open,
        Done,
    }
    let mut below = vec![Vec::new(); tasks];
    for (at, (from, to)) in links.iter().enumerate() {
        if let Some(below) = below.get_mut(*from) {
            below.push((at, *to));
        }
    }
    let mut forward = links.to_vec();
    let mut seen = vec![Seen::Not; tasks];
    for start in 0..tasks {
        let mut stack = vec![(start, 0)];
        while let Some((task, next)) = stack.pop() {
            let (Some(state), Some(links)) = (seen.get_mut(task), below.get(task)) else {
                continue;
            };
            if next == 0 && *state != Seen::Not {
                continue;
            }
            *state = Seen::Open;
            let Some((at, to)) = links.get(next) else {
                *state = Seen::Done;
                continue;
            };
            stack.push((task, next + 1));
            match seen.get(*to) {
                Some(Seen::Open) => forward.get_mut(*at).into_iter().for_each(|link| *link = (*to, task)),
                Some(Seen::Not) => stack.push((*to, 0)),
                _ => {}
            }
        }
    }
    forward
}

/// Returns the layer of each task: one more than that of its last caller.
fn layer_of_each(tasks: usize, links: &[(usize, usize)]) -> Vec<usize> {
    let mut layers = vec![0; tasks];
    // A path has at most this many tasks, so every layer is final afterwards.
    for _ in 0..tasks {
        let mut is_changed = false;
        for (from, to) in links.iter().filter(|(from, to)| from != to) {
            let least = layers.get(*from).map_or(0, |layer| layer + 1);
            if let Some(layer) = layers.get_mut(*to).filter(|layer| **layer < least) {
                *layer = least;
                is_changed = true;
            }
        }
        if !is_changed {
            break;
        }
    }
    layers
}

/// Returns the nodes of each layer, in the order in which they were made.
fn first_order(found: &Layers) -> Vec<Vec<usize>> {
    let mut order = vec![Vec::new(); found.layers];
    for (at, node) in found.nodes.iter().enumerate() {
        order.get_mut(node.layer).into_iter().for_each(|layer| layer.push(at));
    }
    order
}

/// Returns for each node its neighbours in the layer to the left and in the layer to the right.
fn neighbours(found: &Layers) -> Vec<[Vec<usize>; 2]> {
    let mut neighbours = vec![<[Vec<usize>; 2]>::default(); found.nodes.len()];
    for (left, right) in steps(found) {
        if let Some([_, of_left]) = neighbours.get_mut(left) {
            of_left.push(right);
        }
        if let Some([of_right, _]) = neighbours.get_mut(right) {
            of_right.push(left);
        }
    }
    neighbours
}

/// Returns the parts of all links from one layer to the next, from left to right.
fn steps(found: &Layers) -> impl Iterator<Item = (usize, usize)> {
    let layer = |node: usize| found.nodes.get(node).map_or(0, |node| node.layer);
    let parts = found.ways.iter().flat_map(|way| way.windows(2));
    parts.filter_map(move |part| match part {
        [a, b] if layer(*a) < layer(*b) => Some((*a, *b)),
        [a, b] if layer(*b) < layer(*a) => Some((*b, *a)),
        _ => None,
    })
}

/// Returns the place of each node in its layer.
fn places(order: &[Vec<usize>], nodes: usize) -> Vec<usize> {
    let mut places = vec![0; nodes];
    for layer in order {
        for (place, node) in layer.iter().enumerate() {
            places.get_mut(*node).into_iter().for_each(|at| *at = place);
        }
    }
    places
}

fn sort_by_neighbours(order: &mut [Vec<usize>], neighbours: &[[Vec<usize>; 2]], is_forward: bool) {
    let layers: Vec<usize> = match is_forward {
        true => (0..order.len()).collect(),
        false => (0..order.len()).rev().collect(),
    };
    for layer in layers {
        let places = places(order, neighbours.len());
        let place = |node: usize| places.get(node).copied().unwrap_or(0) as f64;
        let middle = |node: &usize| {
            let [left, right] = neighbours.get(*node)?;
            let side = if is_forward { left } else { right };
            (!side.is_empty()).then(|| side.iter().map(|node| place(*node)).sum::<f64>() / side.len() as f64)
        };
        if let Some(nodes) = order.get_mut(layer) {
            // A node that has no neighbour there stays where it is.
            sort::by(nodes, |a, b| {
                let [a, b] = [a, b].map(|node| middle(node).unwrap_or_else(|| place(*node)));
                a.total_cmp(&b)
            });
        }
    }
}

/// Returns the number of arrows that cross.
fn crossings(order: &[Vec<usize>], found: &Layers) -> usize {
    let places = places(order, found.nodes.len());
    let place = |node: usize| places.get(node).copied().unwrap_or(0);
    let mut by_layer: Vec<Vec<(usize, usize)>> = vec![Vec::new(); found.layers];
    for (left, right) in steps(found) {
        let layer = found.nodes.get(left).map_or(0, |node| node.layer);
        let between = (place(left), place(right));
        by_layer
            .get_mut(layer)
            .into_iter()
            .for_each(|layer| layer.push(between));
    }
    let cross = |a: &(usize, usize), b: &(usize, usize)| a.0 < b.0 && a.1 > b.1 || a.0 > b.0 && a.1 < b.1;
    let of_layer = |parts: &Vec<(usize, usize)>| {
        let pairs = parts.iter().enumerate();
        pairs
            .map(|(at, a)| parts.iter().skip(at + 1).filter(|b| cross(a, b)).count())
            .sum::<usize>()
    };
    by_layer.iter().map(of_layer).sum()
}

/// Gives each node its row: near its neighbours, at least one from the next in its layer.
fn place(found: &mut Layers, order: &[Vec<usize>], neighbours: &[[Vec<usize>; 2]]) {
    let mut rows = vec![0.0; found.nodes.len()];
    for layer in order {
        for (row, node) in layer.iter().enumerate() {
            rows.get_mut(*node).into_iter().for_each(|at| *at = row as f64);
        }
    }
    for sweep in 0..SWEEPS {
        for layer in order {
            let wanted: Vec<f64> = layer
                .iter()
                .map(|node| wanted(*node, neighbours, &rows, sweep))
                .collect();
            for (node, row) in layer.iter().zip(apart(&wanted)) {
                rows.get_mut(*node).into_iter().for_each(|at| *at = row);
            }
        }
    }
    let least = rows.iter().copied().fold(f64::INFINITY, f64::min);
    for (node, row) in found.nodes.iter_mut().zip(&rows) {
        node.row = row - least;
    }
    found.rows = found.nodes.iter().map(|node| node.row).fold(0.0, f64::max);
}

/// Returns the row in the middle of a node's neighbours, alternating between those to the left and those to the right.
fn wanted(node: usize, neighbours: &[[Vec<usize>; 2]], rows: &[f64], sweep: usize) -> f64 {
    let row = |node: usize| rows.get(node).copied().unwrap_or(0.0);
    let sides = neighbours.get(node);
    let side = sides
        .and_then(|sides| sides.get(sweep % 2))
        .filter(|side| !side.is_empty());
    side.map_or_else(
        || row(node),
        |side| side.iter().map(|node| row(*node)).sum::<f64>() / side.len() as f64,
    )
}

/// Returns the wanted rows, in the same order and at least one apart: the mean of pushing them down and of pushing them up.
fn apart(wanted: &[f64]) -> Vec<f64> {
    let push = |rows: &mut dyn Iterator<Item = f64>, sign: f64| {
        let mut last = f64::NEG_INFINITY;
        let mut pushed = Vec::new();
        for row in rows {
            last = (row * sign).max(last + 1.0);
            pushed.push(last * sign);
        }
        pushed
    };
    let down = push(&mut wanted.iter().copied(), 1.0);
    let mut up = push(&mut wanted.iter().rev().copied(), -1.0);
    up.reverse();
    down.iter().zip(&up).map(|(down, up)| (down + up) / 2.0).collect()
}

#[cfg(test)]
#[allow(clippy::indexing_slicing)]
mod tests {
    use super::layers;

    #[test]
    fn arrows_point_to_the_right_and_circles_do_not_hang() {
        let links = [(0, 1), (1, 2), (2, 0), (0, 3), (3, 3), (3, 2)];
        let found = layers(4, &links);
        let layer = |task: usize| found.nodes[task].layer;
        assert!(layer(0) < layer(1) && layer(1) < layer(2) && layer(0) < layer(3));
        for ((from, to), way) in links.iter().zip(&found.ways) {
            assert_eq!((way.first(), way.last()), (Some(from), Some(to)));
        }
    }

    #[test]
    fn what_can_be_drawn_without_crossings_is_and_no_two_have_one_place() {
        // In the order of their numbers, the arrows of 0 and 1 would cross.
        let found = layers(6, &[(0, 4), (1, 3), (0, 5), (2, 3)]);
        for (at, a) in found.nodes.iter().enumerate() {
            for b in &found.nodes[at + 1..] {
                assert!(a.layer != b.layer || (a.row - b.row).abs() >= 0.99, "{a:?} {b:?}");
            }
        }
        let row = |task: usize| found.nodes[task].row;
        assert_eq!(row(0) < row(1), row(4) < row(3), "{found:?}");
    }

    #[test]
    fn nothing_and_many_are_drawn() {
        assert_eq!(layers(0, &[]).nodes.len(), 0);
        let links: Vec<(usize, usize)> = (0..199).map(|task| (task, task + 1)).chain([(0, 199)]).collect();
        assert_eq!(layers(200, &links).layers, 200);
    }
}
