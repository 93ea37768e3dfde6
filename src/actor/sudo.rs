//! Finds the parts of a command's output that are not the command's own: the marks that show how far it has come, and sudo's
//! questions.

/// The first words of sudo's message for a wrong password, in the language of most servers.
const REFUSAL: &str = "Sorry, try again";

/// The words with which sudo-rs begins a question, before the word that it was given to ask with.
const SUDO_RS: &str = "[sudo: ";

/// A part of the output.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum SudoPart {
    /// Output of the command.
    Text(String),
    /// The mark that is printed before the command begins.
    Begun,
    /// sudo waits for the password.
    Question,
    /// sudo says that it did not accept the password.
    Refusal,
    /// sudo has started its command.
    Started,
}

/// One stream of one command. A question contains the word that was made on the server for this command, stands at the start of a
/// line that has not ended yet, and comes before sudo has started its command.
#[derive(Debug)]
pub(super) struct SudoFilter {
    mark: String,
    /// The mark that sudo's command prints first, if it is awaited.
    started: Option<String>,
    state: SudoState,
    held: String,
    line_start: bool,
    /// True if the rest of the line belongs to sudo.
    skipping: bool,
    /// True if a question was just found; the terminal's echo of the newline may follow.
    asked: bool,
    /// True if sudo has asked before, on this stream or the other, so that refusals can follow.
    ever_asked: bool,
}

#[derive(Debug)]
enum SudoState {
    /// The mark is awaited.
    Waiting,
    /// The mark was printed, with this word.
    Begun(String),
    /// No later output belongs to sudo.
    Over,
}

impl SudoFilter {
    pub(super) fn new(mark: &str, started: Option<&str>) -> Self {
        Self {
            mark: mark.to_owned(),
            started: started.map(str::to_owned),
            state: SudoState::Waiting,
            held: String::new(),
            line_start: true,
            skipping: false,
            asked: false,
            ever_asked: false,
        }
    }

    /// Takes output; `answered` is true if sudo was given a password before, on whichever stream it asked.
    pub(super) fn push(&mut self, text: &str, answered: bool) -> Vec<SudoPart> {
        self.ever_asked |= answered;
        let mut input = std::mem::take(&mut self.held);
        input.push_str(text);
        let mut rest = input.as_str();
        let mut found = Vec::new();
        while !rest.is_empty() {
            if let Some(left) = self.own(rest, &mut found) {
                match left {
                    Some(after) => rest = after,
                    None => break,
                }
                continue;
            }
            let (line, after) = self.up_to_what_may_be_ours(rest);
            if line.is_empty() {
                break;
            }
            self.line_start = line.ends_with('\n');
            if self.skipping {
                self.skipping = !self.line_start;
            } else if let Some(SudoPart::Text(text)) = found.last_mut() {
                text.push_str(line);
            } else {
                found.push(SudoPart::Text(line.to_owned()));
            }
            rest = after;
        }
        self.held = rest.to_owned();
        found
    }

    /// Returns the rest after a part that is not the command's: `Some(None)` if that part is not complete yet, `None` if there
    /// is no such part at this place.
    fn own<'a>(&mut self, rest: &'a str, found: &mut Vec<SudoPart>) -> Option<Option<&'a str>> {
        if let Some(mark) = self.awaited()
            && let Some(behind) = rest.strip_prefix(mark)
        {
            let Some((word, after)) = behind.split_once('\n') else {
                return Some(None);
            };
            self.line_start = true;
            (self.state, self.asked) = match self.state {
                SudoState::Waiting => {
                    found.push(SudoPart::Begun);
                    (SudoState::Begun(word.trim_end_matches('\r').to_owned()), false)
                }
                _ => {
                    found.push(SudoPart::Started);
                    (SudoState::Over, false)
                }
            };
            return Some(Some(after));
        }
        if !self.line_start || self.skipping {
            return None;
        }
        if self.asked {
            if rest == "\r" {
                return Some(None);
            }
            self.asked = false;
            let after = rest.strip_prefix("\r\n").or_else(|| rest.strip_prefix('\n'));
            return Some(Some(after.unwrap_or(rest)));
        }
        if let Some(word) = self.word() {
            let begins = rest.strip_prefix(SUDO_RS);
            if let Some(after) = begins.unwrap_or(rest).strip_prefix(word)
                && !after.contains('\n')
            {
                self.asked = begins.is_none();
                // sudo-rs prints more words after the question, up to the end of the line.
                self.skipping = begins.is_some();
                self.ever_asked = true;
                found.push(SudoPart::Question);
                return Some(Some(after));
            }
        }
        if self.ever_asked && rest.starts_with(REFUSAL) && !matches!(self.state, SudoState::Over) {
            self.skipping = true;
            found.push(SudoPart::Refusal);
            return Some(Some(rest));
        }
        None
    }

    /// Returns the mark that comes next.
    fn awaited(&self) -> Option<&str> {
        match self.state {
            SudoState::Waiting => Some(&self.mark),
            SudoState::Begun(_) => self.started.as_deref(),
            SudoState::Over => None,
        }
    }

    /// Returns the word that sudo asks with, while it may ask.
    fn word(&self) -> Option<&str> {
        match &self.state {
            SudoState::Begun(word) => Some(word).filter(|word| !word.is_empty()).map(String::as_str),
            _ => None,
        }
    }

    /// Splits off the next line, or its beginning, without an end that may still become a mark or a question.
    fn up_to_what_may_be_ours<'a>(&self, rest: &'a str) -> (&'a str, &'a str) {
        let end = rest.find('\n').map_or(rest.len(), |end| end + 1);
        let line = rest.get(..end).unwrap_or(rest);
        if self.line_start && !self.skipping && end == rest.len() {
            let mut beginnings = vec![];
            if let Some(word) = self.word() {
                beginnings.extend([word.to_owned(), format!("{SUDO_RS}{word}")]);
            }
            if self.ever_asked && !matches!(self.state, SudoState::Over) {
                beginnings.push(REFUSAL.to_owned());
            }
            if beginnings.iter().any(|beginning| beginning.starts_with(line)) {
                return ("", rest);
            }
        }
        let Some(mark) = self.awaited() else {
            return rest.split_at(end);
        };
        // A program that ran before may have left its line without an end.
        let at = match line.find(mark) {
            Some(at) => at,
            None => (1..mark.len())
                .rev()
                .find(|length| mark.get(..*length).is_some_and(|beginning| line.ends_with(beginning)))
                .map_or(line.len(), |length| line.len() - length),
        };
        rest.split_at(at)
    }

    /// Notes that sudo has started its command, which the other stream has shown.
    pub(super) fn end(&mut self) {
        self.state = SudoState::Over;
    }

    /// Returns the output that is held back now.
    pub(super) fn held(&self) -> &str {
        &self.held
    }

    /// Takes the output that was held back and did not become a question.
    pub(super) fn finish(&mut self) -> String {
        std::mem::take(&mut self.held)
    }
}

#[cfg(test)]
mod tests {
    use super::{SudoFilter, SudoPart};

    const WORD: &str = "66f2473001074826";

    fn text(text: &str) -> SudoPart {
        SudoPart::Text(text.to_owned())
    }

    /// Returns a filter that has seen the first mark.
    fn begun(started: Option<&str>) -> SudoFilter {
        let mut filter = SudoFilter::new("<mark>", started);
        assert_eq!(filter.push(&format!("<mark>{WORD}\r\n"), false), [SudoPart::Begun]);
        filter
    }

    #[test]
    fn u4_a_question_split_over_chunks_is_found_and_kept_out_of_the_output() {
        let mut filter = SudoFilter::new("<mark>", None);
        assert_eq!(filter.push("hello<ma", false), [text("hello")]);
        assert_eq!(filter.push("rk>66f24730", false), []);
        assert_eq!(
            filter.push("01074826\nfirst\n66f247", false),
            [SudoPart::Begun, text("first\n")]
        );
        assert_eq!(filter.push("3001074826", false), [SudoPart::Question]);
        assert_eq!(filter.push("\r", false), []);
        assert_eq!(filter.push("\nroot\r\n", false), [text("root\r\n")]);
        assert_eq!(filter.finish(), "");
    }

    #[test]
    fn u4_a_refusal_and_the_next_question_in_one_chunk_are_both_found() {
        let mut filter = begun(None);
        assert_eq!(filter.push(WORD, false), [SudoPart::Question]);
        assert_eq!(
            filter.push(&format!("\r\nSorry, try again.\r\n{WORD}"), false),
            [SudoPart::Refusal, SudoPart::Question]
        );
        assert_eq!(
            filter.push(&format!("\r\nFalsch!\r\n{WORD}"), false),
            [text("Falsch!\r\n"), SudoPart::Question]
        );
    }

    #[test]
    fn u5_what_only_looks_like_a_question_is_output() {
        let mut filter = begun(None);
        let output = format!("SUDO_PROMPT={WORD}\n{WORD} is what it asks\nSorry, try again\n");
        assert_eq!(filter.push(&output, false), [text(&output)]);
        let output = format!("a {WORD}");
        assert_eq!(filter.push(&output, false), [text(&output)]);
        assert_eq!(filter.push("\n66f2", false), [text("\n")]);
        assert_eq!(filter.finish(), "66f2");
    }

    #[test]
    fn u5_without_an_echo_the_output_after_the_answer_is_whole() {
        let mut filter = begun(None);
        assert_eq!(filter.push(WORD, false), [SudoPart::Question]);
        assert_eq!(filter.push("root\n\nS", false), [text("root\n\n")]);
        assert_eq!(filter.push("ome\n", false), [text("Some\n")]);
    }

    #[test]
    fn nothing_is_a_question_before_the_word_is_known_or_after_sudo_has_started() {
        let mut filter = SudoFilter::new("<mark>", Some("<on>"));
        assert_eq!(filter.push(WORD, false), [text(WORD)]);
        assert_eq!(
            filter.push(&format!("\n<mark>{WORD}\n"), false),
            [text("\n"), SudoPart::Begun]
        );
        assert_eq!(filter.push(WORD, false), [SudoPart::Question]);
        assert_eq!(
            filter.push(&format!("<on>\n{WORD}"), false),
            [SudoPart::Started, text(WORD)]
        );
        assert_eq!(filter.push("<on>\n<mark>x\n", false), [text("<on>\n<mark>x\n")]);
    }

    #[test]
    fn the_question_of_sudo_rs_has_the_word_in_it() {
        let mut filter = begun(None);
        assert_eq!(filter.push("[sud", false), []);
        assert_eq!(filter.push(&format!("o: {WORD}] Pass"), false), [SudoPart::Question]);
        assert_eq!(filter.push("word: \r\nroot\r\n[s", false), [text("root\r\n")]);
        assert_eq!(filter.finish(), "[s");
    }
}
