//! The style of each label. The words never depend on it: everything can be read without colour.
//!
//! The 16 colours of a terminal are whatever its theme says, and most themes have a yellow and a cyan that cannot be read on
//! white. Where there are 256 colours, those are chosen that are the same everywhere and stand off against white and black alike.

use anstyle::{Ansi256Color, AnsiColor, Color, Style};

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
    /// True if the terminal has 256 of them.
    pub many: bool,
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
        let style = self.style(label);
        format!("{style}{text}{style:#}")
    }

    /// Returns the style of a label.
    pub(super) fn style(self, label: Label) -> Style {
        let colored = |(few, many): (AnsiColor, Ansi256Color)| {
            let color = match self.many {
                true => Color::Ansi256(many),
                false => Color::Ansi(few),
            };
            Style::new().fg_color(Some(color))
        };
        match label {
            Label::Task => Style::new().bold(),
            Label::Aside => Style::new().dimmed(),
            Label::Host => colored(HOST),
            Label::ErrorHost | Label::Notice => colored(NOTICE),
            Label::Good => colored(GOOD),
            Label::Bad => colored(BAD).bold(),
        }
    }
}

/// Returns true for the number of one of the 256 colours that are used here.
pub(super) fn is_own(number: &str) -> bool {
    [HOST, NOTICE, GOOD, BAD]
        .iter()
        .any(|(_, many)| number == many.0.to_string())
}

const HOST: (AnsiColor, Ansi256Color) = (AnsiColor::Cyan, Ansi256Color(30));
/// It is not yellow, which themes choose for a dark background.
const NOTICE: (AnsiColor, Ansi256Color) = (AnsiColor::Magenta, Ansi256Color(130));
const GOOD: (AnsiColor, Ansi256Color) = (AnsiColor::Green, Ansi256Color(28));
const BAD: (AnsiColor, Ansi256Color) = (AnsiColor::Red, Ansi256Color(160));

#[cfg(test)]
mod tests {
    use anstyle::Ansi256Color;

    use super::{BAD, GOOD, HOST, Label, Look, NOTICE};

    #[test]
    fn o4_without_colour_text_is_left_as_it_is() {
        let mut look = Look {
            color: false,
            many: false,
            columns: None,
            live: false,
        };
        assert_eq!(look.paint(Label::Bad, "x"), "x");
        look.color = true;
        assert_eq!(look.paint(Label::Good, "x"), "\u{1b}[32mx\u{1b}[0m");
        assert_eq!(look.paint(Label::Good, ""), "");
        look.many = true;
        assert_eq!(look.paint(Label::Good, "x"), "\u{1b}[38;5;28mx\u{1b}[0m");
    }

    /// Returns the luminance of one of the 216 colours of the cube, as WCAG defines it.
    fn luminance(Ansi256Color(number): Ansi256Color) -> f64 {
        let of = |step: u8| {
            let value = f64::from([0, 95, 135, 175, 215, 255].get(usize::from(step)).copied().unwrap_or(0)) / 255.0;
            if value <= 0.03928 {
                value / 12.92
            } else {
                ((value + 0.055) / 1.055).powf(2.4)
            }
        };
        let cube = number - 16;
        0.2126 * of(cube / 36) + 0.7152 * of(cube / 6 % 6) + 0.0722 * of(cube % 6)
    }

    #[test]
    fn colours_stand_off_against_white_and_black_alike() {
        for (_, color) in [HOST, NOTICE, GOOD, BAD] {
            let luminance = luminance(color);
            let (on_white, on_black) = (1.05 / (luminance + 0.05), (luminance + 0.05) / 0.05);
            assert!(
                on_white >= 4.3 && on_black >= 3.8,
                "{color:?}: {on_white:.2}, {on_black:.2}"
            );
        }
    }
}
