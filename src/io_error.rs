//! The errors of the system and of libraries, in words for a person.

use std::io;

/// Returns the system's words for an error, in lower case and without its number.
pub(crate) fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    if error.raw_os_error().is_none() {
        return text;
    }
    let text = text.split_once(" (os error").map_or(text.as_str(), |(text, _)| text);
    lower(text)
}

/// Returns a message that begins with a small letter.
pub(crate) fn lower(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_lowercase().chain(letters).collect(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::plain;
    use std::io::{Error, ErrorKind};

    #[test]
    fn an_error_of_the_system_has_its_words_alone() {
        assert_eq!(plain(&Error::from_raw_os_error(2)), "no such file or directory");
        assert_eq!(plain(&ErrorKind::IsADirectory.into()), "is a directory");
        let told = Error::other("Config/a: no such file or directory");
        assert_eq!(plain(&told), "Config/a: no such file or directory");
    }
}
