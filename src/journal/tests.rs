//! Tests of a journal without any server.

use std::path::Path;

use serde_json::json;

use super::book::Book;
use super::record::{Ended, Failure, Head};
use super::{Asked, Found, Journal, Refusal, Shelf, Ways};
use crate::secret::{Redactor, Secret};

fn shelf(directory: &Path) -> Shelf {
    Shelf::of(directory, Path::new("deploy.rhai"))
}

fn journal(directory: &Path, redactor: &Redactor) -> Journal {
    journal_of("0123456789abcdef", directory, redactor)
}

fn journal_of(run: &str, directory: &Path, redactor: &Redactor) -> Journal {
    let head = Head {
        run: run.to_owned(),
        words: vec!["deploy".to_owned()],
        ..Head::begun()
    };
    Journal::new(shelf(directory), head, redactor.clone())
}

fn asked<'a>(verb: &'a str, command: &'a str) -> Asked<'a> {
    Asked {
        verb,
        command,
        task: "update".to_owned(),
        servers: vec!["app1".to_owned(), "app2".to_owned()],
        ..Asked::default()
    }
}

/// Performs a step that succeeds on both servers.
fn step(journal: &Journal, command: &str) {
    let asked = asked("run", command);
    let begun = journal.begin(&asked).unwrap().unwrap();
    for job in 0..2 {
        journal.ended(
            &begun,
            job,
            Ended {
                status: Some(0),
                ..Ended::default()
            },
        );
    }
    journal.done(&asked, Some(&begun), None);
}

/// Lets the process die and another one continue.
fn resumed(directory: &Path, ways: Ways) -> Journal {
    let taken = shelf(directory).unfinished().remove(0).take().unwrap().unwrap();
    Journal::resume(taken, ways, Redactor::default()).unwrap()
}

#[test]
fn steps_and_answers_come_back_in_their_order_and_then_the_run_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let first = journal(directory.path(), &Redactor::default());
    first.answered("utc_now", "%Y", Some(json!("2026")));
    step(&first, "one");
    step(&first, "two");
    drop(first);

    let again = resumed(directory.path(), Ways::default());
    assert_eq!(again.answer("utc_now", "%Y"), Ok(Found::Value(json!("2026"))));
    assert_eq!(again.replay(&asked("run", "one")).unwrap().unwrap().ends.len(), 2);
    assert!(again.is_replaying());
    assert!(again.replay(&asked("run", "two")).unwrap().is_some());
    assert_eq!(again.replay(&asked("run", "three")), Ok(None));
    assert!(!again.is_replaying());
    step(&again, "three");
    drop(again);

    let third = resumed(directory.path(), Ways::default());
    let _ = third.answer("utc_now", "%Y");
    for command in ["one", "two", "three"] {
        assert!(third.replay(&asked("run", command)).unwrap().is_some(), "{command}");
    }
    third.finish(false);
    assert!(shelf(directory.path()).unfinished().is_empty());
}

#[test]
fn a_recipe_that_goes_another_way_is_refused_from_then_on() {
    let directory = tempfile::tempdir().unwrap();
    step(&journal(directory.path(), &Redactor::default()), "one");
    let again = resumed(directory.path(), Ways::default());
    let refusal = again.replay(&asked("run", "other")).unwrap_err();
    assert!(matches!(refusal, Refusal::Other { .. }), "{refusal}");
    assert!(again.is_refused());
    assert_eq!(again.answer("now", ""), Err(refusal));
    again.finish(false);
    drop(again);
    assert_eq!(shelf(directory.path()).unfinished().len(), 1);
}

#[test]
fn what_has_no_known_end_is_asked_for_run_again_there_or_taken_for_done() {
    let died = || {
        let directory = tempfile::tempdir().unwrap();
        let first = journal(directory.path(), &Redactor::default());
        let begun = first.begin(&asked("run", "one")).unwrap().unwrap();
        first.ended(
            &begun,
            0,
            Ended {
                status: Some(0),
                ..Ended::default()
            },
        );
        directory
    };
    let directory = died();
    let told = shelf(directory.path()).unfinished().remove(0).half_done.told();
    assert!(
        told.contains("has ended well on app1, has no known end on app2"),
        "{told}"
    );
    let again = resumed(directory.path(), Ways::default());
    let refusal = again.replay(&asked("run", "one")).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "`run one' was begun on app2 and has no known end there"
    );
    again.choose(true);
    let found = again.replay(&asked("run", "one")).unwrap().unwrap();
    assert_eq!((found.left, again.is_replaying()), (Some(vec![1]), false));
    let begun = again
        .begin(&Asked {
            servers: vec!["app2".to_owned()],
            ..asked("run", "one")
        })
        .unwrap()
        .unwrap();
    again.ended(
        &begun,
        0,
        Ended {
            status: Some(0),
            ..Ended::default()
        },
    );
    again.done(&asked("run", "one"), Some(&begun), None);
    drop(again);
    let third = resumed(directory.path(), Ways::default());
    let found = third.replay(&asked("run", "one")).unwrap().unwrap();
    assert_eq!((found.left, found.ends.len()), (None, 2));

    let directory = died();
    let skip = Ways {
        is_skip: true,
        ..Ways::default()
    };
    let again = resumed(directory.path(), skip);
    assert!(again.replay(&asked("run", "one")).unwrap().unwrap().left.is_none());
    drop(again);
    let third = resumed(directory.path(), Ways::default());
    assert!(third.replay(&asked("run", "one")).unwrap().unwrap().left.is_none());

    // A step whose output the recipe uses cannot be skipped; a repeatable step is repeated without a question.
    let directory = died();
    let captured = Asked {
        is_captured: true,
        ..asked("run", "one")
    };
    assert!(resumed(directory.path(), skip).replay(&captured).is_err());
    let repeatable = Asked {
        is_repeatable: true,
        ..asked("run", "one")
    };
    let found = resumed(directory.path(), Ways::default()).replay(&repeatable).unwrap();
    assert_eq!(found.unwrap().left, Some(vec![1]));
}

#[test]
fn an_error_comes_back_as_it_was() {
    let directory = tempfile::tempdir().unwrap();
    let first = journal(directory.path(), &Redactor::default());
    let failure = Failure {
        code: 1,
        message: "no".to_owned(),
        is_caught: true,
        ..Failure::default()
    };
    step(&first, "one");
    first.done(&asked("run", "two"), None, Some(failure.clone()));
    drop(first);
    let again = resumed(directory.path(), Ways::default());
    let _ = again.replay(&asked("run", "one"));
    assert_eq!(
        again.replay(&asked("run", "two")).unwrap().unwrap().error,
        Some(failure)
    );
}

#[test]
fn steps_that_ran_side_by_side_come_back_each_with_its_own_ends() {
    let directory = tempfile::tempdir().unwrap();
    let first = journal(directory.path(), &Redactor::default());
    let begun: Vec<_> = ["one", "two"]
        .map(|command| first.begin(&asked("run", command)).unwrap().unwrap())
        .into();
    let end = |status| Ended {
        status: Some(status),
        ..Ended::default()
    };
    first.ended(&begun[1], 0, end(2));
    first.ended(&begun[0], 0, end(1));
    first.ended(&begun[0], 1, end(1));
    first.done(&asked("run", "one"), Some(&begun[0]), None);
    drop(first);
    let redo = Ways {
        is_redo: true,
        ..Ways::default()
    };
    let again = resumed(directory.path(), redo);
    let one = again.replay(&asked("run", "one")).unwrap().unwrap();
    assert_eq!((one.ends.len(), one.left), (2, None));
    let two = again.replay(&asked("run", "two")).unwrap().unwrap();
    assert_eq!((two.ends[&0].status, two.left), (Some(2), Some(vec![1])));
    assert!(!again.is_replaying());
}

#[test]
fn a_secret_is_not_kept_also_where_it_becomes_one_later() {
    let directory = tempfile::tempdir().unwrap();
    let redactor = Redactor::default();
    let first = journal(directory.path(), &redactor);
    first.answered("ask", "word", Some(json!("hunter2!")));
    let captured = |journal: &Journal, text: &str| {
        let asked = Asked {
            is_captured: true,
            ..asked("capture", "cat")
        };
        let begun = journal.begin(&asked).unwrap().unwrap();
        journal.ended(
            &begun,
            0,
            Ended {
                stdout: Some(text.to_owned()),
                ..Ended::default()
            },
        );
        journal.done(&asked, Some(&begun), None);
    };
    captured(&first, "of hunter2! alone");
    redactor.add(&Secret::new("hunter2!"));
    captured(&first, "once more hunter2!");
    step(&first, "echo hunter2!");
    drop(first);
    let shelf = shelf(directory.path()).unfinished().remove(0).take().unwrap().unwrap();
    let text = std::fs::read_to_string(shelf.book.path()).unwrap();
    assert!(!text.contains("hunter2") && text.contains("echo [redacted]"), "{text}");
}

#[test]
fn what_a_power_cut_has_left_of_a_record_is_not_read() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("journal");
    let mut book = Book::create(&path).unwrap();
    assert!(Book::open(&path).unwrap().is_none());
    book.append(b"{\"a\":1}\n{\"b\":").unwrap();
    drop(book);
    let book = Book::open(&path).unwrap().unwrap();
    assert_eq!(book.end(), 8);
}

#[test]
fn a_journal_that_others_can_write_or_a_link_is_not_continued() {
    let directory = tempfile::tempdir().unwrap();
    let (path, link) = (directory.path().join("journal"), directory.path().join("link"));
    drop(Book::create(&path).unwrap());
    std::os::unix::fs::symlink(&path, &link).unwrap();
    assert!(Book::open(&link).is_err());
    for (mode, is_ours) in [(0o600, true), (0o644, true), (0o620, false), (0o602, false)] {
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
        assert_eq!(Book::open(&path).is_ok(), is_ours, "{mode:o}");
    }
}

#[test]
fn old_journals_are_removed_and_those_of_other_recipes_are_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let other = Shelf::of(directory.path(), Path::new("other.rhai"));
    Journal::new(other.clone(), Head::begun(), Redactor::default())
        .begin(&asked("run", "x"))
        .unwrap();
    // Runs that begin in the same millisecond differ by their names.
    for run in 0..30 {
        let journal = journal_of(&format!("{run:016x}"), directory.path(), &Redactor::default());
        step(&journal, "one");
        journal.finish(false);
    }
    assert_eq!(other.unfinished().len(), 1);
    let kept = std::fs::read_dir(directory.path().join("capr/journal"))
        .unwrap()
        .count();
    // A program that another test starts may hold the lock of an ended journal while it starts: that journal counts as open.
    assert!((10..=22).contains(&kept), "{kept}");
}
