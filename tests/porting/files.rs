//! Files that go to servers and come from them.

use crate::trial::{Trial, piece};

pub const TITLE: &str = "Files, in a task";

fn two(text: &'static str) -> Trial {
    piece(text).bare().before("role :app, \"app1\", \"app2\";")
}

pub fn trials() -> Vec<Trial> {
    let sent = |trial: Trial| {
        trial
            .file("public/a.html", "<p>\n")
            .file("public/b/c.html", "<b>\n")
            .given("app1", "rm -rf /tmp/p /tmp/a")
            .given("app2", "rm -rf /tmp/p /tmp/a")
    };
    let tree = "cd /tmp/p && find . -type f | sort";
    vec![
        two("put \"text\", \"/tmp/x\", :mode => 0644;")
            .on("app1", "stat -c '%a %U' /tmp/x; cat /tmp/x", "644 deploy\ntext")
            .on("app2", "cat /tmp/x", "text"),
        sent(two("put read_file(\"public/a.html\"), \"/tmp/a\";")).on("app2", "cat /tmp/a", "<p>"),
        sent(two("upload \"public\", \"/tmp/p\";"))
            .on("app1", tree, "./a.html\n./b/c.html")
            .on("app2", tree, "./a.html\n./b/c.html"),
        // 2.x by scp: into the directory that is there. capr: always the directory itself.
        sent(two("upload \"public\", \"/tmp/p\";"))
            .given("app1", "mkdir /tmp/p; touch /tmp/p/kept; chown -R deploy /tmp/p")
            .on("app1", tree, "./a.html\n./b/c.html\n./kept"),
        two("put \"text\", \"/tmp/x\";")
            .given("app1", "rm -f /tmp/x")
            .on("app1", "cat /tmp/x", "text"),
        // All versions: of the first server only.
        two("get \"/tmp/x\", \"x\";")
            .given("app1", "echo one > /tmp/x")
            .given("app2", "echo two > /tmp/x")
            .local("x", "one\n"),
        two("download \"/tmp/x\", \"$CAPISTRANO:HOST$.x\";")
            .given("app1", "echo one > /tmp/x")
            .given("app2", "echo two > /tmp/x")
            .local("app1.x", "one\n")
            .local("app2.x", "two\n"),
        two("delete \"/tmp/x\", :recursive => true;")
            .given("app1", "rm -rf /tmp/x; mkdir -p /tmp/x/y; chown -R deploy /tmp/x")
            // 1.x: `rm -rf`; that there is nothing is no error.
            .given("app2", "rm -rf /tmp/x")
            .on("app1", "ls /tmp | grep -x x || true", ""),
        two("let text = render(:template => \"port {{ port }}\", :port => 80);")
            .then("puts text;")
            .prints("port 80\n"),
        two("let text = render(:template => \"{% for n in names %}{{ n|upper }} {% endfor %}{% if port %}{{ port + 1 }}{% endif %}\", :names => [\"a\"], :port => 80);")
            .then("puts text;")
            .prints("A 81\n"),
        two("let text = dedent(\"\\n  a: 1\\n  b: 2\\n\");")
            .then("puts text;")
            .prints("a: 1\nb: 2\n"),
    ]
}
