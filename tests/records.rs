//! `--report`, `--trace` and `capr report`, on a run of this machine.

use serde_json::Value;

use crate::harness::Case;

const RECIPE: &str = r#"
set :token, "opensesame";
task :say {
    run_locally `printf '\033[31mred\033[0m\n' >&2; echo ${token} >&2`;
    inner;
}
task :inner { run_locally "echo bad >&2; exit 3"; }
"#;

fn case() -> Case {
    Case::new().file("r.rhai", RECIPE)
}

/// Returns the record that stands in a page.
fn data(page: &str) -> Value {
    let (_, data) = page.split_once("id=\"data\">").unwrap();
    serde_json::from_str(data.split_once("</script>").unwrap().0).unwrap()
}

#[test]
fn a_run_is_told_in_a_page_and_in_a_trace_with_colours_and_without_secrets() {
    let finished = case()
        .args(["r.rhai", "say", "--report=run.html", "--trace=run.json"])
        .run()
        .code(1);
    let page = finished.file("run.html");
    assert!(page.contains("<title>capr say: failed</title>") && !page.contains("opensesame"));
    let lines = data(&page)["actions"][0]["servers"][0]["lines"].clone();
    assert_eq!(lines, serde_json::json!(["e\u{1b}[31mred\u{1b}[0m", "e[redacted]"]));
    let trace: Value = serde_json::from_str(&finished.file("run.json")).unwrap();
    assert_eq!(trace["otherData"]["capr"], "0.1.0");
}

#[test]
fn a_log_in_json_gives_the_same_page() {
    let line = "capr r.rhai say --log-format=json --report run.html 2> log.json; capr report log.json > made.html && capr report - --trace t.json < log.json";
    let finished = case().shell(line).run().ok();
    let (ran, made) = (data(&finished.file("run.html")), data(&finished.file("made.html")));
    for part in ["tasks", "errors", "environment", "remarks"] {
        let names = |value: &Value| value.to_string().len();
        assert_eq!(names(&ran[part]), names(&made[part]), "{part}");
    }
    assert_eq!(
        made["actions"][0]["servers"][0]["lines"],
        serde_json::json!(["ered", "e[redacted]"])
    );
    assert!(finished.file("t.json").contains("traceEvents"));
}

#[test]
fn what_a_recipe_takes_is_in_the_log_and_the_page_once_its_secrets_are_known() {
    let recipe = r#"
        task :t {
            let told = run_locally("cat told");
            system("echo seen");
            set :api_token, split(told, "\n")[0];
        }
    "#;
    let line = "capr r.rhai t --log-format=json --report run.html 2> log.json; cat log.json";
    let case = Case::new().file("r.rhai", recipe).file("told", "swordfish\nfine\n");
    let finished = case.shell(line).run().ok();
    let kinds: Vec<Value> = finished
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let of = |kind: &str| -> Vec<String> {
        let found = kinds.iter().filter(|object| object["type"] == kind);
        found
            .map(|object| object["line"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(
        (of("captured"), of("output")),
        (
            vec!["[redacted]".to_owned(), "fine".to_owned()],
            vec!["seen".to_owned()]
        )
    );
    let place = |kind: &str| kinds.iter().rposition(|object| object["type"] == kind).unwrap();
    assert!(place("captured") < place("task_finished"));
    let page = finished.file("run.html");
    assert!(!page.contains("swordfish") && !finished.stdout.contains("swordfish"));
    let parts = data(&page)["actions"].clone();
    assert_eq!(
        parts[0]["servers"][0]["lines"],
        serde_json::json!(["o[redacted]", "ofine"])
    );
    assert_eq!(
        (&parts[0]["servers"][0]["taken"], &parts[1]["servers"][0]["taken"]),
        (&true.into(), &false.into())
    );
}

#[test]
fn a_page_that_cannot_be_written_is_told_before_anything_runs() {
    case()
        .args(["r.rhai", "say", "--report=missing/run.html"])
        .run()
        .code(2)
        .says("cannot write missing/run.html");
    // A device or a pipe of others is not replaced by a file.
    let piped = case()
        .shell("mkfifo pipe.json; capr r.rhai say --trace=pipe.json; test -p pipe.json")
        .run();
    piped.ok().says("cannot write pipe.json: is not a regular file");
    case()
        .args(["vars", "r.rhai", "--report=run.html"])
        .run()
        .code(2)
        .says("belong to what runs");
    case()
        .args(["report", "r.rhai"])
        .run()
        .code(1)
        .says("cannot read the log r.rhai: line 1");
    case()
        .args(["report"])
        .run()
        .code(2)
        .says("capr report run.json > run.html");
    case()
        .args(["r.rhai", "say", "--report=run.json", "--trace=./run.json"])
        .run()
        .code(2)
        .says("--report and --trace name the same file, run.json");
    // A log is not lost because its own name is given twice.
    case()
        .shell("echo log > run.json; ln -s run.json same; capr report run.json --report same; cat run.json")
        .run()
        .ok()
        .says("same is the log itself")
        .says(
            "log
",
        );
}
