//! Files to and from real servers, and what commands are given and give in large amounts (cases F, C, U).

mod commands;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;

use crate::deadline::LimitedCommand;
use crate::fleet::{Fleet, PASSWORD};
use crate::harness::{Case, Finished};

/// A recipe of one task `t` with this body, for all servers of the fleet.
fn on(fleet: &Fleet, body: &str) -> Case {
    let servers: Vec<_> = fleet.names().map(|name| format!("\"{name}\"")).collect();
    let recipe = format!("role :app, {};\ntask :t {{\n{body}\n}}\n", servers.join(", "));
    Case::new().recipe(&recipe).args(["t"]).on(fleet)
}

/// The last statement of a task: says what memory capr has used at most so far.
const PEAK: &str = r#"puts run_locally("grep VmHWM /proc/$PPID/status", :shell => false);"#;

/// Returns the growth in MiB between the two places that report the memory.
fn grown(finished: &Finished) -> u64 {
    let peaks: Vec<u64> = finished
        .stdout
        .lines()
        .filter(|line| line.contains("VmHWM"))
        .map(|line| line.split_whitespace().nth(1).unwrap().parse().unwrap())
        .collect();
    // The kernel counts in steps.
    peaks[1].saturating_sub(peaks[0]) / 1024
}

#[test]
fn f6_a_pipe_or_a_device_on_a_server_is_refused_and_not_waited_for() {
    let fleet = Fleet::start(&["app1"]);
    fleet.sh("app1", "mkfifo /tmp/pipe; ln -s pipe /tmp/link");
    for path in ["/tmp/pipe", "/tmp/link", "/dev/zero"] {
        let finished = on(&fleet, &format!("get \"{path}\", \"here\";")).run().code(1);
        let said = format!("{path}: is neither a file nor a directory");
        assert!(finished.stderr.contains(&said), "{}", finished.stderr);
        assert!(!finished.stderr.contains("timed out"), "{}", finished.stderr);
    }
}

#[test]
fn f2_the_mode_is_an_octal_number_or_a_text_and_without_one_nothing_is_changed() {
    let fleet = Fleet::start(&["app1"]);
    on(
        &fleet,
        r#"put "x", "/tmp/number", :mode => 0644; put "x", "/tmp/number2", :mode => 0o4750;
           put "x", "/tmp/text", :mode => 0600; upload "local", "/tmp/text", :mode => "g+w", :via => :scp;
           put "y", "/tmp/text"; put "x", "/tmp/none";"#,
    )
    .file("local", "y")
    .run()
    .ok()
    .says("put /tmp/number (mode 0644)")
    .says("upload local -> /tmp/text (mode g+w)")
    .says("put /tmp/none\n");
    let modes = fleet.sh("app1", "cd /tmp; stat -c %a number number2 text none");
    assert_eq!(
        modes.split_whitespace().collect::<Vec<_>>(),
        ["644", "4750", "620", "644"]
    );
}

#[test]
fn f2_in_the_words_of_capistrano_3_what_is_sent_goes_into_a_directory_as_with_scp() {
    let fleet = Fleet::start(&["app1"]);
    let body = r#"run "cd /tmp; mkdir -p to ./-to; touch old; chmod 644 old"; upload "local", "/tmp/to"; upload "tree", "/tmp/to"; upload "tree", "/tmp/to/"; upload "tree/.", "/tmp/-to";
                  upload "tree", "/tmp/new"; put "x", "/tmp/string"; put "x", "/tmp/old";"#;
    let case = |head: &str| {
        Case::new()
            .recipe(&format!("{head}role :app, \"app1\";\ntask :t {{\n{body}\n}}\n"))
            .args(["t"])
            .on(&fleet)
            .file("local", "y")
            .file("tree/leaf", "z")
    };
    case("set :dialect, 3;\n").run().ok();
    let found = fleet.sh(
        "app1",
        "cd /tmp; find to ./-to new -type f | sort; stat -c %a string old",
    );
    assert_eq!(
        found.split_whitespace().collect::<Vec<_>>(),
        ["./-to/leaf", "new/leaf", "to/local", "to/tree/leaf", "640", "644"]
    );
    // Elsewhere the path is the target itself.
    let finished = case("").run().code(1);
    assert!(
        finished.stderr.contains("/tmp/to: is a directory"),
        "{}",
        finished.stderr
    );
}

#[test]
fn f2_a_file_that_exists_keeps_its_owner_and_group_where_the_login_may_give_files_away() {
    let fleet = Fleet::start(&["app1", "app2"]);
    admit_root(&fleet, "app1");
    for host in ["app1", "app2"] {
        fleet.sh(
            host,
            "cd /u/apps; for n in put upload mode; do echo old > $n; chown bob:bob $n; chmod 4640 $n; done; ln -s /u/apps/put link; \
             echo old > shared; chown bob:deploy shared; chmod 664 shared",
        );
    }
    let recipe = r#"role :app, "root@app1", "app2"; role :root, "root@app1";
        task :t {
          put "new", "/u/apps/link"; upload "new", "/u/apps/upload"; put "new", "/u/apps/mode", :mode => 0600;
          put "new", "/u/apps/shared"; put "new", "/etc/new", :roles => :root;
        }"#;
    Case::new()
        .recipe(recipe)
        .file("new", "new")
        .args(["t"])
        .on(&fleet)
        .run()
        .ok();
    let look = "cd /u/apps; cat put upload mode shared; echo; stat -c '%n %U:%G %a' put upload mode shared; readlink link; ls -A";
    let names = "link\nmode\nput\nshared\nupload";
    assert_eq!(
        fleet.sh("app1", look),
        format!(
            "newnewnewnew\nput bob:bob 4640\nupload bob:bob 4640\nmode bob:bob 600\nshared bob:deploy 664\n/u/apps/put\n{names}"
        )
    );
    assert_eq!(fleet.sh("app1", "stat -c %U:%G /etc/new"), "root:root");
    // A login that may not give files away owns what it writes; the group is kept where it is one of its own.
    assert_eq!(
        fleet.sh("app2", look),
        format!(
            "newnewnewnew\nput deploy:deploy 4640\nupload deploy:deploy 4640\nmode deploy:deploy 600\nshared deploy:deploy 664\n/u/apps/put\n{names}"
        )
    );
}

/// Lets root log in.
pub(crate) fn admit_root(fleet: &Fleet, host: &str) {
    fleet.configure(host, "PermitRootLogin yes");
    fleet.sh(
        host,
        "mkdir -p /root/.ssh && cp /home/deploy/.ssh/authorized_keys /root/.ssh/ && chown -R root /root",
    );
}

#[test]
fn f2_what_is_sent_has_the_mode_of_its_source_within_the_umask_also_for_root() {
    let fleet = Fleet::start(&["app1"]);
    admit_root(&fleet, "app1");
    for (user, place) in [("deploy", "/tmp/deploy"), ("root", "/tmp/root")] {
        fleet.sh(
            "app1",
            &format!("mkdir {place}; echo old > {place}/old; chmod 644 {place}/old; chown -R {user} {place}"),
        );
        let case = Case::new()
            .recipe(&format!(
                r#"role :app, "{user}@app1";
                   task :t {{ upload "key", "{place}/key"; upload "key", "{place}/old"; upload "key", "{place}/said", :mode => 0644;
                              upload "tree", "{place}/tree"; upload "tree", "{place}/tree"; }}"#
            ))
            .args(["t"])
            .on(&fleet)
            .file("key", "secret")
            .file("tree/key", "secret")
            .file("tree/wide", "wide")
            .file("tree/program", "program")
            .file("tree/closed/file", "x");
        for (name, mode) in [
            ("key", 0o600),
            ("tree/key", 0o600),
            ("tree/wide", 0o666),
            ("tree/program", 0o4777),
            ("tree/closed", 0o700),
            ("tree", 0o777),
        ] {
            fs::set_permissions(case.path(name), fs::Permissions::from_mode(mode)).unwrap();
        }
        case.run().ok();
        let modes = fleet.sh("app1", &format!("cd {place} && stat -c '%a %n' key old said tree tree/key tree/wide tree/program tree/closed; ls -A . tree"));
        let expected = "600 key\n600 old\n644 said\n755 tree\n600 tree/key\n644 tree/wide\n755 tree/program\n700 tree/closed\n\
                        .:\nkey\nold\nsaid\ntree\n\ntree:\nclosed\nkey\nprogram\nwide";
        assert_eq!(modes, expected, "{user}");
    }
}

#[test]
fn what_another_user_made_where_all_may_write_is_neither_followed_nor_kept() {
    let fleet = Fleet::start(&["app1"]);
    admit_root(&fleet, "app1");
    fleet.sh(
        "app1",
        "stat -c %a /tmp | grep -q 1777 || exit 1
         echo mine > /home/deploy/mine; chown deploy /home/deploy/mine; echo root > /etc/precious; mkdir /srv/there
         cd /tmp; echo old > file; chmod 666 file; ln -s /home/deploy/mine link; ln -s /etc/precious rootlink; mkfifo fifo; chmod 666 fifo
         mkdir dir tree; ln -s /etc/precious dir/link; ln -s /srv/there into
         chown -Rh bob:bob file link rootlink fifo dir tree into
         ln -s /etc/precious own; ln -s /tmp/target target-link; chown -h deploy own target-link",
    );
    let task = |name: &str, places: &[&str]| {
        let puts: String = places
            .iter()
            .map(|place| format!("try {{ put \"secret\", \"{place}\"; puts \"{place}: done\"; }} catch {{ puts \"{place}: refused\"; }}\n"))
            .collect();
        format!(
            "task :{name} {{ {puts} try {{ upload \"tree\", \"/tmp/tree\"; puts \"tree: done\"; }} catch {{ puts \"tree: refused\"; }} \
                 try {{ upload \"tree\", \"/tmp/into\"; puts \"into: done\"; }} catch {{ puts \"into: refused\"; }} \
                 try {{ upload \"tree\", \"/tmp/into/new\"; puts \"into/new: done\"; }} catch {{ puts \"into/new: refused\"; }} }}\n"
        )
    };
    let places = [
        "/tmp/link",
        "/tmp/rootlink",
        "/tmp/fifo",
        "/tmp/dir/link",
        "/tmp/into/x",
        "/tmp/file",
        "/tmp/new",
        "/tmp/dir/new",
    ];
    let run = |user: &str, places: &[&str]| {
        Case::new()
            .recipe(&format!("role :app, \"{user}@app1\";\n{}", task("t", places)))
            .file("tree/file", "x")
            .args(["t"])
            .on(&fleet)
            .run()
            .ok()
    };
    let finished = run("deploy", &[&places[..6], &["/tmp/target-link"]].concat());
    assert_eq!(
        finished.stdout,
        "/tmp/link: refused\n/tmp/rootlink: refused\n/tmp/fifo: refused\n/tmp/dir/link: refused\n/tmp/into/x: refused\n\
         /tmp/file: refused\n/tmp/target-link: done\ntree: refused\ninto: refused\ninto/new: refused\n"
    );
    finished.says("leads through the link /tmp/link, which belongs to another user");
    assert_eq!(fleet.sh("app1", "cat /tmp/file; cat /tmp/target"), "old\nsecret");
    let finished = run("root", &places);
    assert_eq!(
        finished.stdout,
        "/tmp/link: refused\n/tmp/rootlink: refused\n/tmp/fifo: refused\n/tmp/dir/link: refused\n/tmp/into/x: refused\n\
         /tmp/file: done\n/tmp/new: done\n/tmp/dir/new: done\ntree: refused\ninto: refused\ninto/new: refused\n"
    );
    assert_eq!(
        fleet.sh("app1", "cat /home/deploy/mine /etc/precious; ls -A /srv/there; cd /tmp; stat -c '%n %U:%G %a' file new dir/new; cat file; echo; echo $(ls -A)"),
        "mine\nroot\nfile root:root 644\nnew root:root 644\ndir/new root:root 644\nsecret\ndir fifo file into link new own rootlink target target-link tree"
    );
}

#[test]
fn f4_a_directory_of_another_user_is_merged_into_only_where_not_all_may_write() {
    let fleet = Fleet::start(&["app1"]);
    // A login with all programs, with those of the smallest system, and without perl.
    fleet.sh(
        "app1",
        "for few in few least; do mkdir -p /srv/$few; for tool in cat chmod find head id ls mkdir mktemp mv readlink rm rmdir sh tar touch; do
           ln -s \"$(command -v $tool)\" /srv/$few/$tool; done; done; rm /srv/least/find",
    );
    for path in ["", "/srv/few", "/srv/least"] {
        fleet.sh(
            "app1",
            "cd /u/apps; rm -rf *; mkdir -p all/sub all/mine own/sub/inner; chmod 1777 all; chmod 777 all/sub own/sub own/sub/inner
             chown bob all/sub own/sub own/sub/inner; chown deploy all/mine own",
        );
        let task = r#"
            try { upload "tree", "/u/apps/all"; } catch { puts "all: refused"; }
            upload "flat", "/u/apps/own";
            try { upload "tree", "/u/apps/own"; } catch { puts "own: refused"; }"#;
        let environment = match path {
            "" => String::new(),
            path => format!("default_environment[\"PATH\"] = \"{path}\";\n"),
        };
        let finished = Case::new()
            .recipe(&format!("{environment}role :app, \"app1\";\ntask :t {{{task}\n}}\n"))
            .file("flat/sub/file", "x")
            .file("tree/mine/file", "x")
            .file("tree/sub/inner/file", "x")
            .args(["t"])
            .on(&fleet)
            .run()
            .ok();
        assert_eq!(
            finished.stdout, "all: refused\nown: refused\n",
            "{path}: {}",
            finished.stderr
        );
        for refused in [
            "/u/apps/all: sub belongs to another user, in a directory that all may write to",
            "/u/apps/own: sub/inner belongs to another user, in a directory that all may write to",
        ] {
            assert!(finished.stderr.contains(refused), "{path}: {}", finished.stderr);
        }
        assert_eq!(
            fleet.sh("app1", "cd /u/apps; echo $(find all/sub own ! -type d); ls -A"),
            "own/sub/file\nall\nown",
            "{path}"
        );
    }
}

#[test]
fn f2_what_is_fetched_has_the_mode_of_the_server_within_the_umask_and_links_out_stay_there() {
    let fleet = Fleet::start(&["app1"]);
    fleet.sh(
        "app1",
        "mkdir /tmp/t; cd /tmp/t; echo s > key; chmod 600 key; echo w > wide; chmod 6777 wide; mkdir closed; chmod 700 closed; \
         ln -s /etc/passwd out; ln -s key in; ln -s ../x up; cd ..; chmod 777 t; chown -Rh deploy t",
    );
    let case = on(
        &fleet,
        r#"get "/tmp/t/key", "key"; get "/tmp/t/key", "old"; get "/tmp/t", "t"; get "/tmp/t/key", "t/out";
           try { get "/tmp/t", "refused", :recursive => false; } catch { puts "refused"; }"#,
    )
    .file("old", "old");
    fs::set_permissions(case.path("old"), fs::Permissions::from_mode(0o644)).unwrap();
    let finished = case.run().ok();
    assert_eq!(finished.stdout, "refused\n");
    let mode = |name: &str| fs::metadata(finished.path(name)).unwrap().permissions().mode() & 0o7777;
    for name in ["key", "old", "t/key", "t/out"] {
        assert_eq!(mode(name), 0o600, "{name}");
    }
    assert_eq!(
        (mode("t/wide") & 0o7022, mode("t") & 0o7022, mode("t/closed")),
        (0, 0, 0o700)
    );
    assert!(finished.path("t/in").is_symlink() && !finished.path("t/up").is_symlink());
    finished
        .says("left out: ./out is a link that leads out of the directory, to /etc/passwd")
        .says("left out: ./up is a link that leads out of the directory, to ../x");
}

#[test]
fn f3_a_large_file_goes_to_ten_servers_whole_and_is_never_held_in_memory() {
    let fleet = Fleet::numbered(10);
    let case = on(
        &fleet,
        // A server that stalls is named, and nothing hangs.
        &format!(
            "default_run_options[\"timeout\"] = 45; {PEAK} upload \"large\", \"/tmp/large\", :mode => 0644; {PEAK}"
        ),
    );
    let bytes: Vec<u8> = (0..48 << 20_u32)
        .map(|n: u32| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    fs::write(case.path("large"), &bytes).unwrap();
    let sum = Command::new("cksum").arg(case.path("large")).limited_output();
    let sum = String::from_utf8(sum.stdout).unwrap();
    let finished = case.run().ok();
    let grown = grown(&finished);
    assert!(grown < 24, "{grown} MiB more for a file of 48 MiB");
    for name in fleet.names() {
        let there = fleet.sh(name, "cksum < /tmp/large");
        assert_eq!(there.split_whitespace().next(), sum.split_whitespace().next(), "{name}");
    }
}

#[test]
fn f3_what_comes_out_of_a_pipe_goes_to_every_server() {
    let fleet = Fleet::start(&["app1", "app2"]);
    let text = "from a pipe\n".repeat(20_000);
    on(&fleet, r#"upload "/dev/stdin", "/tmp/piped";"#)
        .input(&text)
        .run()
        .ok();
    for host in ["app1", "app2"] {
        assert!(fleet.read(host, "/tmp/piped") == text.trim_end());
    }
}

#[test]
fn f4_a_directory_arrives_with_links_modes_empty_directories_and_strange_names() {
    let fleet = Fleet::start(&["app1", "app2"]);
    let case = on(
        &fleet,
        r#"upload "tree", "/u/apps/new/tree"; upload "tree", "/u/apps/old";
           download "/u/apps/new/tree", "back/$CAPISTRANO:HOST$";"#,
    )
    .file("tree/sub/file", "content")
    .file("tree/two\nlines", "2");
    fs::create_dir(case.path("tree/empty")).unwrap();
    symlink("sub/file", case.path("tree/link")).unwrap();
    fs::set_permissions(case.path("tree/sub/file"), fs::Permissions::from_mode(0o750)).unwrap();
    for host in ["app1", "app2"] {
        fleet.sh(
            host,
            "mkdir -p /u/apps/old/sub; echo old > /u/apps/old/sub/file; echo kept > /u/apps/old/sub/kept; \
             chown -R deploy /u/apps/old",
        );
    }
    let finished = case.run().ok();
    for host in ["app1", "app2"] {
        assert_eq!(
            fleet.sh(host, "cd /u/apps/new/tree; find . | sort | tr '\\n' ,"),
            ".,./empty,./link,./sub,./sub/file,./two,lines,"
        );
        assert_eq!(
            fleet.sh(host, "cd /u/apps/new/tree; readlink link; stat -c %a sub/file"),
            "sub/file\n750"
        );
        assert_eq!(
            fleet.sh(host, "cd /u/apps/old/sub; cat file; echo; cat kept; ls -A /u/apps"),
            "content\nkept\nnew\nold"
        );
        assert_eq!(finished.file(&format!("back/{host}/sub/file")), "content");
        assert!(finished.path(&format!("back/{host}/link")).is_symlink());
    }
}

#[test]
fn f5_each_server_gets_its_own_local_file() {
    let fleet = Fleet::start(&["app1", "app2"]);
    let case = || {
        on(
            &fleet,
            r#"upload "conf/$CAPISTRANO:HOST$", "/tmp/$CAPISTRANO:HOST$.conf";"#,
        )
        .file("conf/app1", "one")
    };
    case().file("conf/app2", "second").run().ok();
    assert_eq!(fleet.read("app1", "/tmp/app1.conf"), "one");
    assert_eq!(fleet.read("app2", "/tmp/app2.conf"), "second");
    case()
        .run()
        .code(1)
        .says("cannot upload `conf/app2'")
        .silent_on("connecting");
}

#[test]
fn f7_a_missing_directory_is_told_for_every_server_and_the_others_complete() {
    let fleet = Fleet::start(&["app1", "app2", "app3"]);
    fleet.sh("app3", "mkdir /u/apps/there && chown deploy /u/apps/there");
    on(&fleet, r#"upload "file", "/u/apps/there/file";"#)
        .file("file", "text")
        .run()
        .code(1)
        .says("failed on 2 of 3 servers")
        .says("  app1, app2: exit status 1\n")
        .says("there is no directory /u/apps/there/");
    assert_eq!(fleet.list("app3", "/u/apps/there"), ["file"]);
}

#[test]
fn f9_a_dry_run_transfers_nothing_and_prints_the_line() {
    on_nobody(r#"upload "file", "/tmp/x"; put "text", "/tmp/y", :mode => 0600; upload "dir", "/tmp/z";"#)
        .file("file", "x")
        .file("dir/file", "x")
        .args(["-n"])
        .run()
        .ok()
        .says("upload file -> /tmp/x")
        .says("put /tmp/y (mode 0600)")
        .says("upload dir -> /tmp/z");
}

/// The same for servers that do not exist.
fn on_nobody(body: &str) -> Case {
    let recipe = format!("role :app, \"no-such-server.invalid\";\ntask :t {{\n{body}\n}}\n");
    Case::new().recipe(&recipe).args(["t"])
}

#[test]
fn f12_a_dry_run_says_that_output_is_not_known_and_takes_what_the_recipe_says() {
    let finished =
        on_nobody(r#"puts "<" + capture("cat VERSION") + ">"; puts capture("uname -r", :dry_run => "6.1");"#)
            .args(["-n"])
            .run()
            .ok()
            .says("cat VERSION")
            .says("its output is not known in a dry run, taken to be empty")
            .says("taken to be \"6.1\"");
    assert_eq!(finished.stdout, "<>\n6.1\n");
}

#[test]
fn f10_output_that_is_no_text_is_shown_replaced_and_copied_exactly() {
    let fleet = Fleet::start(&["app1"]);
    let finished = on(
        &fleet,
        r#"run "printf 'a\\377b\\n' | tee /tmp/binary"; puts capture("printf 'c\\376d'"); get "/tmp/binary", "binary";"#,
    )
    .run()
    .ok()
    .says("[out :: app1] a\u{fffd}b\n")
    .says("c\u{fffd}d\n");
    assert_eq!(fs::read(finished.path("binary")).unwrap(), b"a\xffb\n");
}

#[test]
fn u7_sudo_keeps_the_input_open_and_other_commands_see_its_end() {
    let fleet = Fleet::start(&["app1"]);
    let body = r#"run "cat; echo end"; sudo "sh -c 'if read -t 1 line; then echo got; elif [ $? -gt 128 ]; then echo open; else echo end; fi'", :shell => "/bin/bash";
                  sudo "cat", :data => "given\n", :eof => true, :timeout => 20;"#;
    on(&fleet, &body.replace("sh -c", "bash -c"))
        .args(["-s", &format!("password={PASSWORD}")])
        .run()
        .says("[out :: app1] end\n")
        .says("[out :: app1] open\n")
        .silent_on(PASSWORD);
}

#[test]
fn the_json_log_tells_how_far_copying_has_come() {
    let fleet = Fleet::start(&["app1"]);
    let case = on(&fleet, r#"upload "file", "/tmp/file"; get "/tmp/file", "back";"#);
    fs::write(case.path("file"), vec![b'x'; 3_000_000]).unwrap();
    let finished = case.args(["--log-format", "json"]).run().ok();
    let told: Vec<&str> = finished
        .stderr
        .lines()
        .filter(|line| {
            line.contains("\"type\":\"transferred\"") && line.contains("\"bytes\":3000000,\"total\":3000000")
        })
        .collect();
    assert_eq!(told.len(), 2, "{}", finished.stderr);
}
