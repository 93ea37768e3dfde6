//! Lists of algorithms in ssh's words.

use super::pattern::{Listed, listed};

/// Applies a list to the usual algorithms: the list replaces them, or changes them if it begins with `+`, `-` or `^`.
/// Algorithms that we do not have are left out.
pub(super) fn chosen<'a>(list: &str, usual: &[&'a str]) -> Vec<&'a str> {
    chosen_of(list, usual, usual)
}

/// Does the same with a list of all algorithms that we have: a list may name those that are not among the usual ones.
pub(super) fn chosen_of<'a>(list: &str, usual: &[&'a str], all: &[&'a str]) -> Vec<&'a str> {
    let named = |list: &str| -> Vec<&'a str> {
        let find = |name: &str| all.iter().find(|known| **known == name).copied();
        list.split(',').filter_map(find).collect()
    };
    match list.split_at_checked(1) {
        Some(("+", list)) => {
            let added = |name: &&&str| !usual.contains(name) && listed(list.split(','), name) == Listed::Yes;
            usual.iter().chain(all.iter().filter(added)).copied().collect()
        }
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

/// Returns true if an algorithm is offered unless another is asked for. Not offered are CBC, whose padding has revealed plain
/// text (CVE-2008-5161), MACs that do not cover the encrypted bytes, and SHA-1.
pub(super) fn is_usual(name: &str) -> bool {
    let is_mac = name.starts_with("hmac-");
    let is_old = ["-cbc", "cbc@", "arcfour", "sha1", "md5", "ripemd"]
        .iter()
        .any(|part| name.contains(part));
    !is_old && (!is_mac || name.ends_with("-etm@openssh.com"))
}

#[cfg(test)]
mod tests {
    use super::{chosen, chosen_of, is_usual};

    #[test]
    fn a_list_can_ask_for_more_than_the_usual_ones() {
        for (list, expected) in [
            ("old", "old"),
            ("a,old", "a,old"),
            ("+old", "a,b,old"),
            ("+o*", "a,b,old,older"),
            ("+a", "a,b"),
            ("^older", "older,a,b"),
            ("-a", "b"),
        ] {
            let chosen = chosen_of(list, &["a", "b"], &["a", "old", "b", "older"]);
            assert_eq!(chosen.join(","), expected, "{list}");
        }
    }

    #[test]
    fn what_is_old_is_not_usual() {
        for name in ["aes256-ctr", "aes128-gcm@openssh.com", "chacha20-poly1305@openssh.com"] {
            assert!(is_usual(name), "{name}");
        }
        for name in [
            "hmac-sha2-256-etm@openssh.com",
            "curve25519-sha256",
            "ext-info-c",
            "kex-strict-c-v00@openssh.com",
        ] {
            assert!(is_usual(name), "{name}");
        }
        for name in [
            "aes256-cbc",
            "rijndael-cbc@lysator.liu.se",
            "3des-cbc",
            "arcfour128",
            "hmac-sha2-512",
            "hmac-sha1-etm@openssh.com",
            "hmac-md5",
            "diffie-hellman-group14-sha1",
        ] {
            assert!(!is_usual(name), "{name}");
        }
    }

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
