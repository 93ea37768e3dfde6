//! docs/libraries.md.

use super::{Page, line};
use crate::harness::Case;
use crate::trial::Place;

#[test]
fn the_page_of_the_libraries_is_true() {
    let mut page = Page::read("docs/libraries.md");
    let (chat, deploy) = (page.block("// lib/capr/chat.rhai\n"), page.block("// deploy.rhai\n"));
    let project = |call: &str| {
        Case::new()
            .file("lib/capr/chat.rhai", &chat)
            .file("deploy.rhai", &deploy)
            .shell(call)
    };
    let finished = project("capr ship").run().ok();
    assert_eq!(
        finished.stdout,
        "#shop begun by tester\nshipping\n#shop done by tester\n"
    );
    project("capr -T")
        .run()
        .ok()
        .says("chat:begin")
        .says("Say that a deploy has begun.");
    // What tells the channel can be another command.
    let louder = project("capr ship -s 'chat_command=echo loudly'").run().ok();
    assert_eq!(
        louder.stdout,
        "loudly begun by tester\nshipping\nloudly done by tester\n"
    );
    page.take("capr check lib/capr/chat.rhai");
    project("capr check lib/capr/chat.rhai")
        .run()
        .ok()
        .says("nothing wrong found");
    let chat = |trial: crate::trial::Trial| trial.bare().file("lib/capr/chat.rhai", &chat).env("USER", "me");
    page.recipe("require \"chat\"", Place::Top, None, |trial| {
        chat(trial).calls(&["chat:begin"]).prints("#deploys begun by me\n")
    });
    page.take("import \"chat\" as chat");
    page.recipe("import \"chat\" as chat;", Place::Top, None, |trial| {
        chat(trial)
            .then("puts chat::message(\"begun\");")
            .prints("begun by me\n")
    });
    page.take("chat::message(\"begun\")");
    page.take("set_default :name, value");
    page.instance("set_default :name, \"value\";", Place::Top, None, |trial| {
        trial
            .bare()
            .with("set :name, \"of the recipe\";")
            .then("puts name;")
            .prints("of the recipe\n")
    });
    page.take("capr vars");
    let meant = "/// The channel that is told.\nset_default :channel, \"#deploys\";\n";
    Case::new()
        .file("lib/capr/meant.rhai", meant)
        .file("r.rhai", "require \"meant\";\n")
        .shell("capr vars r.rhai channel")
        .run()
        .ok()
        .says("The channel that is told");
    let shelf = page.block("// lib/capr/shelf.rhai\n");
    page.recipe("require \"shelf\"; set :scm, :shelf;", Place::Top, None, |trial| {
        // What reads it is in tests/deploy/pending.rs.
        trial
            .bare()
            .file("lib/capr/shelf.rhai", &shelf)
            .then("puts fetch(scm + \"_head\");")
            .prints("newest\n")
    });
    page.take("set :scm, :tasks;");
    let own = page.block("set :dialect, 3;\nset :scm");
    page.instance(&own, Place::Top, None, |trial| {
        // What it does to servers is in tests/deploy/pending.rs.
        trial.bare().then("puts scm;").prints("tasks\n")
    });
    prefixes_and_libraries(&mut page);
    page.recipe("require \"notify\";", Place::Top, None, |trial| {
        trial
            .bare()
            .before("set :application, \"shop\"; set :notify_file, \"told\"; set :notify_tasks, [\"t\"];")
            .then("puts \"on\";")
            .calls(&["t", "notify:try"])
            .prints("on\n")
            .says("told")
    });
    page.recipe("#{ channel: \"#shop\" }", Place::Task, None, |trial| {
        trial
            .bare()
            .before("set :application, \"shop\"; set :notify_command, \"cat >> told\"; require \"notify\"; set :notify_fields, #{ channel: \"#shop\" };")
            .with("task :u { invoke \"notify:try\"; puts read_file(\"told\"); }")
            .calls(&["u"])
            .says("\"channel\":\"#shop\"")
    });
    for call in ["capr lib", "capr lib add"] {
        page.not_run(call, "the subject of docs/sharing.md");
    }
    page.not_run("capr npm:rebuild", "tests/stdlib/npm_test.rhai runs it alone");
    page.take("capr check");
    let gem = "set :application, \"shop\"; set :repository, \"/srv/shop.git\"; role :app, \"app1\"; require \"capistrano/bundler\"; \
               set :bundle_servers, \"app1\";";
    line("capr check gem.rhai")
        .file("gem.rhai", gem)
        .run()
        .ok()
        .says("write: set :bundle_roles");
    page.done();
    line("capr check").run().ok();
}

/// Tries the page's statements about programs that run by way of another, and about the libraries that come with capr.
fn prefixes_and_libraries(page: &mut Page) {
    let nice = page.block("// lib/capr/nice.rhai\n");
    let commands = [
        ("run \"rake db:migrate\"", "bundle exec rake db:migrate"),
        ("run \"rake x\"", "bundle exec rake x"),
        ("run [\"rake\", x]", "bundle exec rake 'a b'"),
        ("sudo \"rake x\"", "bundle exec rake x"),
        ("run \"cd /srv && rake x\"", "\"cd /srv && rake x\""),
        ("run \"RAILS_ENV=test rake x\"", "\"RAILS_ENV=test rake x\""),
    ];
    let said: String = commands.iter().map(|(command, _)| format!("{command};\n")).collect();
    let mut recipe = String::from(
        "role :app, \"localhost\"; set :application, \"shop\"; set :dialect, 3;\n\
         set :rbenv_map_bins, [\"ruby\"]; set :rbenv_prefix, \"rbenv exec\"; require \"nice\"; require \"puma\";\n",
    );
    for piece in [
        "require \"bundler\";",
        "require \"capistrano/rails\";",
        "set :command_prefixes, [\"rbenv\"] + command_prefixes;",
        "append :restart_tasks, \"puma:smart_restart\";",
        "require \"slack\"; set :slack_webhook, ENV[\"SLACK_WEBHOOK\"];",
    ] {
        page.take(piece);
        recipe += &format!("{piece}\n");
    }
    recipe += &format!("task :t {{ let x = \"a b\";\n{said}run \"pg_dump shop\"; run \"ruby -v\"; }}");
    let called = |call: &str| {
        Case::new()
            .file("lib/capr/nice.rhai", &nice)
            .file("deploy.rhai", &recipe)
            .shell(call)
            .run()
            .ok()
    };
    page.take("capr deploy -n");
    let mut dry = called("capr t -n")
        .says("nice -n 10 pg_dump shop")
        .says("rbenv exec ruby -v");
    for (command, shown) in commands {
        page.take(command);
        dry = dry.says(shown);
    }
    page.take("capr -e TASK");
    let explained = called("capr -e t").stdout;
    assert!(explained.contains("rake       bundle exec rake"), "{explained}");
    page.take("capr vars 'nice*' --values");
    let variables = called("capr vars 'nice*' --values").stdout;
    assert!(variables.contains("nice -n 10"), "{variables}");
}
