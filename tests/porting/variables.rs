//! Variables and what they are set to.

use crate::fleet::PASSWORD;
use crate::trial::{Trial, piece};

pub const TITLE: &str = "Variables and strings";

pub fn trials() -> Vec<Trial> {
    let mut trials = plain();
    trials.extend(lazy());
    trials.extend(connections());
    trials
}

fn plain() -> Vec<Trial> {
    vec![
        piece("set :application, \"shop\";")
            .then("puts application;")
            .prints("shop\n"),
        piece("set :deploy_to, `/srv/${application}`;")
            .before("set :application, \"shop\";")
            .then("puts current_path;")
            .prints("/srv/shop/current\n"),
        piece("set :branch, ENV[\"BRANCH\"] ?? \"master\";")
            .then("puts branch;")
            .prints("master\n"),
        piece("set :branch, ENV[\"BRANCH\"] ?? \"master\";")
            .then("puts branch;")
            .env("BRANCH", "fix")
            .prints("fix\n"),
        piece("set_default :x, 1;").then("puts x;").prints("1\n"),
        piece("set_default :x, 1;")
            .before("set :x, 2;")
            .then("puts x;")
            .prints("2\n"),
        piece("set_if_empty :x, 1;").then("puts x;").prints("1\n"),
        piece("set_if_empty :x, 1;")
            .before("set :x, 2;")
            .then("puts x;")
            .prints("2\n"),
        // 3.x: the command line has no -s; here it counts as set.
        piece("set_default :x, 1;")
            .then("puts x;")
            .calls(&["t", "-S", "x=3"])
            .prints("3\n"),
        piece("set :y, fetch(:x, 1);").then("puts y;").prints("1\n"),
        piece("set :y, fetch(:x, 1);")
            .before("set :x, 5;")
            .then("puts y;")
            .prints("5\n"),
        piece("unset :x;")
            .before("set :x, 1;")
            .then("puts exists(:x);")
            .prints("false\n"),
        piece("set :db_host { fetch(db_role + \"_host\") }")
            .before("set :db_role, \"main\"; set :main_host, \"db7\";")
            .then("puts db_host;")
            .prints("db7\n"),
        piece("set :linked_dirs, [\"log\", \"tmp\"];")
            .then("puts join(linked_dirs, \"+\");")
            .prints("log+tmp\n"),
        piece("append :linked_dirs, \"storage\";")
            .before("set :linked_dirs, [\"log\"];")
            .then("puts join(linked_dirs, \"+\");")
            .prints("log+storage\n"),
        // 3.x: a variable that nothing has set is an empty list.
        piece("append :linked_dirs, \"storage\";")
            .then("puts join(linked_dirs, \"+\");")
            .prints("storage\n"),
        piece("remove :linked_dirs, \"log\"; if any(:linked_dirs) { info \"some\"; }")
            .before("set :linked_dirs, [\"log\", \"tmp\"];")
            .then("puts join(linked_dirs, \"+\");")
            .prints("tmp\n")
            .says("some"),
        piece("remove :linked_dirs, \"log\"; if any(:linked_dirs) { info \"some\"; }")
            .before("set :linked_dirs, [\"log\"];")
            .then("puts linked_dirs.len();")
            .prints("0\n")
            .never("some"),
        piece("default_run_options[\"pty\"] = true;")
            .then("run \"test -t 1 && touch /tmp/pty\", :hosts => \"app1\";")
            .on("app1", "ls /tmp/pty", "/tmp/pty"),
        piece("default_run_options[\"umask\"] = \"027\";")
            .then("run \"touch /tmp/masked\", :hosts => \"app1\";")
            .on("app1", "stat -c %a /tmp/masked", "640"),
        piece("set :pty, true;")
            .then("run \"test -t 1 && touch /tmp/pty3\", :hosts => \"app1\";")
            .on("app1", "ls /tmp/pty3", "/tmp/pty3"),
        piece("set :default_env, #{ RAILS_ENV: \"test\" };")
            .then("run \"echo $RAILS_ENV > /tmp/rails_env3\", :hosts => \"app1\";")
            .on("app1", "cat /tmp/rails_env3", "test"),
        piece("default_environment[\"RAILS_ENV\"] = \"test\";")
            .then("run \"echo $RAILS_ENV > /tmp/rails_env\", :hosts => \"app1\";")
            .on("app1", "cat /tmp/rails_env", "test"),
        piece("default_environment[\"PATH\"] = \"/srv/bin:$PATH\";")
            .program("app1", "own", "echo found")
            .given("app1", "rm ~deploy/.bashrc")
            .then("puts capture(\"own; id -un\", :hosts => \"app1\");")
            .prints("found\ndeploy\n"),
        piece("// nothing: capr is one program, and no recipe pins its version")
            .then("")
            .calls(&["-T"])
            .unseen(),
    ]
}

fn lazy() -> Vec<Trial> {
    vec![
        // Evaluated at the first read, as in 1.x and 2.x: what it needs may be set later.
        piece("set :deploy_to { `/srv/${stage_name}` }")
            .with("set :stage_name, \"live\";")
            .then("puts deploy_to;")
            .prints("/srv/live\n"),
        piece("set :tag { ENV[\"TAG\"] }")
            .then("puts tag;")
            .env("TAG", "v7")
            .prints("v7\n"),
        // 2.x: the block is called again at the next read, and only once.
        piece("reset :tag;")
            .before("set :reads, []; set :tag { reads.push(1); reads.len() } fetch(:tag);")
            .then("puts tag; puts tag;")
            .prints("2\n2\n"),
        piece("set :db_password { password_prompt(\"Database password: \") }")
            .then("put db_password, \"/tmp/db_password\", :hosts => \"app1\"; info `it is ${db_password}`;")
            .answer("Database password: ", "opensesame")
            .on("app1", "cat /tmp/db_password", "opensesame")
            .never("opensesame"),
        piece("set :tag { ask(\"Tag\", \"main\") }")
            .then("run [\"touch\", `/tmp/tag-${tag}`], :hosts => \"app1\";")
            .answer("Tag", "v8")
            .on("app1", "ls -d /tmp/tag-*", "/tmp/tag-v8"),
        // 3.x: asked for at the first read; `echo: false` hides what is typed.
        piece("ask :tag, \"main\"; ask :token, (), :echo => false;")
            .then("run [\"touch\", `/tmp/asked-${tag}`], :hosts => \"app1\"; info `not ${token}`;")
            .answer("tag", "v9")
            .answer("token", "opensesame")
            .on("app1", "ls -d /tmp/asked-*", "/tmp/asked-v9")
            .never("opensesame"),
        piece("ask :tag, \"main\"; ask :token, (), :echo => false;")
            .with("task :secret { puts token; }")
            .then("puts tag;")
            .prints("main\n"),
        // 3.x: the default where standard input is no terminal.
        piece("set :tag { ask(\"Tag\", \"main\") }")
            .then("puts tag;")
            .prints("main\n"),
        // 2.x: try_sudo becomes admin_runner where use_sudo holds.
        piece("set :admin_runner, \"app\";")
            .before("set :use_sudo, true; set :password, ENV[\"PW\"];")
            .env("PW", PASSWORD)
            .given(
                "app1",
                "echo app:x:5002:5002::/tmp:/bin/sh >> /etc/passwd; chmod 755 /u /u/apps",
            )
            .then("try_sudo \"sh -c 'id -un > /tmp/admin_runner'\", :hosts => \"app1\";")
            .on("app1", "cat /tmp/admin_runner", "app"),
    ]
}

fn connections() -> Vec<Trial> {
    vec![
        piece("ssh_options[\"forward_agent\"] = true;")
            .agent()
            .then("run \"test -S $SSH_AUTH_SOCK && touch /tmp/agent\", :hosts => \"app1\";")
            .on("app1", "ls /tmp/agent", "/tmp/agent"),
        piece("server \"h\", :app, :ssh_options => #{ port: 2222 };")
            .bare()
            .named("h", "app1")
            .without("Port")
            .then("run \"touch /tmp/port\";")
            .on("app1", "ls /tmp/port", "/tmp/port"),
        piece("set :gateway, \"gate.example.com\";")
            .named("gate.example.com", "web1")
            .then("run \"touch /tmp/behind\", :hosts => \"app1\";")
            .on("app1", "ls /tmp/behind", "/tmp/behind")
            .logged("web1", "Accepted publickey for deploy"),
        piece("role :batch, \"batch1\", :ssh_options => #{ keys: \"~/.ssh/batch\" };")
            .named("batch1", "app2")
            .without("IdentityFile")
            .key("../home/.ssh/batch")
            .then("run \"touch /tmp/batch\", :roles => :batch;")
            .on("app2", "ls /tmp/batch", "/tmp/batch"),
    ]
}
