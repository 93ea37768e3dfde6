//! Commands on servers and on this machine.

use super::{Case, Outcome, recipe};
use crate::diagnostic::Fault;
use crate::event::Event;
use crate::session::scripted::Answer;

fn case(body: &str) -> Case {
    recipe(&format!("role :app, \"a\", \"b\";\ntask :t {{ {body} }}"))
}

fn lines(outcome: &Outcome) -> Vec<String> {
    assert!(outcome.result.is_ok(), "{:?}", outcome.result);
    outcome.script.lines_on("a")
}

#[test]
fn c2_a_failure_on_one_server_awaits_the_others_and_ends_the_task() {
    let case = case("run \"work\"; run \"next\";");
    case.script.on("a", "work", Answer::new().err("broken\n").exits(7));
    let outcome = case.run(&["t"]);
    let error = outcome.error();
    assert_eq!(
        (error.message.as_str(), error.fault),
        ("`work' failed on a", Fault::Failed)
    );
    assert_eq!(error.servers[0].reason, "exit status 7");
    assert_eq!(error.servers[0].stderr, ["broken"]);
    assert_eq!(error.tasks, ["t"]);
    assert_eq!(outcome.script.lines_on("b"), ["work"]);
}

#[test]
fn c9_the_shell_is_chosen_by_the_call_the_task_or_a_variable() {
    assert_eq!(
        lines(&case("run \"x\", :shell => \"/bin/bash\";").run(&["t"])),
        ["/bin/bash -c 'x'"]
    );
    assert_eq!(
        lines(&case("run \"it's\", :shell => false; run \"it's\";").run(&["t"])),
        ["it's", "it's"]
    );
    let text = "set :default_shell, \"zsh\"; role :app, \"a\"; task :t { run \"x\"; run \"y\", :shell => \"ksh\"; }";
    assert_eq!(lines(&recipe(text).run(&["t"])), ["zsh -c 'x'", "ksh -c 'y'"]);
    let text = "set :default_shell, false; role :app, \"a\"; task :t { run \"x\"; run \"y\", :shell => true; }";
    assert_eq!(lines(&recipe(text).run(&["t"])), ["x", "y"]);
    let text = "role :app, \"a\"; task :t, :shell => \"zsh\" { run \"x\"; }";
    assert_eq!(lines(&recipe(text).run(&["t"])), ["zsh -c 'x'"]);
}

#[test]
fn c10_the_environment_of_a_call_wins_key_by_key() {
    let text = "default_environment[\"A\"] = \"1\"; default_environment[\"B\"] = \"2\"; role :app, \"a\"; \
                task :t { run \"x\", :env => #{ B: 3 }; run \"y\"; }";
    let lines = lines(&recipe(text).run(&["t"]));
    assert!(
        lines[0].contains("A=1") && lines[0].contains("B=3") && !lines[0].contains("B=2"),
        "{lines:?}"
    );
    assert!(lines[1].contains("A=1") && lines[1].contains("B=2"), "{lines:?}");
    assert_eq!(self::lines(&case("run \"x\", :env => #{};").run(&["t"])), ["x"]);
}

#[test]
fn c11_a_value_of_the_environment_arrives_as_it_is() {
    let lines = lines(&case("run \"x\", :env => #{ A: \"a b;c$d\" };").run(&["t"]));
    assert!(
        lines[0].contains("'a b;c$d'") || lines[0].contains("'\\''a b;c$d'\\''"),
        "{lines:?}"
    );
}

#[test]
fn c12_a_terminal_is_asked_for_by_the_call_or_by_default() {
    let outcome = case("run \"x\"; run \"y\", :pty => true;").run(&["t"]);
    let terminals: Vec<_> = outcome
        .script
        .commands()
        .iter()
        .map(|record| record.terminal.is_some())
        .collect();
    assert_eq!(terminals, [false, false, true, true]);
    let text = "default_run_options[\"pty\"] = true; role :app, \"a\"; task :t { run \"x\"; run \"y\", :pty => false; run \"z\", :data => \"1\"; }";
    let outcome = recipe(text).run(&["t"]);
    let terminals: Vec<_> = outcome
        .script
        .commands()
        .iter()
        .map(|record| record.terminal.is_some())
        .collect();
    assert_eq!(terminals, [true, false, false]);
    let text = "default_run_options[\"ptty\"] = true; role :app, \"a\"; task :t { run \"x\"; }";
    let errors = recipe(text).errors();
    assert_eq!(errors[0].message, "`default_run_options' has no option `ptty'");
    assert_eq!(errors[0].hints, ["did you mean `pty'?"]);
}

#[test]
fn c13_data_is_read_by_the_command_and_its_input_ends() {
    let case = case("run \"cat\", :data => \"text\";");
    case.script.on("*", "cat", Answer::new().reads_all());
    let outcome = case.run(&["t"]);
    assert!(outcome.result.is_ok(), "{:?}", outcome.result);
    let record = &outcome.script.commands()[1];
    assert_eq!(
        (record.input.as_slice(), record.input_ended),
        (b"text".as_slice(), true)
    );
}

#[test]
fn c13_a_local_file_is_read_by_the_command_without_a_terminal_whatever_the_default() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("dump");
    std::fs::write(&file, b"\0\xff\r\n\x04").unwrap();
    let file = file.display();
    for verb in [
        format!("run \"x\", :stdin => \"{file}\";"),
        format!("run \"x\", :stdin => \"{file}\", |channel, stream, text| {{ }}"),
        format!("sudo \"x\", :stdin => \"{file}\";"),
        format!("capture(\"x\", :stdin => \"{file}\");"),
        format!("stream \"x\", :stdin => \"{file}\";"),
        format!("test(\"x\", :stdin => \"{file}\");"),
        format!("invoke_command \"x\", :via => :sudo, :stdin => \"{file}\";"),
        format!("parallel |s| {{ s.else(\"x\", #{{ stdin: \"{file}\" }}); }}"),
        format!("run_locally(\"x\", :stdin => \"{file}\");"),
    ] {
        let case = case(&format!("default_run_options[\"pty\"] = true; {verb}"));
        // What sudo's command reads it is given when it has started.
        case.script.on("*", "sudo", Answer::new().begins().starts().reads_all());
        let outcome = case.run(&["t"]);
        assert!(outcome.result.is_ok(), "{verb}: {:?}", outcome.result);
        let mut commands = outcome.script.commands();
        commands.extend(outcome.local.commands());
        assert!(!commands.is_empty());
        for record in commands {
            let input = (record.input.as_slice(), record.input_ended);
            assert_eq!(input, (b"\0\xff\r\n\x04".as_slice(), true), "{verb}");
            assert!(record.terminal.is_none(), "{verb}");
        }
        let shown = outcome.events.iter().find_map(|event| match event {
            Event::ActionStarted { command, .. } => Some(command.clone()),
            _ => None,
        });
        assert!(shown.unwrap().ends_with(&format!("x (stdin: {file})")), "{verb}");
    }
    // A call's text goes before the task's file.
    let text = format!(
        "role :app, \"a\"; task :t, :stdin => \"{file}\" {{ run \"x\", :data => \"text\"; run \"y\", :pty => true; }}"
    );
    let outcome = recipe(&text).run(&["t"]);
    let commands = outcome.script.commands();
    assert_eq!(commands[0].input, b"text");
    assert!(commands[1].input.len() == 5 && commands[1].terminal.is_none());
}

#[test]
fn c13_a_local_file_that_cannot_be_read_is_told_at_its_place_before_anybody_is_connected() {
    let directory = tempfile::tempdir().unwrap();
    let outcome = case("run \"x\",\n :stdin => \"no/such/file\";").run(&["t"]);
    let error = outcome.error();
    assert_eq!(error.fault, Fault::Failed);
    assert!(
        error.message.starts_with("cannot read `no/such/file' for `stdin': "),
        "{error:?}"
    );
    assert_eq!(error.hints, ["expected a local file; a string is given with `data'"]);
    let place = error.origin.as_ref().unwrap();
    assert_eq!((place.line, place.column), (3, 12));
    assert!(outcome.script.commands().is_empty());
    let connects = |event: &Event| matches!(event, Event::Connecting { .. });
    assert!(!outcome.events.iter().any(connects));
    let outcome = case(&format!("run \"x\", :stdin => \"{}\";", directory.path().display())).run(&["t"]);
    assert!(outcome.error().message.ends_with("for `stdin': is a directory"));
}

#[test]
fn c14_a_block_is_given_channel_stream_and_text_and_can_answer() {
    let body = "let seen = []; run \"ask\", |channel, stream, text| { seen.push(`${channel.host} ${stream} ${text}`); \
                if stream == \"out\" { channel.send_data(\"yes\\n\"); } } seen.sort(); for line in seen { puts line; }";
    let case = case(body);
    case.script
        .on("*", "ask", Answer::new().err("careful").out("sure?").reads_line());
    let outcome = case.run(&["t"]);
    assert_eq!(outcome.script.commands()[0].input, b"yes\n");
    assert!(!outcome.events.iter().any(|event| matches!(event, Event::Output { .. })));
    assert_eq!(
        outcome.printed(),
        ["a err careful", "a out sure?", "b err careful", "b out sure?"]
    );
}

#[test]
fn b18_a_block_that_fails_ends_the_commands_on_every_server() {
    let case = case(
        "try { run \"tail\", |channel, stream, text| { throw \"enough\"; } } catch (error) { puts error; } run \"next\";",
    );
    case.script.on("a", "tail", Answer::new().out("line\n").hangs());
    case.script.on("b", "tail", Answer::new().hangs());
    let outcome = case.run(&["t"]);
    let commands = outcome.script.commands();
    assert!(commands.iter().all(|record| record.exit.is_some()), "{commands:?}");
    assert!(
        commands[..2].iter().all(|record| !record.signals.is_empty()),
        "{commands:?}"
    );
    assert_eq!(outcome.script.lines_on("b").len(), 2);
    assert_eq!(outcome.printed(), ["enough"]);
}

#[test]
fn c17_once_is_the_first_server_alone() {
    let outcome = case("run \"x\", :once => true;").run(&["t"]);
    assert_eq!(outcome.script.commands().len(), 1);
    assert_eq!(lines(&outcome), ["x"]);
}

#[test]
fn a_dry_run_has_the_release_that_it_would_have_made() {
    let prints = |task: &str| {
        let mut case = recipe(
            "set :deploy_to, \"/srv/a\"; role :app, \"a\"; task :old { puts current_release == (); }
             task :new { set :release_name, \"20260102030405\"; set :deploy_timestamped, true; puts current_release; }",
        );
        case.options.dry_run = true;
        case.run(&[task]).printed
    };
    assert_eq!(prints("old"), ["true"]);
    assert_eq!(prints("new"), ["/srv/a/releases/20260102030405"]);
}

#[test]
fn c25_a_dry_run_asks_no_server_and_goes_on() {
    let mut case =
        recipe("role :app, \"a\"; task :t, :roles => :app { run \"x\"; puts dry_run; puts capture(\"y\"); }");
    case.options.dry_run = true;
    assert_eq!(case.run(&["t"]).printed(), ["true", ""]);
}

#[test]
fn an_error_of_a_dry_run_names_the_command_whose_output_is_not_known() {
    let hint = |text: &str| {
        let mut case = recipe(&format!("role :app, \"a\"; task :t, :roles => :app {{ {text} }}"));
        case.options.dry_run = true;
        let hints = case.run(&["t"]).result.unwrap_err().diagnostic.hints;
        hints.first().cloned().unwrap_or_default()
    };
    for (verb, instead) in [
        ("capture", "; say what to take for it: :dry_run => \"…\""),
        ("run_locally", "; say what to take for it: :dry_run => \"…\""),
        ("capture_all", ""),
    ] {
        let told = hint(&format!("let x = {verb}(\"y\"); run \"z\"; abort \"no x\";"));
        assert!(
            told.starts_with(&format!("a dry run did not run `{verb}' at ")),
            "{told}"
        );
        let end = format!("recipe.rhai:1:51, and took its output to be empty{instead}");
        assert!(told.ends_with(&end), "{told}");
    }
    for verb in ["capture", "run_locally"] {
        assert_eq!(hint(&format!("abort {verb}(\"y\", :dry_run => \"v\");")), "");
    }
    assert_eq!(hint("run \"z\"; abort \"x\";"), "");
}

#[test]
fn c26_a_command_is_announced_once_for_all_servers() {
    let outcome = case("run \"x\"; run \"y\", :silent => true;").run(&["t"]);
    let started: Vec<_> = outcome
        .events
        .iter()
        .filter_map(|event| match event {
            Event::ActionStarted { command, servers, .. } => Some((command.as_str(), servers.len())),
            _ => None,
        })
        .collect();
    assert_eq!(started[0], ("x", 2));
    assert!(started.iter().filter(|(command, _)| *command == "x").count() == 1);
}

#[test]
fn c27_a_local_command_gives_its_output_or_an_error_with_its_status() {
    let case = recipe("task :t { puts run_locally(\"date\"); run_locally \"false\"; }");
    case.local.on("*", "date", Answer::new().out("today\n"));
    case.local.on("*", "false", Answer::new().exits(1));
    let outcome = case.run(&["t"]);
    assert_eq!(outcome.printed, ["today"]);
    assert_eq!(outcome.error().servers[0].reason, "exit status 1");
    assert_eq!(outcome.local.commands().len(), 2);
    assert!(outcome.script.commands().is_empty());
}

#[test]
fn a_failure_can_be_caught_and_tells_its_servers() {
    let case = case("try { run \"x\"; } catch (failure) { puts failure; puts failure.servers; puts failure.message; }");
    case.script.on("*", "x", Answer::new().exits(2));
    let text = "`x' failed on 2 of 2 servers";
    assert_eq!(case.run(&["t"]).printed(), [text, "[\"a\", \"b\"]", text]);
}

#[test]
fn u1_sudo_has_a_prompt_and_may_become_another_user() {
    let text = |settings: &str| {
        format!("{settings} role :app, \"a\"; task :t {{ sudo \"id\"; sudo \"id\", :as => \"bob\"; puts sudo(); }}")
    };
    let outcome = recipe(&text("")).run(&["t"]);
    let lines = lines(&outcome);
    // The word that it asks with is not in its line, where everybody could read it.
    assert!(lines[0].ends_with("sudo id"), "{lines:?}");
    assert!(lines[1].contains("-u bob id"), "{lines:?}");
    assert_eq!(outcome.printed(), ["sudo -p 'sudo password: '"]);
    let outcome = recipe(&text("set :sudo, \"/opt/sudo\"; set :sudo_prompt, \"\";")).run(&["t"]);
    assert!(self::lines(&outcome)[0].contains("/opt/sudo id"));
    assert_eq!(outcome.printed(), ["/opt/sudo"]);
}

#[test]
fn u2_a_password_is_asked_for_once_however_many_servers_want_it() {
    let mut case = case("sudo \"id\";");
    case.answers = vec!["open sesame"];
    case.script.on(
        "*",
        "id",
        Answer::new().begins().asks_password("sudo asks: ", "open sesame"),
    );
    let outcome = case.run(&["t"]);
    assert!(outcome.result.is_ok(), "{:?}", outcome.result);
    assert!(
        outcome
            .script
            .commands()
            .iter()
            .all(|record| record.input == b"open sesame\n")
    );
    // U10: nothing that is told has it.
    assert!(!format!("{:?}", outcome.events).contains("open sesame"));
}

#[test]
fn u3_a_refused_password_is_asked_for_once_more() {
    let mut case = case("sudo \"id\";");
    case.answers = vec!["wrong one", "open sesame"];
    case.script.on(
        "*",
        "id",
        Answer::new().begins().asks_password("sudo asks: ", "open sesame"),
    );
    let outcome = case.run(&["t"]);
    assert!(outcome.result.is_ok(), "{:?}", outcome.result);
}

#[test]
fn u6_a_command_that_contains_sudo_is_given_the_password_too() {
    let mut case = case("set :password, \"open sesame\"; run `${sudo()} id && uptime`;");
    case.answers = Vec::new();
    case.script.on(
        "*",
        "id",
        Answer::new().begins().asks_password("sudo asks: ", "open sesame"),
    );
    let outcome = case.run(&["t"]);
    assert!(outcome.result.is_ok(), "{:?}", outcome.result);
    assert!(!format!("{:?}", outcome.events).contains("open sesame"));
}

#[test]
fn u9_try_sudo_is_sudo_only_where_it_is_wanted() {
    let text = |wanted: &str| {
        format!("set :use_sudo, {wanted}; role :app, \"a\"; task :t {{ try_sudo \"id\"; run `${{try_sudo()}} up`; }}")
    };
    let plain = lines(&recipe(&text("false")).run(&["t"]));
    assert!(plain.iter().all(|line| !line.contains("sudo")), "{plain:?}");
    let asked = lines(&recipe(&text("true")).run(&["t"]));
    assert!(asked.iter().all(|line| line.contains("; sudo ")), "{asked:?}");
}

#[test]
fn f10_capture_gives_what_the_first_server_wrote_to_its_output() {
    let case = case("puts `[${capture(\"x\")}]`;");
    case.script.on("*", "x", Answer::new().err("careful\n").out(" out \n"));
    let outcome = case.run(&["t"]);
    assert_eq!(outcome.script.commands().len(), 1);
    assert_eq!(outcome.printed(), ["[ out \n]"]);
    let case = self::case("puts capture(\"x\");");
    case.script.on("*", "x", Answer::new().out("out").exits(1));
    assert_eq!(case.run(&["t"]).error().message, "`x' failed on a");
}

#[test]
fn f1_put_writes_a_text_on_every_server() {
    let case = case(
        "put \"hello\\n\", \"/tmp/it's\", :mode => 0640; put \"x\", \"/tmp/y\", :mode => \"g+w\"; put \"z\", \"/tmp/z\";",
    );
    case.script.on("*", "", Answer::new().reads_all());
    let outcome = case.run(&["t"]);
    let commands = outcome.script.commands();
    assert_eq!(commands.len(), 6);
    assert!(
        commands[..2]
            .iter()
            .all(|record| record.input == b"hello\n" && record.input_ended)
    );
    assert!(commands[0].line.contains("640"), "{}", commands[0].line);
    assert!(commands[2].line.contains("g+w"), "{}", commands[2].line);
    assert!(outcome.result.is_ok(), "{:?}", outcome.result);
}

#[test]
fn f8_a_local_file_that_is_missing_is_told_before_anybody_is_connected() {
    let outcome = case("upload \"/nonexistent/file\", \"/tmp/x\";").run(&["t"]);
    assert!(outcome.error().message.starts_with("cannot upload `/nonexistent/file'"));
    assert_eq!(outcome.error().hints, ["expected a file or a directory to upload"]);
    assert!(outcome.script.connections().is_empty());
}

#[test]
fn t18_once_pty_and_env_of_a_task_hold_for_its_commands() {
    let text = "role :app, \"a\", \"b\"; task :t, :once => true, :pty => true, :env => #{ \"A\": 1 } { run \"x\"; run \"y\", :once => false, :pty => false; }";
    let outcome = recipe(text).run(&["t"]);
    let seen: Vec<_> = outcome
        .script
        .commands()
        .iter()
        .map(|record| {
            (
                record.server.to_string(),
                record.terminal.is_some(),
                record.line.contains("A="),
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("a".to_owned(), true, true),
            ("a".to_owned(), false, true),
            ("b".to_owned(), false, true)
        ]
    );
    let errors = recipe("role :app, \"a\"; task :t, :oonce => true { }").errors();
    assert_eq!(errors[0].message, "`task' has no option `oonce'");
}

#[test]
fn v12_a_lazy_password_that_two_servers_need_at_once_is_asked_for_once() {
    let mut case = recipe(
        "role :app, \"a\", \"b\"; set :asked, []; set(:password) { asked.push(1); password_prompt() } task :t { run \"x\"; puts asked.len(); }",
    );
    for host in ["a", "b"] {
        case.script.wants_password(host, "pw");
    }
    case.answers = vec!["pw"];
    assert_eq!(case.run(&["t"]).printed(), ["1"]);
}
