//! Commands, on servers and here.

use crate::fleet::PASSWORD;
use crate::trial::{Trial, piece};

pub const TITLE: &str = "Commands, in a task";

const APP: &str = "role :app, \"app1\"; ";
const TWO: &str = "role :app, \"app1\", \"app2\"; ";

pub fn trials() -> Vec<Trial> {
    let mut trials = plain();
    trials.extend(sudo());
    trials.extend(output_and_input());
    trials.extend(failures());
    trials.extend(local());
    trials.extend(tasks());
    trials
}

/// On app1 alone.
fn one(text: &'static str) -> Trial {
    piece(text).bare().before(APP)
}

/// On app1 and app2.
fn two(text: &'static str) -> Trial {
    piece(text).bare().before(TWO)
}

fn plain() -> Vec<Trial> {
    let release = format!("{APP} set :deploy_to, \"/u/apps/in\"; set :release_name, \"r1\";");
    vec![
        piece("run \"uptime\";")
            .says("[out :: app1]")
            .says("[out :: app2]")
            .says("[out :: web1]")
            .says("[out :: db1]"),
        // SSHKit: with words the program gets them as they are.
        one("run [\"ls\", \"-l\", application];")
            .before(&format!("{APP} set :application, \"it's $HOME\";"))
            .given("app1", "touch \"/home/deploy/it's \\$HOME\"")
            .says("it's $HOME"),
        // A line is a line of a script; before 3.x it was glued to the next one by a backslash.
        one("run `cd /srv && ls`;")
            .given("app1", "touch /srv/here")
            .says("[out :: app1] here\n"),
        one("within release_path { execute :rake, \"x\"; }")
            .before(&release)
            .given("app1", "mkdir -p /u/apps/in/releases/r1")
            .program("app1", "rake", "echo \"$* in $(pwd)\" > /tmp/block")
            .on("app1", "cat /tmp/block", "x in /u/apps/in/releases/r1"),
        one("with :rails_env => \"production\" { execute :rake, \"x\"; }")
            .program("app1", "rake", "echo \"$* for $RAILS_ENV\" > /tmp/withs")
            .on("app1", "cat /tmp/withs", "x for production"),
        one("run \"rake x\", :dir => release_path;")
            .before(&release)
            .given("app1", "mkdir -p /u/apps/in/releases/r1")
            .program("app1", "rake", "echo \"$* in $(pwd)\" > /tmp/within")
            .on("app1", "cat /tmp/within", "x in /u/apps/in/releases/r1"),
        // SSHKit writes the names of `with` in capitals.
        one("run \"rake x\", :env => #{ RAILS_ENV: \"production\" };")
            .program("app1", "rake", "echo \"$* for $RAILS_ENV\" > /tmp/with")
            .on("app1", "cat /tmp/with", "x for production"),
        two("run \"x\", :once => true;")
            .program("app1", "x", "touch /tmp/once")
            .on("app1", "ls /tmp/once", "/tmp/once")
            .never("app2"),
    ]
}

fn sudo() -> Vec<Trial> {
    let password = format!("{APP} set :password, ENV[\"PW\"];");
    vec![
        one("as :app { execute :id; }")
            .before(&password)
            .env("PW", PASSWORD)
            .given(
                "app1",
                "grep -q ^app: /etc/passwd || echo app:x:5002:5002::/tmp:/bin/sh >> /etc/passwd",
            )
            .says("uid=5002(app)")
            .never(PASSWORD),
        one("sudo \"id\", :as => \"app\";")
            .before(&password)
            .env("PW", PASSWORD)
            .given(
                "app1",
                "grep -q ^app: /etc/passwd || echo app:x:5002:5002::/tmp:/bin/sh >> /etc/passwd",
            )
            .says("[out :: app1] uid=5002(app)")
            .never(PASSWORD),
        one("run `${sudo()} id && ls`; run `${try_sudo()} id`;")
            .before(&password)
            .env("PW", PASSWORD)
            .given("app1", "touch ~deploy/listed")
            .says("uid=0(root)")
            .says("listed")
            // capr: use_sudo is false.
            .says("uid=5000(deploy)"),
    ]
}

fn output_and_input() -> Vec<Trial> {
    vec![
        // 1.x, 2.x: as it came, of the first server.
        two("let text = capture(\"uname\");")
            .then("puts text;")
            .prints("Linux\n")
            .never("app2"),
        // SSHKit strips by default.
        two("let text = strip(capture(\"uname\"));")
            .then("puts text;")
            .prints("Linux\n"),
        two("on roles(:app), |host| { if test(\"[ -f /etc/x ]\") { execute :cat, \"/etc/x\"; } else { puts host.hostname; } }")
            .given("app1", "echo only on one > /etc/x")
            .given("app2", "rm -f /etc/x")
            .says("[out :: app1] only on one\n")
            .prints("app2\n"),
        one("on roles(:app), |host| { if test(\"[ -f /etc/x ]\") { return; } puts host.properties.colour; }")
            .before("role :app, \"app1\", \"app2\", :colour => \"blue\"; ")
            .given("app1", "echo there > /etc/x")
            .given("app2", "rm -f /etc/x")
            .prints("blue\n"),
        two("on roles(:app), :in => :sequence, :wait => 0, |host| { run `touch /tmp/${host.hostname}`; }")
            .on("app2", "ls /tmp/app2", "/tmp/app2"),
        one("if test(\"[ -f /etc/x ]\") { run \"cat /etc/x\"; }")
            .given("app1", "echo there > /etc/x")
            .says("[out :: app1] there\n"),
        one("if test(\"[ -f /etc/x ]\") { run \"cat /etc/x\"; }")
            .given("app1", "rm /etc/x")
            .never("cat /etc/x"),
        two("run \"[ ! -f /etc/x ] || cat /etc/x\";")
            .given("app1", "rm -f /etc/x")
            .given("app2", "echo only here > /etc/x")
            .says("[out :: app2] only here\n")
            .never("[out :: app1]"),
        one("stream \"tail -n 1 log\";")
            .given("app1", "printf 'a\\nb\\n' > ~deploy/log")
            .prints("[app1] b\n"),
        one("run \"x\", |channel, stream, data| { puts data; }")
            .program("app1", "x", "echo to the block")
            .prints("to the block\n")
            .never("[out ::"),
        one("run \"x\", |ch, stream, data| { if matches(data, \"assword\") { ch.send_data(\"pw\\n\"); } }")
            .program(
                "app1",
                "x",
                "printf 'Password: '; read -r answer; echo \"$answer\" > /tmp/answer",
            )
            .on("app1", "cat /tmp/answer", "pw"),
        one("run \"y\", |ch, stream, data| { puts \"enough\"; ch.close(); }")
            .program("app1", "y", "while echo y; do sleep 0.1; done")
            .prints("enough\n"),
        one("run \"psql app\", :stdin => \"public/a.html\";")
            .file("public/a.html", "<p>\n")
            .program("app1", "psql", "cat > /tmp/$1.sql")
            .on("app1", "cat /tmp/app.sql", "<p>"),
        one("run \"gunzip | psql app\", :stdin => \"public/a.html\";")
            .first("run_locally(\"mkdir public; echo packed | gzip > public/a.html\");")
            .program("app1", "psql", "cat > /tmp/$1.sql")
            .on("app1", "cat /tmp/app.sql", "packed"),
        piece("parallel |s| { s.when(\"in?(:app)\", \"x\"); s.else(\"y\"); }")
            .bare()
            .before("role :app, \"app1\"; role :web, \"web1\";")
            .program("app1", "x", "touch /tmp/parallel-x")
            .program("web1", "y", "touch /tmp/parallel-y")
            .on("app1", "ls /tmp/parallel-*", "/tmp/parallel-x")
            .on("web1", "ls /tmp/parallel-*", "/tmp/parallel-y"),
    ]
}

fn failures() -> Vec<Trial> {
    vec![
        one("try { run \"x\"; } catch { }")
            .program("app1", "x", "exit 3")
            .then("puts \"on\";")
            .prints("on\n"),
        one("try { run \"x\"; } catch (e) { puts e.message; }")
            .program("app1", "x", "exit 3")
            .prints("`x' failed on app1\n"),
        one("try { throw \"no\"; } catch (e) { puts if type_of(e) == \"string\" { e } else { e.message }; }")
            .prints("no\n"),
        two("transaction { on_rollback { run \"rm x\"; } run \"touch x\"; }")
            .on("app1", "ls ~deploy/x", "/home/deploy/x")
            .on("app2", "ls ~deploy/x", "/home/deploy/x"),
        // One server fails: it is undone on both.
        two("transaction { on_rollback { run \"rm x\"; } run \"touch x\"; }")
            .given("app1", "rm ~deploy/x")
            .given("app2", "ln -sf /nowhere/x ~deploy/x")
            .code(1)
            .says("rolled back")
            .on("app1", "ls ~deploy | grep -x x || true", "")
            .on("app2", "ls ~deploy | grep -x x || true", ""),
        one("throw \"no\";")
            .then("puts \"not here\";")
            .warns("")
            .code(1)
            .says("error: no")
            .never("not here"),
        one("abort \"no\";")
            .then("puts \"not here\";")
            .warns("")
            .code(1)
            .says("no")
            .never("not here"),
        one("exit(1);")
            .then("puts \"not here\";")
            .warns("")
            .code(1)
            .never("not here"),
    ]
}

fn local() -> Vec<Trial> {
    let repository =
        "run_locally(\"git init -q . && git -c user.name=a -c user.email=a@b commit -q --allow-empty -m a\");";
    vec![
        one("let head = chomp(run_locally(\"git rev-parse HEAD\"));")
            .first(repository)
            .then("puts matches(head, `^[0-9a-f]{40}$`);")
            .prints("true\n"),
        // What is not found is status 1.
        one("let found = run_locally(\"grep x y\", :result => true).stdout;")
            .file("y", "a\n")
            .then("puts found == \"\";")
            .prints("true\n"),
        one("if !system(\"true\") { abort \"no rsync\"; }")
            .then("puts \"on\";")
            .prints("on\n"),
        one("let r = run_locally(\"false\", :result => true); if !r.ok { warn \"it failed\"; }")
            .says("*** it failed\n"),
        one("system(\"make\", :dir => \"public\");")
            .file("public/a.html", "")
            .here("make", "ls > made")
            .local("public/made", "a.html\nmade\n"),
        two("for s in find_servers(:roles => :app) { run_locally(`echo ${s.name}`); }")
            .says("echo app1")
            .says("echo app2"),
        two("for s in roles(:app) { puts s.host; } let db = primary(:db); let all = release_roles(:all);")
            .before(&format!(
                "{TWO} role :db, \"db1\"; role :db, \"db2\", :primary => true; role :lb, \"web1\", :no_release => true;"
            ))
            .then("puts db.host; puts join(all.map(|s| s.host), \" \");")
            .prints("app1\napp2\ndb2\napp1 app2 db1 db2\n"),
        one("info \"x\"; debug \"y\"; warn \"z\";")
            .says(" ** x\n")
            .says("*** z\n")
            .prints(""),
        one("puts \"x\";").prints("x\n"),
        one("sleep(1);")
            .first("let begun = unix_time();")
            .then("puts unix_time() > begun;")
            .prints("true\n"),
    ]
}

fn tasks() -> Vec<Trial> {
    let shop = "role :app, \"app1\"; set :application, \"shop\"; set :scm, \"none\"; set :repository, \"/srv/code\"; \
                set :release_name, \"20260101000000\";";
    vec![
        piece("deploy.web.disable; invoke \"deploy:web:disable\";")
            .before("set :deploy_to, \"/u/apps/away\";")
            .given(
                "web1",
                "mkdir -p /u/apps/away/shared/system; chown -R deploy /u/apps/away",
            )
            .env("REASON", "tea")
            .on(
                "web1",
                "grep -o 'down for tea' /u/apps/away/shared/system/maintenance.html | head -1",
                "down for tea",
            )
            .never("app1"),
        one("invoke \"deploy:restart\";")
            .with("namespace :deploy { task :restart { puts \"restarted\"; } }")
            .prints("restarted\n"),
        one("update_code;")
            .before(shop)
            .given("app1", "mkdir -p /srv/code; touch /srv/code/README")
            .first("setup;")
            .on(
                "app1",
                "cd /u/apps/shop; ls -d releases/*/README current",
                "releases/20260101000000/README",
            ),
    ]
}
