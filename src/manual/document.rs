//! A Markdown page, split into its parts.

use std::mem::take;

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::pages::PAGES;

/// A page: blocks, one below the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    pub(super) blocks: Vec<PageBlock>,
}

/// A block of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PageBlock {
    /// A heading and its level, which is 1 for the page's title.
    Heading(u8, Vec<Span>),
    Paragraph(Vec<Span>),
    /// Lines that are shown as they are.
    Code(String),
    /// An item of a list: its depth, its marker, and its words. Further paragraphs of an item have no marker.
    Item(usize, String, Vec<Span>),
    /// Rows of cells; the first row has the headings.
    Table(Vec<Vec<Vec<Span>>>),
}

/// A part of a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) kind: SpanStyle,
    pub(super) text: String,
}

/// The emphasis of a part of a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SpanStyle {
    Plain,
    Strong,
    Code,
}

impl Document {
    /// Reads a page.
    pub fn read(markdown: &str) -> Self {
        let mut reader = Reader::default();
        for event in Parser::new_ext(markdown, Options::ENABLE_TABLES) {
            reader.take(event);
        }
        reader.end_item_or_paragraph();
        reader.document
    }

    /// Returns the title of the page, if it has one.
    pub fn title(&self) -> Option<String> {
        match self.blocks.first() {
            Some(PageBlock::Heading(1, spans)) => Some(plain(spans)),
            _ => None,
        }
    }

    /// Returns the page without its title.
    pub fn body(mut self) -> Self {
        if self.title().is_some() {
            self.blocks.remove(0);
        }
        self
    }

    /// Returns the part below this heading, with the heading.
    pub fn section(&self, heading: &str) -> Option<Self> {
        let mut blocks = self.blocks.iter().skip_while(|block| match block {
            PageBlock::Heading(_, spans) => plain(spans) != heading,
            _ => true,
        });
        let first = blocks.next()?;
        let depth = first.depth()?;
        let rest = blocks.take_while(|block| block.depth().is_none_or(|other| other > depth));
        let blocks = std::iter::once(first).chain(rest).cloned().collect();
        Some(Self { blocks })
    }

    /// Returns the row of a table whose first cell calls this function.
    pub fn row(&self, function: &str) -> Option<Self> {
        let calls = |row: &&Vec<Vec<Span>>| {
            let cell = row.first().map(|cell| plain(cell)).unwrap_or_default();
            cell.strip_prefix(function).is_some_and(|rest| rest.starts_with('('))
        };
        let tables = self.blocks.iter().filter_map(|block| match block {
            PageBlock::Table(rows) => rows.split_first(),
            _ => None,
        });
        let found = tables.flat_map(|(heads, rows)| rows.iter().filter(calls).map(move |row| (heads, row)));
        let blocks: Vec<PageBlock> = found
            .map(|(heads, row)| PageBlock::Table(vec![heads.clone(), row.clone()]))
            .collect();
        (!blocks.is_empty()).then_some(Self { blocks })
    }

    /// Returns the words that stand as headings of their own, and the functions that begin rows of tables.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        for block in &self.blocks {
            match block {
                PageBlock::Heading(_, spans) => names.push(plain(spans)),
                PageBlock::Table(rows) => {
                    let cells = rows.iter().filter_map(|row| row.first()).map(|cell| plain(cell));
                    names.extend(cells.filter_map(|cell| Some(cell.split_once('(')?.0.to_owned())));
                }
                _ => {}
            }
        }
        names.retain(|name| !name.is_empty() && !name.contains(' '));
        names
    }

    /// Returns the part whose heading begins with these words, without the heading.
    pub fn part(&self, begin: &str) -> Option<Self> {
        let heading = self.blocks.iter().find_map(|block| match block {
            PageBlock::Heading(_, spans) => Some(plain(spans)).filter(|text| {
                let rest = text.strip_prefix(begin);
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
            }),
            _ => None,
        })?;
        let mut part = self.section(&heading)?;
        part.blocks.remove(0);
        Some(part)
    }
}

impl PageBlock {
    fn depth(&self) -> Option<u8> {
        match self {
            Self::Heading(depth, _) => Some(*depth),
            _ => None,
        }
    }
}

/// Returns the words without emphasis.
pub(super) fn plain(spans: &[Span]) -> String {
    spans.iter().map(|span| span.text.as_str()).collect()
}

#[derive(Default)]
struct Reader {
    document: Document,
    /// The part of a sentence that is being read.
    spans: Vec<Span>,
    strong: usize,
    /// The targets of the links that are open.
    links: Vec<String>,
    /// The number of the next item for each open list, if it has numbers; the innermost list last.
    lists: Vec<Option<u64>>,
    /// The marker of the item that is being read.
    marker: Option<String>,
    code: Option<String>,
    rows: Vec<Vec<Vec<Span>>>,
}

impl Reader {
    fn take(&mut self, event: Event) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => match &mut self.code {
                Some(code) => code.push_str(&text),
                None => self.say(
                    if self.strong > 0 {
                        SpanStyle::Strong
                    } else {
                        SpanStyle::Plain
                    },
                    &text,
                ),
            },
            Event::Code(text) => self.say(SpanStyle::Code, &text),
            Event::SoftBreak => self.say(SpanStyle::Plain, " "),
            Event::HardBreak => self.say(SpanStyle::Plain, "\n"),
            Event::Html(text) | Event::InlineHtml(text) if text.starts_with("<br") => self.say(SpanStyle::Plain, "\n"),
            _ => {}
        }
    }

    fn say(&mut self, kind: SpanStyle, text: &str) {
        match self.spans.last_mut().filter(|last| last.kind == kind) {
            Some(last) => last.text.push_str(text),
            None => self.spans.push(Span {
                kind,
                text: text.to_owned(),
            }),
        }
    }

    fn start(&mut self, tag: Tag) {
        match tag {
            Tag::Strong | Tag::Emphasis => self.strong += 1,
            Tag::Link { dest_url, .. } => self.links.push(dest_url.into_string()),
            Tag::CodeBlock(_) => {
                self.end_item_or_paragraph();
                self.code = Some(String::new());
            }
            Tag::List(number) => {
                self.end_item_or_paragraph();
                self.lists.push(number);
            }
            Tag::Item => {
                self.end_item_or_paragraph();
                self.marker = Some(match self.lists.last_mut() {
                    Some(Some(number)) => {
                        *number += 1;
                        format!("{}.", *number - 1)
                    }
                    _ => "-".to_owned(),
                });
            }
            Tag::Heading { .. } | Tag::Paragraph | Tag::Table(_) => self.end_item_or_paragraph(),
            Tag::TableHead | Tag::TableRow => self.rows.push(Vec::new()),
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Strong | TagEnd::Emphasis => self.strong = self.strong.saturating_sub(1),
            TagEnd::Link => {
                let target = self.links.pop().unwrap_or_default();
                if let Some(where_to) = leads_to(&target) {
                    self.say(SpanStyle::Plain, &format!(" ({where_to})"));
                }
            }
            TagEnd::Heading(level) => {
                let spans = take(&mut self.spans);
                self.add(PageBlock::Heading(depth(level), spans));
            }
            TagEnd::CodeBlock => {
                if let Some(code) = self.code.take() {
                    self.add(PageBlock::Code(code.trim_end().to_owned()));
                }
            }
            TagEnd::TableCell => {
                let cell = take(&mut self.spans);
                self.rows.last_mut().into_iter().for_each(|row| row.push(cell.clone()));
            }
            TagEnd::Table => {
                let rows = take(&mut self.rows);
                self.add(PageBlock::Table(rows));
            }
            TagEnd::Paragraph | TagEnd::Item => self.end_item_or_paragraph(),
            TagEnd::List(_) => {
                self.end_item_or_paragraph();
                self.lists.pop();
            }
            _ => {}
        }
    }

    fn end_item_or_paragraph(&mut self) {
        let spans = take(&mut self.spans);
        if spans.is_empty() {
            return;
        }
        let block = match self.lists.len() {
            0 => PageBlock::Paragraph(spans),
            depth => PageBlock::Item(depth - 1, self.marker.take().unwrap_or_default(), spans),
        };
        self.add(block);
    }

    fn add(&mut self, block: PageBlock) {
        self.document.blocks.push(block);
    }
}

fn depth(level: HeadingLevel) -> u8 {
    match level {
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        _ => 3,
    }
}

/// Returns the target of a link for a reader of this page: another page, or an address.
fn leads_to(target: &str) -> Option<String> {
    if target.starts_with("https://") || target.starts_with("http://") {
        return Some(target.to_owned());
    }
    let file = target.split('#').next().unwrap_or_default();
    let file = file.trim_start_matches("../").trim_start_matches("docs/");
    let page = PAGES.iter().find(|page| !file.is_empty() && page.file == file)?;
    Some(format!("capr help {}", page.name))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{Document, PageBlock, SpanStyle, plain};

    #[test]
    fn a_page_is_read_into_its_blocks() {
        let page = Document::read(
            "# Title\n\nOne `two`\n**three** [four](ssh.md#x) [five](other.md).\n\n- a\n- b\n  1. c\n\n    d\n\n| x | y |\n|---|---|\n| `a\\|b` | z |\n\n    indented\n",
        );
        assert_eq!(page.title().unwrap(), "Title");
        let told: Vec<String> = page
            .blocks
            .iter()
            .map(|block| match block {
                PageBlock::Heading(depth, spans) => format!("{depth} {}", plain(spans)),
                PageBlock::Paragraph(spans) => plain(spans),
                PageBlock::Code(text) => format!("code {text}"),
                PageBlock::Item(depth, marker, spans) => format!("{depth}{marker} {}", plain(spans)),
                PageBlock::Table(rows) => {
                    let cells = rows.iter().flatten().map(|cell| plain(cell));
                    cells.collect::<Vec<_>>().join(";")
                }
            })
            .collect();
        assert_eq!(
            told,
            [
                "1 Title",
                "One two three four (capr help ssh) five.",
                "0- a",
                "0- b",
                "11. c",
                "0 d",
                "x;y;a|b;z",
                "code indented"
            ]
        );
        let Some(PageBlock::Paragraph(spans)) = page.blocks.get(1) else {
            panic!("a paragraph");
        };
        let kinds: Vec<SpanStyle> = spans.iter().map(|span| span.kind).collect();
        assert_eq!(
            kinds,
            [
                SpanStyle::Plain,
                SpanStyle::Code,
                SpanStyle::Plain,
                SpanStyle::Strong,
                SpanStyle::Plain
            ]
        );
    }

    #[test]
    fn a_section_ends_where_the_next_of_its_depth_begins() {
        let page = Document::read("# T\n\n## `a b` [c]\n\nx\n\n### deeper\n\ny\n\n## z\n\nw\n");
        assert_eq!(page.section("a b [c]").unwrap().blocks.len(), 4);
        assert_eq!(page.part("a b").unwrap().blocks.len(), 3);
        assert_eq!(page.section("z").unwrap().blocks.len(), 2);
        assert!(page.section("nothing").is_none());
        assert!(page.part("deep").is_none());
    }
}
