//! Takes templates of ERB apart: their texts, and the code between their marks.

use super::super::ruby::{id, source};

/// A piece of an ERB template.
pub(super) enum ErbPiece<'t> {
    Text(&'t str),
    /// The Ruby code between the marks, without blanks around it.
    Value(&'t str),
    Code(&'t str),
}

/// Splits a template at its marks; `None` if one of them has no end. With `trims`, `-%>` removes the line end after it, and
/// `<%-` the blanks before it.
pub(super) fn pieces(text: &str, trims: bool) -> Option<Vec<ErbPiece<'_>>> {
    let (mut found, mut rest) = (Vec::new(), text);
    while let Some((mut before, behind)) = rest.split_once("<%") {
        let (inner, mut after) = behind.split_once("%>")?;
        let mut inner = inner;
        if let Some(short) = inner.strip_suffix('-').filter(|_| trims) {
            inner = short;
            after = after
                .strip_prefix("\r\n")
                .or_else(|| after.strip_prefix('\n'))
                .unwrap_or(after);
        }
        if let Some(short) = inner.strip_prefix('-').filter(|_| trims) {
            inner = short;
            let trimmed = before.trim_end_matches([' ', '\t']);
            if trimmed.is_empty() || trimmed.ends_with('\n') {
                before = trimmed;
            }
        }
        found.push(ErbPiece::Text(before));
        match inner.chars().next() {
            Some('=') => found.push(ErbPiece::Value(inner.get(1..)?.trim())),
            Some('#') => {}
            Some('%') => return None,
            _ => found.push(ErbPiece::Code(inner.trim())),
        }
        rest = after;
    }
    found.push(ErbPiece::Text(rest));
    Some(found)
}

/// Returns the names and the values of code that does nothing but give locals and instance variables values.
pub(super) fn assignments(code: &str) -> Option<Vec<(String, String)>> {
    let parsed = ruby_prism::parse(code.as_bytes());
    let nodes = parsed.errors().next().is_none().then(|| parsed.node())?;
    let nodes = nodes.as_program_node()?.statements();
    let written = nodes.body().iter().map(|node| {
        let local = node.as_local_variable_write_node();
        let local = local.map(|write| (id(&write.name()), write.value()));
        let (name, value) = local.or_else(|| {
            let write = node.as_instance_variable_write_node()?;
            Some((id(&write.name()), write.value()))
        })?;
        Some((name, source(&value)))
    });
    written.collect()
}

/// Returns the names, the list and the method of `list.each do |a, b|` and `for a in list`.
pub(super) fn loop_of(code: &str) -> Option<(Vec<&str>, String, &str)> {
    if let Some(rest) = code.strip_prefix("for ") {
        let (names, list) = rest.split_once(" in ")?;
        let list = list.trim().trim_end_matches(" do");
        return Some((names.split(',').map(str::trim).collect(), list.to_owned(), "each"));
    }
    let head = code.strip_suffix('|')?;
    let (head, names) = head.rsplit_once('|')?;
    let head = head.trim_end();
    let head = head.strip_suffix("do").or_else(|| head.strip_suffix('{'))?.trim_end();
    let (list, method) = match head.split_once(".upto(") {
        Some((first, last)) => (format!("{first}..{}", last.strip_suffix(')')?), "each"),
        None => head.rsplit_once('.').map(|(list, method)| (list.to_owned(), method))?,
    };
    matches!(method, "each" | "each_pair" | "each_with_index" | "times").then(|| {
        (
            names
                .split(',')
                .map(|name| name.trim().trim_matches(['(', ')']))
                .collect(),
            list,
            method,
        )
    })
}

#[cfg(test)]
mod tests {
    use super::assignments;

    #[test]
    fn code_of_a_template_may_be_values_with_blocks() {
        let found = assignments("@a = [1].map do |x|\n  x\nend\nb = 2").unwrap_or_default();
        let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["@a", "b"]);
        assert!(assignments("list.each do |x|").is_none());
        assert!(assignments("puts 1").is_none());
    }
}
