//! Patterns of paths.

/// Returns a pattern as Ruby and a shell take it: `**` is a star like any other where it is not all of a part, as in `tasks/**.rake`.
pub(crate) fn with_plain_stars(pattern: &str) -> String {
    let part = |part: &str| {
        let mut part = part.to_owned();
        while part != "**" && part.contains("**") {
            part = part.replace("**", "*");
        }
        part
    };
    let parts: Vec<String> = pattern.split('/').map(part).collect();
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::with_plain_stars;

    #[test]
    fn two_stars_are_one_beside_something_else() {
        assert_eq!(with_plain_stars("tasks/**.rake"), "tasks/*.rake");
        assert_eq!(with_plain_stars("/a/***b/**/c"), "/a/*b/**/c");
    }
}
