//! Numbers and lists in messages: `2 servers`, `app1, app2 and 3 more`.

/// Returns a number with its noun: `1 server`, `2 servers`, `2 addresses`.
pub(crate) fn counted(number: usize, noun: &str) -> String {
    let ending = match number {
        1 => "",
        _ if noun.ends_with('s') => "es",
        _ => "s",
    };
    format!("{number} {noun}{ending}")
}

/// Returns the first `most` items of a list, and the number of the others.
pub(crate) fn listed<T: AsRef<str>>(items: &[T], most: usize) -> String {
    let named: Vec<&str> = items.iter().take(most).map(AsRef::as_ref).collect();
    format!("{}{}", named.join(", "), and_more(items.len() - named.len(), ""))
}

/// Returns the end of a list of which this many items are not named: ` and 3 more`, ` and 1 more line`; empty if all are.
pub(crate) fn and_more(number: usize, noun: &str) -> String {
    match (number, noun) {
        (0, _) => String::new(),
        (more, "") => format!(" and {more} more"),
        (more, noun) => format!(" and {}", counted(more, &format!("more {noun}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::{and_more, counted, listed};

    #[test]
    fn a_number_agrees_with_its_noun() {
        assert_eq!(counted(1, "server"), "1 server");
        assert_eq!(counted(0, "task"), "0 tasks");
        assert_eq!(counted(2, "address"), "2 addresses");
    }

    #[test]
    fn a_long_list_is_cut_and_says_how_many_are_left() {
        let names = ["app1", "app2", "app3"];
        assert_eq!(listed(&names, 3), "app1, app2, app3");
        assert_eq!(listed(&names, 1), "app1 and 2 more");
        assert_eq!(listed::<&str>(&[], 1), "");
        assert_eq!(and_more(1, "line"), " and 1 more line");
        assert_eq!(and_more(2, "line"), " and 2 more lines");
        assert_eq!(and_more(0, "line"), "");
    }
}
