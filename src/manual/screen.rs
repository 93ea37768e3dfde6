//! Shows a page on a terminal, or writes it into a pipe: filled into lines, and readable without colour.

use anstyle::{AnsiColor, Style};

use super::document::{Document, PageBlock, Span, SpanStyle};

/// The indentation of everything below a heading.
const INDENT: usize = 2;
/// The longest line, however wide the terminal is.
const WIDEST: usize = 100;
/// The least width of lines, however narrow the terminal is.
const NARROWEST: usize = 30;
/// The space between the columns of a table.
const GAP: usize = 2;

/// Returns a page in lines of this many columns, with or without styles.
pub(crate) fn screen(document: &Document, columns: usize, color: bool) -> String {
    let page = Page {
        columns: columns.clamp(NARROWEST, WIDEST),
        color,
    };
    let mut lines: Vec<String> = Vec::new();
    let mut last: Option<&PageBlock> = None;
    for block in &document.blocks {
        let goes_on = matches!(block, PageBlock::Item(_, marker, _) if !marker.is_empty());
        let is_close = last.is_none() || goes_on && matches!(last, Some(PageBlock::Item(..)));
        if !is_close {
            lines.push(String::new());
        }
        lines.extend(page.block(block));
        last = Some(block);
    }
    let mut text = String::new();
    for line in lines {
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

struct Page {
    columns: usize,
    color: bool,
}

/// Parts of a sentence without a blank between them, so that no line ends between them.
type Word = Vec<Span>;

impl Page {
    fn block(&self, block: &PageBlock) -> Vec<String> {
        match block {
            PageBlock::Heading(depth, spans) => self.heading(*depth, spans),
            PageBlock::Paragraph(spans) => self.filled(spans, INDENT, INDENT),
            PageBlock::Code(text) => text
                .lines()
                .map(|line| format!("{:1$}{line}", "", INDENT + 2))
                .collect(),
            PageBlock::Item(depth, marker, spans) => {
                let before = INDENT + 2 * depth;
                let behind = before + marker.chars().count().max(1) + 1;
                let mut lines = self.filled(spans, behind, behind);
                if let Some(first) = lines.first_mut() {
                    *first = format!("{:before$}{marker:1$}{2}", "", behind - before, first.trim_start());
                }
                lines
            }
            PageBlock::Table(rows) => self.table(rows),
        }
    }

    fn heading(&self, depth: u8, spans: &[Span]) -> Vec<String> {
        let lines = self.filled(spans, 0, 0);
        let rule = match depth {
            1 => "=",
            2 => "-",
            _ => "",
        };
        if self.color {
            let bold = Style::new().bold();
            return lines.iter().map(|line| format!("{bold}{line}{bold:#}")).collect();
        }
        let length = lines.iter().map(|line| line.chars().count()).max().unwrap_or(0);
        let rule = Some(rule.repeat(length)).filter(|rule| !rule.is_empty());
        lines.into_iter().chain(rule).collect()
    }

    /// Fills sentences into lines; the first and the further lines have their own indentation.
    fn filled(&self, spans: &[Span], first: usize, further: usize) -> Vec<String> {
        let (mut lines, mut line, mut used) = (Vec::new(), " ".repeat(first), first);
        let mut is_begun = false;
        let mut next_line = |line: &mut String, used: &mut usize| {
            lines.push(std::mem::replace(line, " ".repeat(further)));
            *used = further;
        };
        for (place, paragraph) in paragraphs(spans, self.color).into_iter().enumerate() {
            if place > 0 {
                next_line(&mut line, &mut used);
                is_begun = false;
            }
            for word in paragraph {
                let length = length(&word);
                if is_begun && used + 1 + length > self.columns {
                    next_line(&mut line, &mut used);
                } else if is_begun {
                    line.push(' ');
                    used += 1;
                }
                is_begun = true;
                used += length;
                line.extend(word.iter().map(|span| self.styled(span)));
            }
        }
        lines.push(line);
        lines
    }

    fn styled(&self, span: &Span) -> String {
        let style = match span.kind {
            _ if !self.color => return span.text.clone(),
            SpanStyle::Plain => return span.text.clone(),
            SpanStyle::Strong => Style::new().bold(),
            SpanStyle::Code => AnsiColor::Cyan.on_default(),
        };
        format!("{style}{}{style:#}", span.text)
    }

    /// Shows a table in columns if there is room, else one row below the other.
    fn table(&self, rows: &[Vec<Vec<Span>>]) -> Vec<String> {
        let cells = rows.iter().map(|row| row.iter().map(|cell| self.natural(cell)));
        let mut widths: Vec<usize> = Vec::new();
        for row in cells {
            for (place, width) in row.enumerate() {
                match widths.get_mut(place) {
                    Some(known) => *known = (*known).max(width),
                    None => widths.push(width),
                }
            }
        }
        let whole = INDENT + widths.iter().map(|width| width + GAP).sum::<usize>();
        if whole <= self.columns + GAP {
            return rows.iter().map(|row| self.row(row, &widths)).collect();
        }
        let (heads, rows) = rows
            .split_first()
            .map_or((&[][..], rows), |(heads, rows)| (&heads[..], rows));
        let mut lines = Vec::new();
        for row in rows {
            lines.extend(self.entry(heads, row));
        }
        lines
    }

    /// Returns the width of a cell on one line, or a very great one if it has several lines.
    fn natural(&self, cell: &[Span]) -> usize {
        let paragraphs = paragraphs(cell, self.color);
        match paragraphs.as_slice() {
            [] => 0,
            [words] => words
                .iter()
                .map(|word| length(word) + 1)
                .sum::<usize>()
                .saturating_sub(1),
            _ => WIDEST,
        }
    }

    fn row(&self, row: &[Vec<Span>], widths: &[usize]) -> String {
        let mut line = " ".repeat(INDENT);
        for (cell, width) in row.iter().zip(widths) {
            let words = paragraphs(cell, self.color).into_iter().flatten();
            let words: Vec<String> = words
                .map(|word| word.iter().map(|span| self.styled(span)).collect())
                .collect();
            line.push_str(&words.join(" "));
            line.push_str(&" ".repeat(width + GAP - self.natural(cell)));
        }
        line
    }

    /// Shows a row as its first cell, with the other cells below it. These get their headings if they could be confused.
    fn entry(&self, heads: &[Vec<Span>], row: &[Vec<Span>]) -> Vec<String> {
        let (term, cells) = match row.split_first() {
            Some((term, cells)) => (term, cells),
            None => return Vec::new(),
        };
        let mut lines = self.filled(term, INDENT, INDENT + 2);
        for (place, cell) in cells.iter().enumerate().filter(|(_, cell)| !cell.is_empty()) {
            let mut spans = Vec::new();
            if cells.len() > 1 {
                let head = heads.get(place + 1).into_iter().flatten();
                spans.extend(head.cloned());
            }
            if !spans.is_empty() {
                spans.push(Span {
                    kind: SpanStyle::Plain,
                    text: ": ".to_owned(),
                });
            }
            spans.extend(cell.iter().cloned());
            lines.extend(self.filled(&spans, INDENT + 4, INDENT + 4));
        }
        lines
    }
}

/// Splits spans into words, line by line where the page has breaks. Without colours, code is shown in backticks.
fn paragraphs(spans: &[Span], color: bool) -> Vec<Vec<Word>> {
    let mut paragraphs: Vec<Vec<Word>> = Vec::new();
    let (mut words, mut word): (Vec<Word>, Word) = (Vec::new(), Vec::new());
    for span in spans {
        let text = match span.kind {
            SpanStyle::Code if !color && span.text.contains('`') => format!("`` {} ``", span.text),
            SpanStyle::Code if !color => format!("`{}`", span.text),
            _ => span.text.clone(),
        };
        for (place, line) in text.split('\n').enumerate() {
            if place > 0 {
                words.extend(Some(std::mem::take(&mut word)).filter(|word| !word.is_empty()));
                paragraphs.push(std::mem::take(&mut words));
            }
            for (place, piece) in line.split(' ').enumerate() {
                if place > 0 {
                    words.extend(Some(std::mem::take(&mut word)).filter(|word| !word.is_empty()));
                }
                if !piece.is_empty() {
                    word.push(Span {
                        kind: span.kind,
                        text: piece.to_owned(),
                    });
                }
            }
        }
    }
    words.extend(Some(word).filter(|word| !word.is_empty()));
    paragraphs.push(words);
    paragraphs
}

fn length(word: &Word) -> usize {
    word.iter().map(|span| span.text.chars().count()).sum()
}

#[cfg(test)]
mod tests {
    use super::{Document, screen};

    const PAGE: &str = "# Title\n\nA paragraph with `code in it` that is longer than the line.\n\n## Part\n\n- one\n- two that goes on in the next line\n\n    $ capr x\n";

    #[test]
    fn a_page_is_filled_into_the_columns_that_there_are() {
        let shown = screen(&Document::read(PAGE), 30, false);
        let expected = "Title\n=====\n\n  A paragraph with `code in\n  it` that is longer than the\n  line.\n\nPart\n----\n\n  - one\n  - two that goes on in the\n    next line\n\n    $ capr x\n";
        assert_eq!(shown, expected);
    }

    #[test]
    fn with_colours_code_has_one_instead_of_backticks() {
        let shown = screen(&Document::read("# T\n\na `b c`, **d**\n"), 80, true);
        let code = "\u{1b}[36mb\u{1b}[0m \u{1b}[36mc\u{1b}[0m";
        let expected = format!("\u{1b}[1mT\u{1b}[0m\n\n  a {code}, \u{1b}[1md\u{1b}[0m\n");
        assert_eq!(shown, expected);
    }

    #[test]
    fn a_table_stands_in_columns_or_row_below_row() {
        let table = "| a | b | c |\n|---|---|---|\n| `x` | yes | no |\n| long one | | z |\n";
        let wide = screen(&Document::read(table), 80, false);
        assert_eq!(wide, "  a         b    c\n  `x`       yes  no\n  long one       z\n");
        let table = "| option | meaning |\n|---|---|\n| `x` | does something with many words |\n";
        let narrow = screen(&Document::read(table), 30, false);
        assert_eq!(narrow, "  `x`\n      does something with many\n      words\n");
        let table = "| what | first column | second |\n|---|---|---|\n| `x` | does something | with words |\n";
        let narrow = screen(&Document::read(table), 30, false);
        assert_eq!(
            narrow,
            "  `x`\n      first column: does\n      something\n      second: with words\n"
        );
    }
}
