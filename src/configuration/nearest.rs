//! Finds the name that was probably meant.

/// Returns the candidate that is most similar to `name`, if one is similar enough to be worth a hint.
pub(crate) fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = name.chars().count();
    // Two short names that share no letter are not similar.
    let allowed = (1 + length / 5).min(length.saturating_sub(1));
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Returns the hint that names what was probably meant.
pub(crate) fn did_you_mean(meant: &str) -> String {
    format!("did you mean `{meant}'?")
}

/// Returns the hint with the candidate that [`nearest`] finds, if there is one.
pub(crate) fn suggestion<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(name, candidates).map(did_you_mean)
}

#[cfg(test)]
mod tests {
    use super::{nearest, suggestion};

    #[test]
    fn a_slip_of_the_finger_is_recognised_and_another_word_is_not() {
        assert_eq!(nearest("wbe", ["app", "web", "db"]), Some("web"));
        assert_eq!(nearest("aplication", ["application", "app"]), Some("application"));
        assert_eq!(nearest("x", ["t"]), None);
        assert_eq!(nearest("search", ["app", "web", "db"]), None);
        assert_eq!(suggestion("wbe", ["web"]).as_deref(), Some("did you mean `web'?"));
    }
}
