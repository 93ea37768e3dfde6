//! The finding about the lock of a server, which keeps deploys from beginning.

use crate::finding::{Check, Finding};
use crate::recipe::LockHolder;

use super::script::ScriptAnswers;

/// Returns the finding about the lock; `None` if the server did not answer that. `call` is the command that runs a task of the recipe.
pub(super) fn lock(answers: &ScriptAnswers, call: &str) -> Option<Finding> {
    if !answers.is_done("lock") {
        return None;
    }
    let said = answers.all("lock");
    if said.is_empty() {
        return Some(Finding::ok(Check::Lock, "nobody holds it").text("state", "free"));
    }
    let holder = LockHolder::read(&said.join("\n"));
    let detail = format!("locked {}; {}", holder.who(), holder.standing());
    let finding = match holder.state.as_str() {
        "alive" => Finding::warning(Check::Lock, detail, "wait for it: a deploy with --lock-wait 10m does"),
        "person" => Finding::bad(Check::Lock, detail, format!("{call} deploy:unlock frees it")),
        "dead" => Finding::bad(
            Check::Lock,
            detail,
            format!("{call} recover looks after what that run has left, and frees it"),
        ),
        _ => Finding::bad(
            Check::Lock,
            detail,
            format!("where that run is known to be over: {call} deploy:unlock FORCE=yes, then {call} recover"),
        ),
    };
    Some(finding.text("state", holder.state.as_str()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::lock;
    use crate::doctor::script::ScriptAnswers;
    use crate::finding::FindingState;

    #[test]
    fn b11_each_state_of_a_lock_says_whose_it_is_and_what_to_do() {
        let free = ScriptAnswers::read(b"step\tlock\ndone\tlock\n");
        assert_eq!(lock(&free, "capr").unwrap().state, FindingState::Ok);
        assert!(lock(&ScriptAnswers::read(b"step\tlock\n"), "capr").is_none());
        for (state, expected, advice) in [
            (
                "alive",
                FindingState::Warning,
                "wait for it: a deploy with --lock-wait 10m does",
            ),
            ("person", FindingState::Bad, "capr x.rhai deploy:unlock frees it"),
            (
                "dead",
                FindingState::Bad,
                "capr x.rhai recover looks after what that run has left, and frees it",
            ),
            (
                "nonsense",
                FindingState::Bad,
                "where that run is known to be over: capr x.rhai deploy:unlock FORCE=yes, then capr x.rhai recover",
            ),
        ] {
            let said =
                format!("lock\t{state}\nlock\tperson ann\nlock\thost laptop\nlock\treason upgrade\ndone\tlock\n");
            let found = lock(&ScriptAnswers::read(said.as_bytes()), "capr x.rhai").unwrap();
            assert_eq!(found.state, expected, "{state}");
            assert!(
                found.detail.starts_with("locked by ann on laptop: upgrade; "),
                "{}",
                found.detail
            );
            assert_eq!(found.advice, [advice]);
        }
    }
}
