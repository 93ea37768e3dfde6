//! The style of each label. The words never depend on it: everything can be read without colour.

use anstyle::{AnsiColor, Style};

/// The kinds of pieces that have a style.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Label {
    /// A task's name.
    Task,
    /// A verb, a time, or another side remark.
    Aside,
    /// The host in front of a line of output.
    Host,
    /// The host in front of a line of standard error.
    ErrorHost,
    /// Something that went well.
    Good,
    /// Something that failed.
    Bad,
    /// Something that needs attention but has not failed.
    Notice,
}

/// The look of a stream: decided once, from options, environment and terminal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    /// True if colours are used.
    pub color: bool,
    /// The width to keep to, if one is known.
    pub columns: Option<usize>,
    /// True if the last line may be redrawn.
    pub live: bool,
}

impl Look {
    /// Returns the look with this many columns less, if their number is known.
    pub(super) fn narrower(mut self, columns: usize) -> Self {
        self.columns = self.columns.map(|known| known.saturating_sub(columns).max(1));
        self
    }

    /// Returns `text` in the style of `label`.
    pub(super) fn paint(self, label: Label, text: &str) -> String {
        if !self.color || text.is_empty() {
            return text.to_owned();
        }
        let style = match label {
            Label::Task => Style::new().bold(),
            Label::Aside => Style::new().dimmed(),
            Label::Host => AnsiColor::Cyan.on_default(),
            Label::ErrorHost | Label::Notice => AnsiColor::Yellow.on_default(),
            Label::Good => AnsiColor::Green.on_default(),
            Label::Bad => AnsiColor::Red.on_default().bold(),
        };
        format!("{style}{text}{style:#}")
    }
}

#[cfg(test)]
mod tests {
    use super::{Label, Look};

    #[test]
    fn o4_without_colour_text_is_left_as_it_is() {
        let mut look = Look {
            color: false,
            columns: None,
            live: false,
        };
        assert_eq!(look.paint(Label::Bad, "x"), "x");
        look.color = true;
        assert_eq!(look.paint(Label::Good, "x"), "\u{1b}[32mx\u{1b}[0m");
        assert_eq!(look.paint(Label::Good, ""), "");
    }
}
