//! Commands on real servers: `run`, its options, its output, its failures (cases C and R).

use std::fs;
use std::process::Command;

use crate::deadline::LimitedCommand as _;
use crate::fleet::Fleet;
use crate::fleet::place::capr;
use crate::harness::Case;

/// A recipe of one task `t` with these servers in role app.
fn task(servers: &[&str], body: &str) -> String {
    let servers: Vec<_> = servers.iter().map(|server| format!("\"{server}\"")).collect();
    format!("role :app, {};\ntask :t {{\n{body}\n}}\n", servers.join(", "))
}

/// Runs that task on the fleet's servers.
fn on(fleet: &Fleet, body: &str) -> Case {
    let servers: Vec<_> = fleet.names().collect();
    Case::new().recipe(&task(&servers, body)).args(["t"]).on(fleet)
}

const SIX: [&str; 6] = ["www1", "www2", "app1", "app2", "db1", "db2"];

#[test]
fn c1_a_command_runs_once_on_each_of_six_servers_at_the_same_time() {
    let fleet = Fleet::start(&SIX);
    let finished = on(
        &fleet,
        r#"run "date +%s%N >> /tmp/begin; sleep 1; date +%s%N >> /tmp/end; echo on $(hostname); echo warning >&2";"#,
    )
    .run()
    .ok();
    let times = |path: &str| -> Vec<u64> { SIX.iter().map(|host| fleet.read(host, path).parse().unwrap()).collect() };
    assert!(
        times("/tmp/begin").iter().max() < times("/tmp/end").iter().min(),
        "one after another"
    );
    for host in SIX {
        let finished = format!("{}{}", finished.stdout, finished.stderr);
        assert_eq!(
            finished.matches(&format!(" ** [out :: {host}] on {host}\n")).count(),
            1,
            "{finished}"
        );
        assert_eq!(
            finished.matches(&format!("*** [err :: {host}] warning\n")).count(),
            1,
            "{finished}"
        );
    }
}

#[test]
fn c2_the_other_server_is_awaited_and_the_next_command_does_not_start() {
    let fleet = Fleet::start(&["app1", "app2"]);
    on(
        &fleet,
        r#"run "if [ $(hostname) = app1 ]; then echo broken >&2; exit 7; fi; sleep 1; touch /tmp/done";
           run "touch /tmp/next";"#,
    )
    .run()
    .code(1)
    .says("app1: exit status 7")
    .says("broken")
    .silent_on("app2: exit");
    assert!(fleet.exists("app2", "/tmp/done"));
    assert!(!fleet.exists("app1", "/tmp/next") && !fleet.exists("app2", "/tmp/next"));
}

#[test]
fn c3_b24_all_failing_servers_are_named_in_their_order() {
    let fleet = Fleet::start(&SIX);
    let finished = on(&fleet, r#"run "exit 3";"#).run().code(1);
    finished.says(&format!("  {}: exit status 3\n", SIX.join(", ")));
}

#[test]
fn c5_a_command_ended_by_a_signal_has_failed_and_the_signal_is_named() {
    let fleet = Fleet::start(&["app1"]);
    on(&fleet, r#"run "kill -KILL $$";"#)
        .run()
        .code(1)
        .says("killed by signal KILL");
}

#[test]
fn c6_each_line_of_a_command_is_a_line() {
    let fleet = Fleet::start(&["app1"]);
    on(&fleet, r#"run "echo a\necho b"; run "echo c\r\necho d";"#)
        .run()
        .ok()
        .says("[out :: app1] a\n")
        .says("[out :: app1] b\n")
        .says("[out :: app1] c\n")
        .says("[out :: app1] d\n");
}

#[test]
fn c7_a_comment_in_a_command_swallows_nothing() {
    let fleet = Fleet::start(&["app1"]);
    on(&fleet, "run `echo a # one\n  # two\n  echo b`;")
        .run()
        .ok()
        .says("[out :: app1] a\n")
        .says("[out :: app1] b\n");
}

#[test]
fn c8_a_here_document_in_a_command_works() {
    let fleet = Fleet::start(&["app1"]);
    on(
        &fleet,
        "run `cat > /tmp/text <<END\n  it's \"quoted\"\nEND\necho after`;",
    )
    .run()
    .ok()
    .says("[out :: app1] after\n");
    assert_eq!(fleet.read("app1", "/tmp/text"), "  it's \"quoted\"");
}

#[test]
fn c9_the_shell_is_sh_or_the_one_that_is_asked_for_or_none() {
    let fleet = Fleet::start(&["app1"]);
    let ask = r#""echo it''s 'a  b' ${BASH_VERSION:+bash}""#.replace("''", "\\'");
    let recipe = format!(
        "role :app, \"app1\";
         task :t {{ run {ask}; }}
         task :option {{ run {ask}, :shell => \"/bin/bash\"; }}
         task :variable {{ set :default_shell, \"/bin/bash\"; run {ask}; }}
         task :over {{ set :default_shell, \"/bin/bash\"; run {ask}, :shell => \"/bin/sh\"; }}
         task :never {{ set :default_shell, false; run {ask}; }}
         task :none {{ run {ask}, :shell => false; }}"
    );
    for (task, shown) in [
        ("t", ""),
        ("option", " bash"),
        ("variable", " bash"),
        ("over", ""),
        ("never", " bash"),
        ("none", " bash"),
    ] {
        let line = format!("[out :: app1] its a  b{shown}\n");
        Case::new()
            .recipe(&recipe.replace("it\\'s", "its"))
            .args([task])
            .on(&fleet)
            .run()
            .ok()
            .says(&line);
    }
}

#[test]
fn c11_a_value_in_the_environment_arrives_unchanged() {
    let fleet = Fleet::start(&["app1"]);
    on(
        &fleet,
        r#"set :default_environment, #{ "LOW": "low", "NAME": "hidden" };
           run "printf %s \"$NAME\" > /tmp/value; printf %s \"$LOW\" > /tmp/low",
               :env => #{ "NAME": "a b\" ; touch /tmp/bad; $HOME 'c'\nnext `id`" };"#,
    )
    .run()
    .ok();
    assert_eq!(
        fleet.read("app1", "/tmp/value"),
        "a b\" ; touch /tmp/bad; $HOME 'c'\nnext `id`"
    );
    assert_eq!(fleet.read("app1", "/tmp/low"), "low");
    assert!(!fleet.exists("app1", "/tmp/bad"));
}

#[test]
fn c12_a_terminal_is_given_where_it_is_asked_for() {
    let fleet = Fleet::start(&["app1"]);
    on(&fleet, r#"run "test -t 1 && echo terminal || echo none";"#)
        .run()
        .ok()
        .says("[out :: app1] none\n");
    on(
        &fleet,
        r#"run "test -t 1 && echo terminal || echo none", :pty => true;"#,
    )
    .run()
    .ok()
    .says("[out :: app1] terminal\n");
}

#[test]
fn c13_data_arrives_on_standard_input_and_its_end_too() {
    let fleet = Fleet::start(&["app1", "app2"]);
    on(
        &fleet,
        r#"run "cat > /tmp/in", :data => "one\ntwo\n"; run "cat > /tmp/nothing";"#,
    )
    .run()
    .ok();
    for host in ["app1", "app2"] {
        assert_eq!(fleet.read(host, "/tmp/in"), "one\ntwo");
        assert_eq!(fleet.read(host, "/tmp/nothing"), "");
    }
}

#[test]
fn c14_a_block_gets_the_output_and_may_answer() {
    let fleet = Fleet::start(&["app1", "app2"]);
    on(
        &fleet,
        r#"run "echo ready; read answer; echo $answer >&2", |channel, stream, data| {
               puts `${channel.host} ${stream} ${data.split("\n")[0]}`;
               if stream == "out" { channel.send_data("hello " + channel.host + "\n"); }
           };"#,
    )
    .run()
    .ok()
    .says("app1 out ready\n")
    .says("app2 out ready\n")
    .says("app1 err hello app1\n")
    .says("app2 err hello app2\n")
    .silent_on("[out :: app1]")
    .silent_on("[err :: app1]");
}

#[test]
fn c17_once_is_the_first_server_only() {
    let fleet = Fleet::start(&["app1", "app2"]);
    on(&fleet, r#"run "touch /tmp/x", :once => true;"#).run().ok();
    assert!(fleet.exists("app1", "/tmp/x") && !fleet.exists("app2", "/tmp/x"));
}

#[test]
fn c23_output_comes_in_whole_lines() {
    let fleet = Fleet::start(&["app1"]);
    on(
        &fleet,
        r#"run "printf hel; sleep 0.3; printf 'lo\\nre'; sleep 0.3; printf st";"#,
    )
    .run()
    .ok()
    .says("[out :: app1] hello\n")
    .says("[out :: app1] rest\n");
}

#[test]
fn c25_a_dry_run_shows_the_command_and_connects_nowhere() {
    let recipe = task(&["no-such-server.invalid"], r#"run "touch /tmp/x"; puts "after";"#);
    Case::new()
        .recipe(&recipe)
        .args(["-n", "t"])
        .run()
        .ok()
        .says("touch /tmp/x")
        .says("no-such-server.invalid")
        .says("after");
}

#[test]
fn c26_executing_is_said_once_for_all_servers() {
    let fleet = Fleet::start(&["app1", "app2"]);
    let finished = on(&fleet, r#"run "true # marked";"#).run().ok();
    assert_eq!(
        finished.stderr.matches("executing \"true # marked\"").count(),
        1,
        "{}",
        finished.stderr
    );
}

#[test]
fn c27_a_local_command_gives_its_output_and_its_failure_has_its_status() {
    let recipe =
        "task :t { puts `got ${run_locally(\"echo here\")}`; }\ntask :fail { run_locally(\"echo why >&2; exit 3\"); }";
    Case::new().recipe(recipe).args(["t"]).run().ok().says("got here\n");
    Case::new()
        .recipe(recipe)
        .args(["fail"])
        .run()
        .code(1)
        .says("exit status 3")
        .says("why");
}

#[test]
fn c28_ten_megabytes_from_each_of_six_servers_arrive() {
    let fleet = Fleet::start(&SIX);
    let finished = on(
        &fleet,
        r#"let total = #{};
           for host in ["www1", "www2", "app1", "app2", "db1", "db2"] { total[host] = 0; }
           run "head -c 10000000 /dev/zero | tr '\\0' x", |channel, stream, data| { total[channel.host] += data.len; };
           for host in total.keys() { puts `${host} ${total[host]}`; }"#,
    )
    .run()
    .ok();
    assert_eq!(finished.stdout.lines().count(), 6);
    assert!(
        finished.stdout.lines().all(|line| line.ends_with(" 10000000")),
        "{}",
        finished.stdout
    );
}

#[test]
fn r6_hosts_of_a_call_need_no_role_and_are_exactly_those() {
    let fleet = Fleet::start(&["app1", "app2", "other"]);
    Case::new()
        .recipe(&task(
            &["app1", "app2"],
            r#"run "touch /tmp/x", :hosts => ["other", "app2"];"#,
        ))
        .args(["t"])
        .on(&fleet)
        .run()
        .ok();
    assert!(!fleet.exists("app1", "/tmp/x") && fleet.exists("app2", "/tmp/x") && fleet.exists("other", "/tmp/x"));
}

#[test]
fn r8_hosts_and_roles_of_the_environment_select_servers() {
    let fleet = Fleet::start(&["app1", "app2"]);
    for (setting, expected) in [("HOSTS=app2", [false, true]), ("ROLES=one", [true, false])] {
        Case::new()
            .recipe(
                "role :app, \"app1\", \"app2\"; role :one, \"app1\"; task :t, :roles => :app { run \"touch /tmp/x\"; }",
            )
            .args([setting, "t"])
            .on(&fleet)
            .run()
            .ok();
        assert_eq!(
            [fleet.exists("app1", "/tmp/x"), fleet.exists("app2", "/tmp/x")],
            expected,
            "{setting}"
        );
        fleet.sh("app1", "rm -f /tmp/x");
        fleet.sh("app2", "rm -f /tmp/x");
    }
}

#[test]
fn f1_put_writes_the_text_with_its_mode_on_all_servers() {
    let fleet = Fleet::start(&["app1", "app2"]);
    on(&fleet, r#"put "it's\ntext\n", "/u/apps/a file", :mode => 0o640;"#)
        .run()
        .ok();
    for host in ["app1", "app2"] {
        assert_eq!(fleet.read(host, "/u/apps/a file"), "it's\ntext");
        assert_eq!(fleet.sh(host, "stat -c %a '/u/apps/a file'"), "640");
        assert_eq!(fleet.list(host, "/u/apps"), ["a file"]);
    }
}

#[test]
fn f8_a_missing_local_file_is_told_before_connecting() {
    Case::new()
        .recipe(&task(&["no-such-server.invalid"], r#"upload "missing.txt", "/tmp/x";"#))
        .args(["t"])
        .run()
        .code(1)
        .says("missing.txt")
        .silent_on("connecting");
}

#[test]
fn f10_capture_gives_the_standard_output_of_the_first_server_untrimmed() {
    let fleet = Fleet::start(&["app1", "app2"]);
    let finished = on(&fleet, r#"puts "<" + capture("hostname; echo aside >&2") + ">";"#)
        .run()
        .ok()
        .says("aside");
    assert!(finished.stdout.contains("<app1\n>"), "{}", finished.stdout);
    on(&fleet, r#"capture("exit 4");"#)
        .run()
        .code(1)
        .says("app1: exit status 4");
}

#[test]
fn upload_sends_a_whole_local_file() {
    let fleet = Fleet::start(&["app1", "app2"]);
    let servers: Vec<_> = fleet.names().collect();
    let text: String = (0..100_000).map(|number| format!("{number}\n")).collect();
    Case::new()
        .file("numbers", &text)
        .recipe(&task(&servers, r#"upload "numbers", "/tmp/numbers";"#))
        .args(["t"])
        .on(&fleet)
        .run()
        .ok();
    for host in ["app1", "app2"] {
        let there = fs::read_to_string(fleet.host(host).root.join("tmp/numbers")).unwrap();
        assert!(there == text, "{} bytes of {}", there.len(), text.len());
    }
}

#[test]
fn b17_a_put_that_fails_on_two_servers_names_both() {
    let fleet = Fleet::start(&["app1", "app2", "db1"]);
    fleet.sh("db1", "mkdir /u/apps/there && chown deploy /u/apps/there");
    on(&fleet, r#"put "text", "/u/apps/there/file";"#)
        .run()
        .code(1)
        .says("  app1, app2: exit status 1\n")
        .silent_on("db1: exit");
    assert_eq!(fleet.read("db1", "/u/apps/there/file"), "text");
}

#[test]
fn secrets_of_the_environment_stand_in_no_list_of_processes() {
    let fleet = Fleet::start(&["app1", "app2"]);
    // What a login shell is called with is gone from the list as soon as it has become the command: it says that itself.
    let tell = "tr '\\0' '\\n' </proc/$$/cmdline >>/tmp/called; chmod 666 /tmp/called 2>/dev/null";
    for host in ["app1", "app2"] {
        fleet.write(host, "/home/deploy/.bashrc", tell);
    }
    let look = "ps -e -o args > /tmp/ps.$NAME; echo $NAME ${#DB} ${#API_TOKEN} $PLAIN";
    let long = "long ".repeat(8000);
    on(
        &fleet,
        &format!(
            r##"
            set :db_password, "it's hush-hush";
            set :default_environment, #{{ DB: db_password, PLAIN: "plain" }};
            run "{look}; cat", :env => #{{ NAME: "a", API_TOKEN: "hush-hush-2" }}, :dir => "/";
            run "{look}; cat", :env => #{{ NAME: "b" }}, :data => "it reads this\n";
            run "{look}", :env => #{{ NAME: "c" }}, :pty => true;
            run "echo ${{#DB}} `printf x`", :shell => "bash";
            run "# {long}\n{look}; cat", :env => #{{ NAME: "d" }}, :data => "and this\n";
            puts run_locally("echo $NAME ${{#DB}}", :env => #{{ NAME: "here", DB: db_password }});
            "##
        ),
    )
    .run()
    .ok()
    .says("[out :: app1] a 14 11 plain\n")
    .says_in_order(&["[out :: app1] b 14 0 plain\n", "[out :: app1] it reads this\n"])
    .says("[out :: app2] c 14 0 plain\n")
    .says("[out :: app2] 14 x\n")
    .says_in_order(&["[out :: app2] d 14 0 plain\n", "[out :: app2] and this\n"])
    .says("here 14\n")
    .silent_on("hush");
    for host in ["app1", "app2"] {
        for name in ["a", "b", "c", "d"] {
            let shown = fleet.read(host, &format!("/tmp/ps.{name}"));
            assert!(shown.contains("ps -e") && !shown.contains("hush"), "{name}: {shown}");
        }
        let called = fleet.read(host, "/tmp/called");
        assert!(called.contains("PLAIN") && !called.contains("hush"), "{called}");
    }
}

#[test]
fn a_secret_in_a_command_line_is_told_once() {
    let fleet = Fleet::start(&["app1", "app2"]);
    let finished = on(
        &fleet,
        r#"set :db_password, "hush-hush"; for n in 0..2 { run `true -p${db_password}`; } run "true", :data => db_password;"#,
    )
    .run()
    .ok()
    .says("a secret stands in the command line of `run true -p[redacted]', where every user of the server can read it")
    .silent_on("hush");
    assert_eq!(
        finished.stderr.matches("a secret stands").count(),
        1,
        "{}",
        finished.stderr
    );
    on(
        &fleet,
        r#"set :db_password, "hush-hush"; run "true", :env => `A=${db_password}`;"#,
    )
    .run()
    .code(3)
    .says("write it as a map: :env => #{ NAME: value }")
    .silent_on("hush");
}

#[test]
fn what_writes_without_an_end_is_ended_where_it_is_kept() {
    let fleet = Fleet::start(&["app1"]);
    for (call, place) in [
        ("capture(\"yes\")", "app1"),
        ("capture(\"yes | tr -d '\\\\n'\")", "app1"),
        ("run_locally(\"yes; exit 0\")", "localhost"),
    ] {
        on(&fleet, &format!("set :capture_limit, 1; let x = {call};"))
            .run()
            .code(1)
            .says(&format!(
                "has written more than 1 MiB on {place}, which is more than is kept"
            ))
            .says("set :capture_limit, 256;");
    }
    assert_eq!(fleet.sh("app1", "pgrep -c yes || true").trim(), "0");
    on(&fleet, "set :capture_limit, 0; capture(\"true\");")
        .run()
        .code(3)
        .says("`capture_limit' must be a number of MiB from 1");
}

#[test]
fn no_core_file_is_written_of_capr_but_of_what_it_runs() {
    Case::new()
        .after("ulimit -Sc 8")
        .recipe(
            "task :t { puts run_locally(\"grep core /proc/$PPID/limits | tr -s ' '; ulimit -Sc\", :shell => false); }",
        )
        .args(["t"])
        .run()
        .ok()
        .says("Max core file size 0 ")
        .says("\n8\n");
}

#[test]
fn words_of_a_list_arrive_as_they_are_whatever_verb_runs_them() {
    let fleet = Fleet::start(&["app1"]);
    let words = r##"["", " ", "*", "~", "-n", "; touch /tmp/pwned", "$(touch /tmp/pwned)", "`touch /tmp/pwned`", "it's", "\"", "\\", "a\nb",
        "{a,b}", "!x", "%s", "#", "A=1", "$HOME", "é\tü", "&& touch /tmp/pwned", "'; touch /tmp/pwned; '"]"##;
    let body = format!(
        r#"let words = {words};
        let expected = ""; for word in words {{ expected += `<${{word}}>`; }}
        let said = #{{ run: "" }};
        run ["printf", "<%s>", words], |c, s, text| {{ said.run += text; }}
        if said.run != expected {{ throw `run: ${{said.run}}`; }}
        for given in [capture(["printf", "<%s>", words]), run_locally(["printf", "<%s>", words]),
                      capture(["sh", "-c", "printf '<%s>' \"$@\"", "sh", words], :dir => "/tmp", :env => #{{ A: "1" }})] {{
            if given != expected {{ throw given; }}
        }}
        parallel |session| {{ session.else(["tee", "/tmp/it's $HOME", "--", "/tmp/in parallel"], #{{ data: "x" }}); }}
        if !test(["test", "-f", "/tmp/it's $HOME"]) || test(["test", "-f", "/tmp/it's none"]) {{ throw "test"; }}
        invoke_command ["touch", "/tmp/a  b"], :via => :run;
        stream ["touch", "/tmp/c;d"];
        run ["if"], :on_error => :continue;
        puts "all arrived";"#
    );
    on(&fleet, &body).run().says("all arrived").says("if: not found");
    for file in [r"/tmp/it'\''s $HOME", "/tmp/in parallel", "/tmp/a  b", "/tmp/c;d"] {
        assert!(fleet.exists("app1", file), "{file}");
    }
    assert!(!fleet.exists("app1", "/tmp/pwned"));
}

#[test]
fn the_memory_of_a_run_is_read_by_no_other_process_of_its_user_and_no_core_is_written() {
    let script = "stat -c %g /proc/$PPID/environ; grep -c 'core file size  *0 ' /proc/$PPID/limits; stat -c %g /proc/self/environ";
    let case = Case::new().file(
        "deploy.rhai",
        &format!("task :t {{ puts run_locally(\"{script}\", :shell => false); }}"),
    );
    // What is dumped belongs to its group, what is not to that of root.
    let told = Command::new("setpriv")
        .args([
            "--regid=5000",
            "--clear-groups",
            "sh",
            "-c",
            "ulimit -c unlimited; exec \"$0\" -f deploy.rhai t",
        ])
        .arg(capr())
        .current_dir(case.path(""))
        .env("HOME", case.path("../home"))
        .env("CAPR_SYSTEM_FILE", case.path("../system.rhai"))
        .limited_output();
    let said = String::from_utf8_lossy(&told.stdout).into_owned();
    assert_eq!(said, "0\n1\n5000\n", "{}", String::from_utf8_lossy(&told.stderr));
}
