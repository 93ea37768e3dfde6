//! The examples of the reference on real servers: those of the verbs, of the gateway, and of the functions.
#![allow(clippy::print_stdout, reason = "the counts are for whoever reads the test's output")]

use std::collections::BTreeMap;
use std::fs;

use regex::Regex;

use crate::fleet::place::checkout;
use crate::fleet::{Fleet, PASSWORD};
use crate::harness::Case;
use crate::trial::{Place, Trial, piece};

/// Beside these, `app1` is `app1.example.com`, and so on.
const NAMES: [&str; 4] = ["app1", "app2", "web1", "db1"];

fn reference() -> String {
    fs::read_to_string(checkout().join("docs/reference/language.md")).unwrap()
}

/// The whole recipe that stands under a title of the reference.
fn examples() -> BTreeMap<String, String> {
    let text = reference();
    let titled = Regex::new(r"(?m)^###? (\w+)$").unwrap();
    let titles: Vec<_> = titled.captures_iter(&text).collect();
    let mut examples = BTreeMap::new();
    for (index, title) in titles.iter().enumerate() {
        let end = titles
            .get(index + 1)
            .map_or(text.len(), |next| next.get(0).unwrap().start());
        let under = &text[title.get(0).unwrap().end()..end];
        if let Some((_, rest)) = under.split_once("\n```rhai\n") {
            let (example, behind) = rest.split_once("\n```\n").unwrap();
            assert!(!behind.contains("```rhai"), "{}: two examples", &title[1]);
            examples.insert(title[1].to_owned(), example.to_owned());
        }
    }
    examples
}

/// With the names of the reference, and called as `example`.
fn example(examples: &BTreeMap<String, String>, title: &str) -> Trial {
    let text = examples
        .get(title)
        .unwrap_or_else(|| panic!("the reference has no example of {title}"));
    piece(text)
        .titled(title)
        .bare()
        .named("app1.example.com", "app1")
        .named("app2.example.com", "app2")
        .named("www1.example.com", "web1")
        .named("www.example.com", "web1")
        .named("db1.example.com", "db1")
        .calls(&["example"])
}

const ONE: &str = "role :app, \"app1.example.com\";";

/// Returns the trials of messages, questions and settings.
fn told(of: impl Fn(&str) -> Trial) -> Vec<Trial> {
    vec![
        of("abort").calls(&["deploy_on_friday"]).code(1).says("not today"),
        of("after").prints("first\nsecond\n"),
        of("alias_task").prints("hello\n"),
        of("any").prints("[\"log\"]\n"),
        of("append").prints("[\"public/uploads\", \"storage\"]\n"),
        of("ask").prints("main\n"),
        of("ask")
            .with("task :example { write_file(\"branch\", branch); }")
            .answer("branch", "fix")
            .local("branch", "fix"),
        of("before").prints("first\nsecond\n"),
        of("choose").prints("staging\n"),
        of("choose").answer("Where to", "2").says("production"),
        of("current_task").prints("example\n"),
        of("debug").calls(&["example", "-vvv"]).says("looking around"),
        of("desc").calls(&["-T"]).says("Restart the application."),
        of("exists").then("puts branch;").calls(&["t"]).prints("main\n"),
        of("exists")
            .before("set :branch, \"fix\";")
            .then("puts branch;")
            .calls(&["t"])
            .prints("fix\n"),
        of("fetch").prints("main-1\n"),
        of("info").says(" ** on my way\n"),
        of("invoke").prints("restarting\n"),
        of("load").calls(&["-T"]).says("Deploy the newest code and restart."),
        of("load")
            .file("deploy.rhai", "task :own { puts \"mine\"; }")
            .calls(&["own"])
            .prints("mine\n"),
        of("namespace").prints("restarting\n"),
        of("on_rollback").prints("done\n"),
        of("on_rollback")
            .with("task :fails { transaction { example; throw \"late\"; } }")
            .calls(&["fails"])
            .prints("done\nundone\n")
            .code(1),
        of("puts").prints("hello\n"),
        of("remove").prints("[\"log\"]\n"),
        of("set_if_empty").prints("main\n"),
        of("render").prints("flipper is back at noon\n"),
        of("require").calls(&["-T"]).says("Deploy the newest code and restart."),
        of("reset").prints("1\n1\n"),
        of("set").prints("/u/apps/flipper\n"),
        of("set_default").prints("/srv/main\n"),
        of("synonym_task").prints("linked\n"),
        of("synonym_task")
            .calls(&["deploy:create_symlink", "symlink"])
            .prints("linked\nlinked\n"),
        of("transaction").prints("done\n"),
        of("transaction")
            .with("task :fails { transaction { change; throw \"late\"; } }")
            .calls(&["fails"])
            .prints("done\nundone\n")
            .code(1),
        of("unset")
            .then("puts exists(:branch);")
            .calls(&["t"])
            .prints("false\n"),
        of("warn")
            .calls(&["example", "-q"])
            .says("*** the disk is nearly full\n"),
    ]
}

/// Returns the trials of files that go to servers and come from them.
fn sent(of: impl Fn(&str) -> Trial) -> Vec<Trial> {
    let log = |trial: Trial, text: &str| {
        trial
            .given("app1", &format!("echo {text} 1 > /var/log/app.log"))
            .given("app2", &format!("echo {text} 2 > /var/log/app.log"))
    };
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    let password = "set :password, ENV[\"PW\"];";
    vec![
        of("as")
            .before(password)
            .env("PW", PASSWORD)
            .says("[out :: app1.example.com] root\n")
            .says("[out :: app1.example.com] /tmp\n"),
        of("capture").prints(&kernel),
        of("capture_all").prints(&format!("app1.example.com: {kernel}")),
        of("depend")
            .before("role :app, \"app1.example.com\"; set :application, \"shop\"; set :scm, \"none\"; set :repository, \"/srv\";")
            .calls(&["deploy:check"])
            .code(1)
            .says("mount the disk first"),
        of("delete").given("app1", "touch /tmp/hello; chown deploy /tmp/hello").on("app1", "ls /tmp", ""),
        log(of("download"), "of")
            .calls(&["fetch_logs"])
            .local("logs/app1.example.com.log", "of 1\n")
            .local("logs/app2.example.com.log", "of 2\n"),
        log(of("get"), "got").calls(&["fetch_log"]).local("app.log", "got 1\n"),
        of("execute").says("load average"),
        of("find_servers").here("rsync", "echo \"$*\" >> rsynced").local(
            "rsynced",
            "-a public/ app1.example.com:/srv/public/\n-a public/ deploy@app2.example.com:/srv/public/\n",
        ),
        of("invoke_command").says("[out :: app1.example.com]"),
        of("on")
            .given("app2", "touch /tmp/off")
            .prints("here we go\n")
            .says("app1.example.com is on\n")
            .never("app2.example.com is on")
            .on("app2", "rm /tmp/off", ""),
        of("parallel")
            .program("app1", "uptime", "touch /tmp/parallel-uptime")
            .program("db1", "df", "touch /tmp/parallel-df")
            .program("web1", "date", "touch /tmp/parallel-date")
            .on("app1", "ls -d /tmp/parallel-*", "/tmp/parallel-uptime")
            .on("db1", "ls -d /tmp/parallel-*", "/tmp/parallel-df")
            .on("web1", "ls -d /tmp/parallel-*", "/tmp/parallel-date")
            .on("app1", "rm ~deploy/.bashrc", ""),
        of("password_prompt")
            .before(ONE)
            .given("app1", "mkdir -p /srv/app; chown deploy /srv/app")
            .calls(&["give"])
            .answer("Database password: ", "opensesame")
            .on("app1", "cat /srv/app/password; stat -c ' %a' /srv/app/password", "opensesame 600"),
        of("put").on("app1", "cat /tmp/hello; stat -c %a /tmp/hello", "hello\n644"),
        of("role")
            .then("run \"touch /tmp/role\", :only => #{ primary: true };")
            .calls(&["t"])
            .on("db1", "ls /tmp/role", "/tmp/role")
            .on("app1", "ls /tmp | grep -x role", ""),
        of("rolling")
            .given("app1", "cd ~deploy && mkdir -p tmp && chown deploy tmp")
            .given("app2", "cd ~deploy && mkdir -p tmp && chown deploy tmp && touch failed")
            .code(1)
            .on("app1", "ls ~deploy/tmp; rm -f ~deploy/tmp/restart.txt", "restart.txt")
            .on("app2", "ls ~deploy/tmp; rm -f ~deploy/failed", "restart.txt"),
        of("run")
            .given("app1", "touch ~deploy/\"it's here\"; echo last > ~deploy/log")
            .says("it's here\n")
            .says("[out :: app1.example.com]")
            .prints("app1.example.com: last\n"),
        of("run_locally")
            .before("run_locally(\"git init -q . && git -c user.name=a -c user.email=a@b commit -q --allow-empty -m a\");")
            .with("task :sees { example; puts run_locally(\"git rev-parse HEAD | wc -c\"); }")
            .calls(&["sees"])
            .says("hello\n")
            .says("\n41\n"),
        of("server")
            .then("run \"touch /tmp/www\", :roles => :app, :only => #{ primary: true };")
            .calls(&["t"])
            .on("web1", "ls /tmp/www", "/tmp/www"),
        of("stream")
            .given("app1", "mkdir -p ~deploy/log2; rm -rf ~deploy/log; mv ~deploy/log2 ~deploy/log; echo GET > ~deploy/log/production.log")
            .prints("[app1.example.com] GET\n"),
        of("sudo")
            .before(password)
            .env("PW", PASSWORD)
            .says("uid=5000(deploy)")
            .says("uid=0(root)")
            .says("load average"),
        of("system").here("git", "exit 1").says("*** there are changes that are not committed\n"),
        of("system").here("git", "exit 0").never("committed"),
        of("task").says("[out :: app1.example.com]"),
        of("test")
            .given("app1", "rm -rf /srv/flipper; chown deploy /srv")
            .on("app1", "ls -d /srv/flipper", "/srv/flipper"),
        of("test").never("mkdir"),
        of("try_sudo").says("uid=5000(deploy)").says("load average"),
        of("upload")
            .file("config/app.conf", "a = 1\n")
            .given("app1", "touch /etc/app.conf; chown deploy /etc/app.conf; chmod 777 /etc")
            .calls(&["configure"])
            .on("app1", "cat /etc/app.conf; chmod 755 /etc", "a = 1"),
        of("with").says("[out :: app1.example.com] it's me\n"),
        of("within").says("/tmp\n").says("production\n"),
    ]
}

#[test]
fn the_examples_of_all_verbs_do_on_servers_what_the_reference_says() {
    let examples = examples();
    let of = |title: &str| example(&examples, title);
    let mut trials = told(of);
    trials.extend(sent(of));
    for title in examples.keys().filter(|title| *title != "gateway") {
        assert!(
            trials.iter().any(|trial| trial.title() == *title),
            "{title} has no trial"
        );
    }
    let fleet = Fleet::start(&NAMES);
    crate::trial::run_all("examples of verbs", &trials, Place::Top, Some(&fleet));
}

#[test]
fn the_example_of_the_gateway_leads_through_it() {
    let examples = examples();
    let lines: Vec<&str> = examples["gateway"].lines().collect();
    let [one, chain, map] = lines[..] else {
        panic!("{lines:?}")
    };
    let fleet = Fleet::start(&["gate1", "gate2", "app1", "app2", "db1"]);
    let behind = |line: &str| {
        piece(line)
            .bare()
            .before("role :app, \"app1\", \"app2\"; role :db, \"db1\";")
            .named("gate.example.com", "gate1")
            .named("outer.example.com", "gate1")
            .named("inner.example.com", "gate2")
            .then("run \"touch /tmp/behind\";")
            .given("db1", "rm -f /tmp/behind")
            .on("db1", "ls /tmp/behind", "/tmp/behind")
    };
    let logins = |gate: &str| fleet.host(gate).log_text().matches("Accepted publickey").count();
    let mut before = [0, 0];
    for (line, expected) in [(one, [1, 0]), (chain, [1, 1]), (map, [1, 1])] {
        behind(line).run(Place::Top, Some(&fleet)).unwrap();
        let now = [logins("gate1"), logins("gate2")];
        assert_eq!([now[0] - before[0], now[1] - before[1]], expected, "{line}");
        before = now;
    }
}

#[test]
fn the_examples_of_all_functions_hold_in_a_run() {
    let text = reference();
    let functions = text.split("\n## Functions\n").nth(1).unwrap();
    let mut examples = Vec::new();
    for row in functions.lines().filter(|line| line.starts_with("| `")) {
        let (_, example) = row.trim_end_matches(" |").rsplit_once(" | ").unwrap();
        let example = example.trim_matches('`').trim().replace("\\|", "|");
        examples.push(example);
    }
    assert!(examples.len() > 40, "{}", examples.len());
    // Some define roles: those begin a recipe of their own.
    let (own, shared): (Vec<&String>, Vec<&String>) = examples.iter().partition(|example| example.contains("role :"));
    for group in own.chunks(1).chain([&shared[..]]) {
        let lines: Vec<String> = group.iter().map(|example| format!("puts {example};")).collect();
        let recipe = format!("task :t {{\n{}\n}}\n", lines.join("\n"));
        let finished = Case::new().recipe(&recipe).args(["t"]).run().ok();
        let answers: Vec<&str> = finished.stdout.lines().collect();
        assert_eq!(answers.len(), group.len(), "{}", finished.stdout);
        for (example, answer) in group.iter().zip(answers) {
            assert_eq!(answer, "true", "{example}");
        }
    }
    println!("examples of functions: {}", examples.len());
}
