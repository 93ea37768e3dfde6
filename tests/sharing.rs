//! `capr lib`: libraries of others, from repositories that mean well and from some that do not.

use std::fs;
use std::os::unix::fs::{chown, symlink};
use std::path::Path;

use crate::harness::{Case, Finished};

/// Somebody else.
const MALLORY: u32 = 4321;

/// A configuration of git: the person who commits, and no advice.
const GIT: &str =
    "[user]\n  name = me\n  email = me@example.com\n[init]\n  defaultBranch = main\n[advice]\n  detachedHead = false\n";

/// Says what makes a library with a task of its name, and a repository of it.
const MAKE: &str = r#"
set -e
library() { # NAME VERSION [LINES OF capr.toml]
  mkdir -p "$1"
  printf '[library]\nname = "%s"\nversion = "%s"\n%s\n' "$1" "$2" "$3" > "$1/capr.toml"
  printf 'namespace :%s {\n  desc "Of %s.";\n  task :show { puts "%s %s"; }\n}\n' "$1" "$1" "$1" "$2" > "$1/$1.rhai"
  [ -d "$1/.git" ] || git init -q "$1"
}
commit() { git -C "$1" add -A && git -C "$1" commit -qm x && git -C "$1" tag "$2"; }
"#;

/// A directory with these files, in which a shell says this.
fn shell(files: &[(&str, &str)], lines: &str) -> Case {
    let case = Case::new().file("../home/.gitconfig", GIT);
    let case = files.iter().fold(case, |case, (path, text)| case.file(path, text));
    case.shell(&format!("{MAKE}{lines}"))
}

/// The digest in a lock.
fn tree(finished: &Finished) -> String {
    let lock = finished.file("capr.lock");
    let line = lock.lines().find_map(|line| line.strip_prefix("tree = ")).unwrap();
    line.trim_matches('"').to_owned()
}

const CHAT: &[(&str, &str)] = &[
    ("chat/chat.rhai", "desc \"Say it.\"; task :say { puts \"said\"; }\n"),
    ("deploy.rhai", "require \"chat\";\n"),
];

#[test]
fn a_library_is_shown_first_and_taken_only_by_a_yes() {
    let finished = shell(CHAT, "capr lib add chat; test ! -e capr.toml").run();
    finished
        .code(2)
        .says("task        say  Say it.")
        .says("nobody can be asked here, so nothing was changed")
        .says("--yes takes what was shown");
    let asked = |answer: &str| {
        let mut running = CHAT
            .iter()
            .fold(Case::new(), |case, (path, text)| case.file(path, text))
            .args(["lib", "add", "chat"])
            .terminal()
            .start();
        running.answer("Add it? [y/N] ", answer);
        running.finish()
    };
    let refused = asked("").code(1).says("nothing was changed");
    assert!(!refused.path("capr.toml").exists() && !refused.path("capr.lock").exists());
    let taken = asked("y").ok().says("added chat");
    assert_eq!(taken.file("capr.toml"), "[libraries]\nchat = { path = \"chat\" }\n");
}

#[test]
fn what_is_loaded_is_what_the_lock_says_or_nothing() {
    let project = |then: &str| shell(CHAT, &format!("capr lib add chat --yes > added\n{then}"));
    // The directory is not asked again: what was taken is loaded.
    let finished = project("echo 'puts \"changed\";' >> chat/chat.rhai\ncapr say")
        .run()
        .ok();
    assert_eq!(finished.stdout, "said\n");
    let cached = "cd ~/.cache/capr/lib/*/\n";
    for (what, lines) in [
        ("its SHA-256 is ", "echo '// more' >> chat.rhai"),
        ("its SHA-256 is ", "touch x.rhai"),
        ("its SHA-256 is ", "mv chat.rhai y.rhai"),
        ("in it chat.rhai is a link", "mv chat.rhai ../z && ln -s ../z chat.rhai"),
    ] {
        project(&format!("({cached}{lines})\ncapr say"))
            .run()
            .code(3)
            .says("the library `chat' in ")
            .says(" is not what capr.lock says: ")
            .says(what)
            .says("deploy.rhai:1:9");
    }
    project(&format!("({cached}echo more >> chat.rhai)\ncapr lib list"))
        .run()
        .code(1)
        .says("somebody has changed");
    project(&format!("({cached}echo more >> chat.rhai)\ncapr lib fetch\ncapr say"))
        .run()
        .ok()
        .says("said");
}

#[test]
fn a_lock_that_was_changed_by_hand_is_an_error() {
    let project = |then: &str| shell(CHAT, &format!("capr lib add chat --yes > added\n{then}"));
    project("sed -i 's/^tree = \"./tree = \"0/' capr.lock\ncapr say")
        .run()
        .code(3)
        .says("is not on this machine");
    project("sed -i 's/^path = .*/path = \"other\"/' capr.lock\ncapr say")
        .run()
        .code(3)
        .says("capr.toml and capr.lock do not say the same of chat");
    project("sed -i 's/^name = .*/name = \"..\\/..\\/x\"/' capr.lock\ncapr say")
        .run()
        .code(3)
        .says("capr.lock has a library that capr cannot have written");
    // In CI the two files must agree.
    project("echo 'more = { path = \"chat\" }' >> capr.toml\ncapr lib fetch --locked")
        .run()
        .code(1)
        .says("capr.toml and capr.lock do not say the same of more");
    // What has changed where it comes from is not taken for what was locked.
    project("echo '// more' >> chat/chat.rhai\nrm -r ~/.cache\ncapr lib fetch --locked")
        .run()
        .code(1)
        .says("the library `chat' of chat is not what capr.lock says: its SHA-256 is")
        .says("capr lib update chat shows how");
}

#[test]
fn what_others_could_have_written_is_not_loaded() {
    let finished = shell(CHAT, "capr lib add chat --yes").run().ok();
    let cache = finished.path("../home/.cache/capr/lib").join(tree(&finished));
    let run = |cache: &Path, change: &dyn Fn(&Path)| {
        let case = CHAT
            .iter()
            .fold(Case::new(), |case, (path, text)| case.file(path, text));
        let case = case
            .file("capr.toml", &finished.file("capr.toml"))
            .file("capr.lock", &finished.file("capr.lock"));
        let place = case.path("../home/.cache/capr/lib");
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        let copied = place.join(tree(&finished));
        fs::create_dir_all(&copied).unwrap();
        fs::copy(cache.join("chat.rhai"), copied.join("chat.rhai")).unwrap();
        change(&place);
        case.args(["say"]).run()
    };
    run(&cache, &|_| {}).ok();
    let digest = tree(&finished);
    let file = |place: &Path| place.join(&digest).join("chat.rhai");
    let give = |path: &Path| chown(path, Some(MALLORY), Some(MALLORY)).expect("these tests run as root");
    run(&cache, &|place| give(&file(place)))
        .code(3)
        .says("it belongs to uid 4321");
    run(&cache, &|place| give(place)).code(3).says("belongs to uid 4321");
    run(&cache, &|place| {
        fs::rename(place, place.with_extension("really")).unwrap();
        symlink(place.with_extension("really"), place).unwrap();
        std::os::unix::fs::lchown(place, Some(MALLORY), Some(MALLORY)).unwrap();
    })
    .code(3)
    .says("belongs to uid 4321");
    // A cache that somebody else has made is not written to, either.
    let case = shell(
        CHAT,
        "XDG_CACHE_HOME=/tmp/capr-cache-of-$$ && mkdir -p $XDG_CACHE_HOME && chown 4321:4321 $XDG_CACHE_HOME\n\
                            export XDG_CACHE_HOME; capr lib add chat --yes || code=$?; rm -r $XDG_CACHE_HOME; exit $code",
    );
    case.run()
        .code(1)
        .says("the cache cannot be used: ")
        .says("belongs to uid 4321");
}

#[test]
fn a_repository_that_wants_to_do_something_when_it_is_taken_does_nothing() {
    let make = r#"
library bad 1.0.0
printf '#!/bin/sh\ntouch %s/acted\n' "$PWD" > act && chmod +x act
printf '*.rhai filter=act diff=act export-subst\nsecret.rhai export-ignore\n' > bad/.gitattributes
printf '[submodule "x"]\n\tpath = x\n\turl = ext::%s/act\n' "$PWD" > bad/.gitmodules
printf '[core]\n\tfsmonitor = %s/act\n\thooksPath = %s\n[filter "act"]\n\tsmudge = %s/act\n\tclean = cat\n[uploadpack]\n\tpackObjectsHook = %s/act\n' "$PWD" "$PWD" "$PWD" "$PWD" >> bad/hostile
ln -s /etc/passwd bad/passwd
ln -s ../../../../.ssh bad/keys
for hook in post-checkout post-merge reference-transaction pre-auto-gc; do cp act bad/.git/hooks/$hook; done
echo '$Format:%H$' > bad/secret.rhai
git -C bad add -A
git -C bad update-index --add --cacheinfo 160000,1111111111111111111111111111111111111111,x
git -C bad -c core.hooksPath=/dev/null commit -qm x
git -C bad -c core.hooksPath=/dev/null tag v1
cat bad/hostile >> bad/.git/config
rm -f acted
capr lib add bad@v1 --yes
test ! -e acted
ls -A ~/.cache/capr/lib/*/
cat ~/.cache/capr/lib/*/secret.rhai
"#;
    let finished = shell(&[], make).run().ok();
    let finished = finished
        .says("left out of bad: passwd is a link")
        .says("left out of bad: keys is a link")
        .says("left out of bad: x is a submodule");
    let listed = finished.stdout.split("require \"bad\";\n").nth(1).unwrap();
    assert_eq!(
        listed,
        ".gitattributes\n.gitmodules\nbad.rhai\ncapr.toml\nhostile\nsecret.rhai\n$Format:%H$\n"
    );
}

#[test]
fn nothing_is_copied_into_or_removed_from_where_a_link_of_the_project_leads() {
    let lines = "capr lib add --yes chat && mkdir out && ln -s out vendor && ! capr lib vendor
        test -z \"$(ls -A out)\" && rm vendor && mkdir vendor && ln -s ../out vendor/capr && ! capr lib vendor
        test -z \"$(ls -A out)\"";
    let finished = shell(CHAT, lines).run().ok();
    let finished = finished.says("vendor is a link, and may lead elsewhere");
    finished.says("vendor/capr is a link, and may lead elsewhere");
}

#[test]
fn nothing_is_written_where_a_link_of_the_project_leads() {
    let lines = "printf '[libraries]\\n' > mine && chmod 600 mine && mkdir here && cp deploy.rhai here && cd here
        ln -s ../mine capr.toml && ! capr lib add --yes ../chat && test \"$(cat ../mine)\" = '[libraries]' && rm capr.toml
        capr lib add --yes ../chat && mv capr.lock ../real && cp ../real ../copy && ln -s ../real capr.lock && ! capr lib remove chat
        cmp ../real ../copy && rm capr.lock capr.toml
        echo 'test \"t\" { }' > x_test.rhai && ln -s ../mine out.xml && ln -s .. up
        for file in --junit --lcov; do ! capr test $file out.xml && ! capr test $file up/mine || exit 1; done
        test \"$(cat ../mine)\" = '[libraries]' && capr test --junit sub/out.xml && test -f sub/out.xml && capr test --lcov ../beside && test -f ../beside";
    let finished = shell(CHAT, lines).run().ok();
    for name in ["capr.toml", "capr.lock", "out.xml", "up"] {
        assert!(
            finished
                .stderr
                .contains(&format!("{name} is a link, and may lead elsewhere")),
            "{name}: {}",
            finished.stderr
        );
    }
}

#[test]
fn names_that_lead_elsewhere_or_act_on_a_terminal_and_trees_without_an_end_are_refused() {
    let escape = "library a 1.0.0\nprintf x > \"$(printf 'a/x\\033[2Jy.rhai')\"\ncommit a v1\ncapr lib add a@v1 --yes";
    let finished = shell(&[], escape)
        .run()
        .code(1)
        .says("it has a path that is not accepted: x\\u{1b}[2Jy.rhai");
    assert!(!finished.stderr.contains('\u{1b}'), "{}", finished.stderr);
    // What git itself does not write, but what somebody can put into a repository.
    let up = "git init -q a\nblob=$(echo x | git -C a hash-object -w --stdin)\n\
              tree=$(printf '100644 blob %s\\t..\\n' $blob | git -C a mktree)\n\
              git -C a tag v1 $(git -C a commit-tree -m x $tree)\ncapr lib add a@v1 --yes || code=$?\n\
              test -z \"$(find ~ -name '.fetch.*')\"; exit $code";
    shell(&[], up).run().code(1).says("cannot take a@v1: git: ");
    let many = "git init -q a\n{ echo 'commit refs/heads/main'; echo 'committer me <me@x> 0 +0000'; echo 'data 0'; \
                for n in $(seq 2500); do echo \"M 644 inline f$n\"; echo 'data 1'; echo x; done; } | git -C a fast-import --quiet\n\
                capr lib add a@main --yes";
    shell(&[], many).run().code(1).says("it has more than 2000 files");
    // Twelve levels of eight times the same directory: a few kilobytes, 68 billion files.
    let bomb = "git init -q a\nobject=$(echo x | git -C a hash-object -w --stdin)\nline=\"100644 blob\"\n\
                for level in $(seq 10); do object=$(for n in $(seq 8); do printf '%s %s\\td%s\\n' \"$line\" $object $n; done | git -C a mktree); \
                line=\"040000 tree\"; done\ngit -C a tag v1 $(git -C a commit-tree -m x $object)\ncapr lib add a@v1 --yes";
    shell(&[], bomb).run().code(1).says("cannot take a@v1: ");
    let large = "mkdir a && truncate -s 1G a/a.rhai && capr lib add a --yes";
    shell(&[], large)
        .run()
        .code(1)
        .says("its files are larger than 16 MiB in all");
    for (url, says) in [
        ("ext::'sh -c id'", "git would run a program for ext::sh -c id"),
        (
            "http://x.invalid/chat",
            "http:// is not accepted: a library comes by https://, ssh:// or file://",
        ),
        (
            "https://me:word@x.invalid/chat",
            "a password does not belong in the URL of a library",
        ),
    ] {
        shell(&[], &format!("capr lib add {url}"))
            .run()
            .code(2)
            .says(says)
            .silent_on("word@");
    }
}

#[test]
fn of_each_library_there_is_one_version_or_an_error_that_names_both() {
    let make = r#"
library base 1.0.0; commit base v1.0.0; library base 1.2.0; commit base v1.2.0; library base 2.0.0; commit base v2.0.0
library one 1.0.0 '[libraries]
base = { git = "../base", tag = "v1.0.0" }'; commit one v1.0.0
library two 1.0.0 '[libraries]
base = { git = "../base", tag = "v1.2.0" }'; commit two v1.0.0
library three 1.0.0 '[libraries]
base = { git = "../base", tag = "v2.0.0" }'; commit three v1.0.0
printf 'require "one"; require "two"; require "base";\n' > deploy.rhai
"#;
    let lines = "capr lib add one@v1.0.0 --yes > log\ncapr lib add two@v1.0.0 --yes\ncapr base:show\n! capr lib remove base\ncapr lib remove one\ncapr lib list\n\
                 capr lib add base@v1.0.0 --yes || true\ncapr lib remove two\ntest \"$(cat capr.lock | grep -c name)\" = 0\n";
    let finished = shell(&[], &format!("{make}{lines}")).run().ok();
    finished
        .says("base 1.2.0 of base@v1.2.0")
        .says("before      base 1.0.0 of base@v1.0.0")
        .says("base 1.2.0\n")
        .says("which another needs")
        .says("the project itself has not added `base'; it is there for one, two")
        .says("the project wants `base' 1.0.0, and the library `two' 1.2.0: one version cannot serve both")
        .says("removed base, two");
    let lines = "capr lib add one@v1.0.0 --yes > log\ncapr lib add three@v1.0.0 --yes";
    shell(&[], &format!("{make}{lines}"))
        .run()
        .code(1)
        .says("the library `one' wants `base' 1.0.0, and the library `three' 2.0.0: one version cannot serve both");
    shell(&[], "library new 1.0.0 'capr = \"99.0\"'\ncapr lib add new --yes")
        .run()
        .code(1)
        .says("the library `new' 1.0.0 needs capr 99.0.0, and this is capr 0.");
    shell(
        &[],
        "library a 1.0.0\nsed -i 's/name = \"a\"/name = \"b\"/' a/capr.toml\ncapr lib add a --yes",
    )
    .run()
    .code(1)
    .says("a is no library `b': there is no b.rhai in it");
}

#[test]
fn a_library_takes_no_task_and_no_variable_of_another_without_a_word_of_the_project() {
    let files = [
        (
            "one/one.rhai",
            "set_default :shared_word, \"one\";\ntask :shared { puts `task of one, ${shared_word}`; }\n",
        ),
        (
            "two/two.rhai",
            "set_default :shared_word, \"two\";\ntask :shared { puts `task of two, ${shared_word}`; }\n",
        ),
        ("deploy.rhai", "require \"one\"; require \"two\";\n"),
    ];
    let project = |wins: &str| {
        let lines =
            format!("capr lib add one --yes > log\ncapr lib add two --yes\nprintf '{wins}' >> capr.toml\ncapr shared");
        shell(&files, &lines).run()
    };
    project("")
        .code(3)
        .says("overrides   the task shared of the library `one'")
        .says("overrides   the variable shared_word of the library `one'")
        .says("error: the library `two' defines the variable `shared_word', which the library `one' has, too")
        .says("two.rhai:1:")
        .says("\"shared_word\" = \"one\" or \"shared_word\" = \"two\"");
    project("[wins]\\nshared_word = \"one\"\\n")
        .code(3)
        .says("the library `two' defines the task `shared', which the library `one' has, too");
    project("[wins]\\nshared_word = \"two\"\\nshared = \"one\"\\n")
        .ok()
        .says("task of one, two");
    project("[wins]\\nshared_word = \"one\"\\nshared = \"two\"\\n")
        .ok()
        .says("task of two, one");
    // An entry with a library that nobody has.
    let wins = "[wins]\\nshared_word = \"two\"\\nshared = \"tow\"\\n";
    project(wins)
        .code(3)
        .says("\"shared\" = \"one\" or \"shared\" = \"two\", not `tow'");
    let wins = "[wins]\nshared_word = \"two\"\nshared = \"two\"\nother = \"oen\"\nrest = \"capr\"\nmore = \"puma\"\n";
    let lines =
        format!("capr lib add one --yes > log\ncapr lib add two --yes\nprintf '{wins}' >> capr.toml\ncapr check");
    let finished = shell(&files, &lines).run();
    let warned = finished.stderr.matches("[wins]").count();
    assert_eq!(warned, 1, "{}", finished.stderr);
    finished
        .says("warning: [wins] in capr.toml gives `other' to the library `oen', which does not exist")
        .says("help: did you mean `one'?");
    // A library that sets a variable of one that it requires overrides it, and not the other way round.
    let files = [
        ("four/four.rhai", "require \"five\"; set :five_word, 2;\n"),
        (
            "four/capr.toml",
            "[library]\nname = \"four\"\n[libraries]\nfive = { path = \"../five\" }\n",
        ),
        ("five/five.rhai", "set_default :five_word, 1;\n"),
    ];
    let finished = shell(&files, "capr lib add four --yes").run().ok();
    let overrides: Vec<&str> = finished
        .stdout
        .lines()
        .filter(|line| line.contains("overrides"))
        .collect();
    assert_eq!(
        overrides,
        ["  overrides   the variable five_word of the library `five'"]
    );
    // Of the deploy library only what is there to be replaced; what a library requires it may set.
    let deploy = [
        (
            "three/three.rhai",
            "require \"puma\"; set :puma_threads, 9; set :keep_releases, 2;\ntask :restart { }\ntask :update_code { }\n",
        ),
        ("deploy.rhai", "require \"three\";\n"),
    ];
    shell(&deploy, "capr lib add three --yes; capr -T")
        .run()
        .code(3)
        .says("error: the library `three' defines the task `update_code', which the deploy library has, too")
        .says("\"update_code\" = \"capr\" or \"update_code\" = \"three\"");
}

#[test]
fn a_tarball_is_taken_by_its_digest_and_a_branch_by_its_name() {
    let make = "mkdir chat-1.0 && cp chat/chat.rhai chat-1.0/ && tar -czf chat.tar.gz chat-1.0\ncapr lib add chat.tar.gz || true\n";
    let finished = shell(CHAT, make).run().ok();
    let said = "that of this file is ";
    let digest = finished
        .stderr
        .split(said)
        .nth(1)
        .unwrap()
        .get(..64)
        .unwrap()
        .to_owned();
    let lines = "tar --owner 0 --mtime @0 -cf chat.tar -C chat chat.rhai\nsum=$(sha256sum chat.tar | cut -d' ' -f1)\n\
                 capr lib add chat.tar --sha256 $sum --yes\ncapr say\ncapr lib list --json\nrm -r chat.tar ~/.cache; capr lib fetch";
    shell(CHAT, lines)
        .run()
        .code(1)
        .says("said")
        .says("\"source\":\"chat.tar\"")
        .says("cannot take chat.tar: no such file or directory");
    shell(
        CHAT,
        &format!("touch chat.tar.gz; capr lib add chat.tar.gz --sha256 {digest} --yes"),
    )
    .run()
    .code(1)
    .says(&format!(
        "its SHA-256 is e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855, and not {digest}"
    ));
    let lines = "library chat 1.0.0; commit chat v1.0.0; git -C chat checkout -qb work\necho 'puts \"of the branch\";' >> chat/chat.rhai; commit chat x\n\
                 capr lib add file://$PWD/chat@work --yes\ncapr lib remove chat\ncapr lib add file://$PWD/chat@no --yes || true\n\
                 capr lib add file://$PWD/chat@$(git -C chat rev-parse v1.0.0) --yes\ncapr -T";
    let finished = shell(&[("deploy.rhai", "require \"chat\";\n")], lines).run().ok();
    finished
        .says("it has no tag or branch `no'")
        .says("capr chat:show")
        .silent_on("of the branch");
}

#[test]
fn lib_says_what_it_wants() {
    for (words, says) in [
        ("", "lib takes a word"),
        ("ad x", "did you mean `add'?"),
        ("add", "lib add takes one source"),
        ("remove", "lib remove takes the name"),
        ("list x", "take no words"),
        ("remove chat", "the project has no library `chat'"),
        ("update chat", "the project has no library `chat'"),
        ("add nowhere", "there is no directory, repository or tarball nowhere"),
        ("add . --json", "--json belongs to lib list"),
        ("list --yes", "--yes belongs to lib add"),
        ("new Chat", "`Chat' is no name of a library"),
        ("new puma", "a library `puma' comes with capr"),
        (
            "new deploy",
            "the tasks of the deploy library are in the namespace `deploy'",
        ),
        ("new capr", "in capr.toml this name stands for the deploy library"),
        ("doc nowhere", "there is no library `nowhere'"),
    ] {
        Case::new().shell(&format!("capr lib {words}")).run().code(2).says(says);
    }
    shell(&[], "capr -T --locked")
        .run()
        .code(2)
        .says("--locked, --offline and --sha256 belong to lib");
    shell(&[("chat/README.md", "")], "capr lib new chat")
        .run()
        .code(2)
        .says("chat/README.md is there already");
    shell(&[("capr.toml", "[libraries]\nchat = 1\n")], "capr lib list")
        .run()
        .code(1)
        .says("capr.toml:2: ");
    for call in ["capr lib list", "capr lib fetch", "capr lib update"] {
        shell(&[], call).run().ok().says("this project has added no library");
    }
    shell(&[("capr.lock", "<<<<<<< HEAD\n")], "capr lib update")
        .run()
        .code(1)
        .says("take it from the repository, or remove it and run capr lib fetch");
    let lines = "library chat 1.0.0; commit chat v1.0.0; capr lib add chat@v1.0.0 --yes; rm -r ~/.cache\n\
                 sed -i 's/^revision = \"......./revision = \"0000000/' capr.lock; capr lib fetch";
    shell(&[], lines)
        .run()
        .code(1)
        .says("any more")
        .says("its tag was moved: capr lib update shows what is different now");
    shell(&[], "capr lib doc puma")
        .run()
        .ok()
        .says("# puma")
        .says("| `puma:restart` |");
}
