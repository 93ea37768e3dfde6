//! A page for `man`: requests of the macro package `man`, which both groff and mandoc know.

use super::document::{Document, PageBlock, Span, SpanStyle, plain};

/// Returns a page as the body of a manual page: headings of the second level become sections. A paragraph has begun before the
/// body.
pub(crate) fn roff(document: &Document) -> String {
    let mut text = String::new();
    // A paragraph begins by itself there.
    let mut is_begun = true;
    for block in &document.blocks {
        let begin = if is_begun { "" } else { ".PP\n" };
        is_begun = matches!(block, PageBlock::Heading(..));
        match block {
            // The manual page has a title of its own.
            PageBlock::Heading(1, _) => {}
            PageBlock::Heading(2, spans) => request(&mut text, "SH", &plain(spans).to_uppercase()),
            PageBlock::Heading(_, spans) => request(&mut text, "SS", &plain(spans)),
            PageBlock::Paragraph(spans) => {
                text.push_str(begin);
                text.push_str(&lines(spans));
            }
            PageBlock::Code(code) => {
                text.push_str(begin);
                text.push_str(".RS 4\n.nf\n");
                for line in code.lines() {
                    text.push_str(&escaped(line));
                    text.push('\n');
                }
                text.push_str(".fi\n.RE\n");
            }
            PageBlock::Item(depth, marker, spans) => {
                let marker = if marker == "-" { "\\(bu" } else { marker.as_str() };
                text.push_str(&".RS 4\n".repeat(*depth));
                text.push_str(&format!(".IP \"{marker}\" 4\n{}", lines(spans)));
                text.push_str(&".RE\n".repeat(*depth));
            }
            PageBlock::Table(rows) => table(&mut text, rows),
        }
    }
    text
}

/// Writes each row as its first cell, with the other cells indented below it. These get their headings if they could be confused.
fn table(text: &mut String, rows: &[Vec<Vec<Span>>]) {
    let Some((heads, rows)) = rows.split_first() else {
        return;
    };
    for row in rows {
        let Some((term, cells)) = row.split_first() else {
            continue;
        };
        text.push_str(".TP\n");
        // A tag has to be one line.
        let tag = lines(term);
        let tag = tag.trim_end().replace("\n.br\n", " ");
        text.push_str(if tag.is_empty() { "\\&" } else { &tag });
        text.push('\n');
        let mut is_first = true;
        for (place, cell) in cells.iter().enumerate().filter(|(_, cell)| !cell.is_empty()) {
            if !is_first {
                text.push_str(".br\n");
            }
            is_first = false;
            let head = heads.get(place + 1).map(|head| plain(head)).unwrap_or_default();
            if cells.len() > 1 && !head.is_empty() {
                text.push_str(&format!("{}: ", escaped(&head)));
            }
            text.push_str(&lines(cell));
        }
        if is_first {
            text.push_str("\\&\n");
        }
    }
}

fn request(text: &mut String, name: &str, argument: &str) {
    let argument = escaped(argument).replace('"', "\\(dq");
    text.push_str(&format!(".{name} \"{argument}\"\n"));
}

/// Returns sentences as lines of the source.
fn lines(spans: &[Span]) -> String {
    let mut text = String::new();
    for span in spans {
        let (begin, end) = match span.kind {
            SpanStyle::Plain => ("", ""),
            SpanStyle::Strong | SpanStyle::Code => ("\\fB", "\\fR"),
        };
        let pieces = span.text.split('\n').map(|line| match line {
            "" => String::new(),
            line => format!("{begin}{}{end}", escaped(line)),
        });
        text.push_str(&pieces.collect::<Vec<_>>().join("\n.br\n"));
    }
    text.push('\n');
    text
}

/// Returns a line in which nothing is a request or an escape.
pub(crate) fn escaped(line: &str) -> String {
    let mut text = String::new();
    if line.starts_with(['.', '\'']) {
        text.push_str("\\&");
    }
    for c in line.chars() {
        match c {
            '\\' => text.push_str("\\e"),
            '-' => text.push_str("\\-"),
            '\'' => text.push_str("\\(aq"),
            '`' => text.push_str("\\(ga"),
            '^' => text.push_str("\\(ha"),
            '~' => text.push_str("\\(ti"),
            '→' => text.push_str("\\(->"),
            '…' => text.push_str("..."),
            '›' => text.push_str("\\(fc"),
            '·' => text.push_str("\\(pc"),
            '–' => text.push_str("\\(en"),
            '×' => text.push_str("\\(mu"),
            c => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Document, escaped, roff};

    #[test]
    fn nothing_in_a_line_is_taken_for_a_request() {
        assert_eq!(escaped(".x -a 'b' \\n `c`"), "\\&.x \\-a \\(aqb\\(aq \\en \\(gac\\(ga");
    }

    #[test]
    fn a_page_becomes_requests() {
        let page = "# T\n\n## One \"two\"\n\n.a `b`\n\n- c\n\n```\n.d\n```\n\n| x | y | z |\n|---|---|---|\n| `e` | f | g |\n| | h | |\n";
        let expected = ".SH \"ONE \\(dqTWO\\(dq\"\n\\&.a \\fBb\\fR\n.IP \"\\(bu\" 4\nc\n.PP\n.RS 4\n.nf\n\\&.d\n.fi\n.RE\n.TP\n\\fBe\\fR\ny: f\n.br\nz: g\n.TP\n\\&\ny: h\n";
        assert_eq!(roff(&Document::read(page)), expected);
    }
}
