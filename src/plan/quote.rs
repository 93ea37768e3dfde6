//! Shell quoting.

use std::borrow::Cow;

/// `text` as one word of a POSIX shell, unchanged whatever is in it; a text that needs no quotes gets none.
pub fn quote(text: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(quote_always(text))
    }
}

/// The same, always in quotes.
pub(super) fn quote_always(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// A path as one word of a POSIX shell: a leading `~/` means the home directory, a leading dash no option.
pub(super) fn quote_path(path: &str) -> String {
    if path == "~" {
        "\"$HOME\"".to_owned()
    } else if let Some(rest) = path.strip_prefix("~/") {
        format!(
            "\"$HOME\"/{}",
            if rest.is_empty() {
                Cow::Borrowed("")
            } else {
                quote(rest)
            }
        )
    } else if path.starts_with('-') {
        format!("./{}", quote(path))
    } else {
        quote(path).into_owned()
    }
}
