//! Lists of algorithms in ssh's words.

use super::pattern::{Listed, listed};

/// What a list makes of the usual algorithms: itself, or with `+`, `-` and `^` a change of them. What we do not have is left out.
pub(super) fn chosen<'a>(list: &str, usual: &[&'a str]) -> Vec<&'a str> {
    let named = |list: &str| -> Vec<&'a str> {
        let find = |name: &str| usual.iter().find(|usual| **usual == name).copied();
        list.split(',').filter_map(find).collect()
    };
    match list.split_at_checked(1) {
        // We have no others than the usual ones.
        Some(("+", _)) => usual.to_vec(),
        Some(("-", list)) => {
            let kept = |name: &&&str| listed(list.split(','), name) == Listed::No;
            usual.iter().filter(kept).copied().collect()
        }
        Some(("^", list)) => {
            let mut first = named(list);
            let rest: Vec<&str> = usual.iter().filter(|name| !first.contains(name)).copied().collect();
            first.extend(rest);
            first
        }
        _ => named(list),
    }
}

#[cfg(test)]
mod tests {
    use super::chosen;

    #[test]
    fn a_list_stands_for_itself_or_changes_the_usual_one() {
        for (list, expected) in [
            ("c,a,x", "c,a"),
            ("x", ""),
            ("+x,a", "a,b1,b2,c"),
            ("-b*,x", "a,c"),
            ("-*", ""),
            ("^c,x,b2", "c,b2,a,b1"),
        ] {
            assert_eq!(chosen(list, &["a", "b1", "b2", "c"]).join(","), expected, "{list}");
        }
    }
}
