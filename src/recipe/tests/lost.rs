//! Tests of values that are nothing, and of answers that nothing keeps.

use super::{prints, recipe};
use crate::diagnostic::Severity;

#[test]
fn what_changes_a_value_in_place_gives_none_and_is_told() {
    for (body, message, hint) in [
        (
            "let l = []; set :x, l.push(\"a\");",
            "`push' changes",
            "write: set :x, l + [item];",
        ),
        (
            "set :x, [1].push(\"a\");",
            "`push' changes",
            "write: set :x, value + [item];",
        ),
        ("set :x, x.push(\"a\");", "`push' changes", "write: set :x, x + [item];"),
        (
            "set :x, fetch(:x, []).append([1]);",
            "`append' changes",
            "write: set :x, value + other;",
        ),
        (
            "set :y, [2, 1]; set :y, y.sort();",
            "`sort' changes",
            "write: y.sort(…);",
        ),
        (
            "let t = \" a \"; let u = t.trim(); puts u;",
            "`trim' changes",
            "write: strip(t)",
        ),
        (
            "let t = \"a\"; set :x, t.replace(\"a\", \"b\");",
            "`replace' changes",
            "write: gsub(t, \"pattern\", \"with\")",
        ),
        (
            "set :l, []; set :x, append(:l, \"a\"); puts l;",
            "`append' gives no value",
            "let it be a statement of its own: append …;",
        ),
        (
            "let u = puts(\"a\"); puts u;",
            "`puts' gives no value",
            "let it be a statement of its own: puts …;",
        ),
    ] {
        let text = format!("set :x, []; task :t {{ {body} puts x; puts fetch(:y, 1); }}");
        let found = recipe(&text).check();
        let [told] = found.as_slice() else {
            panic!("{body} {found:#?}")
        };
        assert_eq!(told.severity, Severity::Error);
        assert!(told.message.starts_with(message), "{}", told.message);
        assert_eq!(told.hints, [hint], "{body}");
        assert!(told.origin.is_some());
    }
    for body in [
        "let l = []; l.push(\"a\"); set :x, l;",
        "x.push(\"a\");",
        "set :x, x + [\"a\"];",
        "set :x, [3].pop();",
        "let l = [1]; set :x, l.map(|i| i);",
    ] {
        let text = format!("set :x, []; task :t {{ {body} puts x; }}");
        assert!(recipe(&text).check().is_empty(), "{body} {:#?}", recipe(&text).check());
        prints(&text);
    }
}
