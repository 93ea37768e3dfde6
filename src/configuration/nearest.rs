//! The name that was probably meant.

/// The candidate most like `name`, if one is like enough to be worth a hint.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = name.chars().count();
    // Two short names that share nothing are not alike.
    let allowed = (1 + length / 5).min(length.saturating_sub(1));
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_of_the_finger_is_recognised_and_another_word_is_not() {
        assert_eq!(nearest("wbe", ["app", "web", "db"]), Some("web"));
        assert_eq!(nearest("aplication", ["application", "app"]), Some("application"));
        assert_eq!(nearest("x", ["t"]), None);
        assert_eq!(nearest("search", ["app", "web", "db"]), None);
    }
}
