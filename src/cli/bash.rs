//! The peculiarities of bash: it splits words at `:` and `=`, and replaces only the part after the last of them.

use std::ffi::OsString;

/// The variable in which the script passes the line up to the cursor.
pub(super) const LINE: &str = "_CAPR_LINE";

/// Returns the script, changed to pass the line up to the cursor.
pub(super) fn mended(script: &str) -> String {
    script
        .replace(
            "        words[COMP_CWORD]=\"$2\"\n",
            "        case \"${words[COMP_CWORD]}\" in [:=]*) ;; *) words[COMP_CWORD]=\"$2\" ;; esac\n",
        )
        .replace(
            "        CAPR_COMPLETE=",
            &format!("        {LINE}=\"${{COMP_LINE:0:COMP_POINT}}\" \\\n        CAPR_COMPLETE="),
        )
}

/// Joins `deploy:web` and `HOSTS=app1` to one word again; bash splits them into three if there is no blank between them. Returns
/// the length of the part that bash has split off before the cursor's word.
pub(super) fn rejoin(words: &mut Vec<OsString>, index: &mut usize, line: Option<&str>) -> usize {
    let mut joined: Vec<OsString> = Vec::new();
    let (mut at, mut cut) = (0, 0);
    let mut is_open = false;
    let mut rest = line;
    for (place, word) in words.iter().enumerate() {
        let is_sign = is_sign(word);
        let is_apart = separated(&mut rest, word);
        match joined.last_mut() {
            Some(last) if !is_apart && (is_open || is_sign && place > 1) => {
                if place == *index {
                    cut = last.len() + if is_sign { word.len() } else { 0 };
                }
                // At the cursor, the word after a sign is empty.
                last.push(word);
            }
            _ => joined.push(word.clone()),
        }
        if place == *index {
            at = joined.len() - 1;
        }
        is_open = is_sign;
    }
    (*words, *index) = (joined, at);
    cut
}

fn is_sign(word: &OsString) -> bool {
    let word = word.to_string_lossy();
    !word.is_empty() && word.chars().all(|c| matches!(c, ':' | '='))
}

/// Returns true if a blank stands before the word in the rest of the line, which then continues after the word. Returns false if
/// the line is not known.
fn separated(rest: &mut Option<&str>, word: &OsString) -> bool {
    let Some(line) = *rest else {
        return false;
    };
    let trimmed = line.trim_start();
    let is_apart = trimmed.len() < line.len();
    // The word may continue after the cursor.
    let word = word.to_string_lossy();
    *rest = Some(trimmed.strip_prefix(&*word).unwrap_or_default());
    is_apart
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::rejoin;

    #[test]
    fn words_that_bash_has_split_are_one_again() {
        for (line, words, index, joined, at, cut) in [
            ("capr dep", &["capr", "dep"][..], 1, &["capr", "dep"][..], 1, 0),
            ("capr deploy:", &["capr", "deploy", ":"], 2, &["capr", "deploy:"], 1, 7),
            (
                "capr deploy:",
                &["capr", "deploy", ":", ""],
                3,
                &["capr", "deploy:"],
                1,
                7,
            ),
            (
                "capr deploy:we",
                &["capr", "deploy", ":", "we"],
                3,
                &["capr", "deploy:we"],
                1,
                7,
            ),
            (
                "capr a:b:c",
                &["capr", "a", ":", "b", ":", "c"],
                5,
                &["capr", "a:b:c"],
                1,
                4,
            ),
            (
                "capr a:b x",
                &["capr", "a", ":", "b", "x"],
                4,
                &["capr", "a:b", "x"],
                2,
                0,
            ),
            (
                "capr HOSTS=a",
                &["capr", "HOSTS", "=", "a"],
                3,
                &["capr", "HOSTS=a"],
                1,
                6,
            ),
            (
                "capr A= dep",
                &["capr", "A", "=", "dep"],
                3,
                &["capr", "A=", "dep"],
                2,
                0,
            ),
            (
                "capr --color=al",
                &["capr", "--color", "=", "al"],
                3,
                &["capr", "--color=al"],
                1,
                8,
            ),
        ] {
            let mut words: Vec<OsString> = words.iter().map(OsString::from).collect();
            let mut index = index;
            assert_eq!(rejoin(&mut words, &mut index, Some(line)), cut, "{line}");
            assert_eq!(
                (words, index),
                (joined.iter().map(OsString::from).collect(), at),
                "{line}"
            );
        }
    }
}
