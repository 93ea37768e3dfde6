//! Which label is shown in which style. Text never depends on it: all is readable without colour.

use anstyle::{AnsiColor, Style};

/// What a piece of text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Label {
    /// A task's name.
    Task,
    /// Verb, time and other side remarks.
    Aside,
    /// The host in front of a line of output.
    Host,
    /// The host in front of a line of standard error.
    ErrorHost,
    /// It went well.
    Good,
    /// It failed.
    Bad,
    /// Needs attention, has not failed.
    Notice,
}

/// How to show things: decided once, from options, environment and terminal.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// With colours.
    pub color: bool,
    /// Width to keep to, where one is known.
    pub columns: Option<usize>,
    /// Whether the last line may be redrawn.
    pub live: bool,
}

impl Look {
    /// With so many columns less, where their number is known.
    pub(super) fn narrower(mut self, columns: usize) -> Self {
        self.columns = self.columns.map(|known| known.saturating_sub(columns).max(1));
        self
    }

    /// `text` in the style of `label`.
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
