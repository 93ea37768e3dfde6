//! Finds sudo's questions in the output of a command, and keeps them out of it.

/// What sudo says when it asks again; kept to its first words.
const REFUSAL: &str = "Sorry, try again";

/// What a piece of output holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Output of the command.
    Text(String),
    /// Sudo waits for the password.
    Prompt,
    /// Sudo did not take the password.
    Refusal,
}

/// One stream of one command. A question counts only at the start of a line that has no end yet.
#[derive(Debug)]
pub(super) struct Filter {
    prompt: String,
    held: String,
    line_start: bool,
    /// The line that begins here is a refusal.
    skipping: bool,
    /// A prompt was found; the terminal's echo of the line end follows.
    asked: bool,
    /// A prompt was found at some time, here or on the other stream: refusals are to be expected.
    ever_asked: bool,
}

impl Filter {
    pub fn new(prompt: &str) -> Self {
        Self {
            prompt: prompt.to_owned(),
            held: String::new(),
            line_start: true,
            skipping: false,
            asked: false,
            ever_asked: false,
        }
    }

    /// `answered`: sudo was given a password before, whichever stream it asked on.
    pub fn push(&mut self, text: &str, answered: bool) -> Vec<Found> {
        self.ever_asked |= answered;
        let mut input = std::mem::take(&mut self.held);
        input.push_str(text);
        let mut rest = input.as_str();
        let mut found = Vec::new();
        while !rest.is_empty() {
            if self.line_start && !self.skipping {
                if self.asked {
                    if rest == "\r" {
                        break;
                    }
                    self.asked = false;
                    rest = rest
                        .strip_prefix("\r\n")
                        .or_else(|| rest.strip_prefix('\n'))
                        .unwrap_or(rest);
                    continue;
                }
                if let Some(after) = rest.strip_prefix(self.prompt.as_str())
                    && !after.contains('\n')
                {
                    self.asked = true;
                    self.ever_asked = true;
                    rest = after;
                    found.push(Found::Prompt);
                    continue;
                }
                if self.ever_asked && rest.starts_with(REFUSAL) {
                    self.skipping = true;
                    found.push(Found::Refusal);
                    continue;
                }
                // What may still become a question is held back.
                if self.prompt.starts_with(rest) || (self.ever_asked && REFUSAL.starts_with(rest)) {
                    break;
                }
            }
            let (line, after) = match rest.find('\n') {
                Some(end) => rest.split_at(end + 1),
                None => (rest, ""),
            };
            self.line_start = line.ends_with('\n');
            if self.skipping {
                self.skipping = !self.line_start;
            } else if let Some(Found::Text(text)) = found.last_mut() {
                text.push_str(line);
            } else {
                found.push(Found::Text(line.to_owned()));
            }
            rest = after;
        }
        self.held = rest.to_owned();
        found
    }

    /// What was held back and did not become a question.
    pub fn finish(&mut self) -> String {
        std::mem::take(&mut self.held)
    }
}

#[cfg(test)]
mod tests {
    use super::{Filter, Found};

    const PROMPT: &str = "sudo password: ";

    fn text(text: &str) -> Found {
        Found::Text(text.to_owned())
    }

    #[test]
    fn u4_a_prompt_split_over_chunks_is_found_and_kept_out_of_the_output() {
        let mut filter = Filter::new(PROMPT);
        assert_eq!(filter.push("first\nsudo pass", false), [text("first\n")]);
        assert_eq!(filter.push("word: ", false), [Found::Prompt]);
        assert_eq!(filter.push("\r", false), []);
        assert_eq!(filter.push("\nroot\r\n", false), [text("root\r\n")]);
        assert_eq!(filter.finish(), "");
    }

    #[test]
    fn u4_a_refusal_and_the_next_prompt_in_one_chunk_are_both_found() {
        let mut filter = Filter::new(PROMPT);
        assert_eq!(filter.push(PROMPT, false), [Found::Prompt]);
        assert_eq!(
            filter.push("\r\nSorry, try again.\r\nsudo password: ", false),
            [Found::Refusal, Found::Prompt]
        );
    }

    #[test]
    fn u5_what_only_looks_like_a_prompt_is_output() {
        let mut filter = Filter::new(PROMPT);
        assert_eq!(
            filter.push("sudo password: is what it asks\nSorry, try again\n", false),
            [text("sudo password: is what it asks\nSorry, try again\n")]
        );
        assert_eq!(filter.push("a sudo password: ", false), [text("a sudo password: ")]);
        assert_eq!(filter.push("\nsudo", false), [text("\n")]);
        assert_eq!(filter.finish(), "sudo");
    }

    #[test]
    fn u5_without_an_echo_the_output_after_the_answer_is_whole() {
        let mut filter = Filter::new(PROMPT);
        assert_eq!(filter.push(PROMPT, false), [Found::Prompt]);
        assert_eq!(filter.push("root\n\nS", false), [text("root\n\n")]);
        assert_eq!(filter.push("ome\n", false), [text("Some\n")]);
    }
}
