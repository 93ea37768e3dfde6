//! Strings in the syntax of recipes.

/// Returns a string in double quotes, with escapes for the characters that cannot stand there.
pub(crate) fn quoted(text: &str) -> String {
    let mut written = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => written.push_str("\\\""),
            '\\' => written.push_str("\\\\"),
            '\n' => written.push_str("\\n"),
            '\r' => written.push_str("\\r"),
            '\t' => written.push_str("\\t"),
            c if c.is_control() && (c as u32) < 0x80 => written.push_str(&format!("\\x{:02x}", c as u32)),
            c => written.push(c),
        }
    }
    written.push('"');
    written
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_string_stays_one_whatever_is_in_it() {
        assert_eq!(quoted("a \"b\" \\ c\n\t\r\u{1}ä"), r#""a \"b\" \\ c\n\t\r\x01ä""#);
    }
}
