//! Tests of files from scripted servers.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::{Case, recipe};
use crate::diagnostic::Fault;
use crate::event::Level;
use crate::session::scripted::Answer;

const BYTES: &[u8] = b"\x00\xff\xfe line\r\nno end \x00capr:file 3\n \xe2\x82";

/// Returns a task `t` with this body on two servers; `DIR` stands for the directory.
fn two(directory: &tempfile::TempDir, body: &str) -> Case {
    let body = body.replace("DIR", &directory.path().display().to_string());
    recipe(&format!("role :app, \"app1\", \"app2\"; task :t {{ {body} }}"))
}

fn file(content: &[u8]) -> Answer {
    // A login shell that talks, and a mark that is cut.
    Answer::new()
        .out("welcome\n\0ca")
        .out("pr:file ")
        .out("\n")
        .out(content)
        .err("a warning\n")
}

fn names(directory: &tempfile::TempDir) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(directory.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn f6_get_copies_from_the_first_server_alone_byte_for_byte() {
    let directory = tempfile::tempdir().unwrap();
    let case = two(&directory, "get \"/etc/x\", \"DIR/new/x\";");
    case.script.on("*", "/etc/x", file(BYTES));
    let outcome = case.run(&["t"]);
    assert!(outcome.result.is_ok(), "{:?}", outcome.result);
    assert_eq!(fs::read(directory.path().join("new/x")).unwrap(), BYTES);
    assert_eq!(outcome.script.lines_on("app2"), [""; 0]);
}

#[test]
fn f2_a_mode_is_given_to_the_file_that_comes_and_is_refused_for_a_directory() {
    let directory = tempfile::tempdir().unwrap();
    let case = two(
        &directory,
        "get \"/a\", \"DIR/a\", :mode => 0400; get \"/b\", \"DIR/b\", :mode => \"u=rw,go=r\"; \
         download \"/b\", \"DIR/b\", :mode => \"o-r\", :hosts => \"app1\"; \
         set :public_mode, 0620; get \"/a\", \"DIR/c\", :mode => public_mode;",
    );
    for name in ["/a", "/b"] {
        let said = Answer::new().out("\0capr:file 4 666\n").out("text");
        case.script.on("*", name, said);
    }
    let outcome = case.run(&["t"]);
    assert!(outcome.result.is_ok(), "{:?}", outcome.result);
    let mode = |name| fs::metadata(directory.path().join(name)).unwrap().permissions().mode() & 0o7777;
    assert_eq!((mode("a"), mode("b"), mode("c")), (0o400, 0o640, 0o620));
    assert_eq!(names(&directory), ["a", "b", "c"]);
    let case = two(&directory, "get \"/d\", \"DIR/d\", :mode => 0600;");
    case.script
        .on("*", "/d", Answer::new().out("\0capr:tar\n").out([0; 1024]));
    let error = format!("{:?}", case.run(&["t"]).result);
    assert!(
        error.contains("`mode' is for a file; the files of a directory keep their own"),
        "{error}"
    );
    assert_eq!(names(&directory), ["a", "b", "c"]);
}

#[test]
fn f6_download_copies_from_all_and_f5_the_host_stands_in_both_names() {
    let directory = tempfile::tempdir().unwrap();
    let case = two(
        &directory,
        "download \"/log/$CAPISTRANO:HOST$\", \"DIR/$CAPISTRANO:HOST$.log\";",
    );
    case.script.on("app1", "/log/app1", file(b"one"));
    case.script.on("app2", "/log/app2", file(b""));
    let outcome = case.run(&["t"]);
    assert!(outcome.result.is_ok(), "{:?}", outcome.result);
    assert_eq!(names(&directory), ["app1.log", "app2.log"]);
    assert_eq!(fs::read(directory.path().join("app1.log")).unwrap(), b"one");
    assert_eq!(fs::read(directory.path().join("app2.log")).unwrap(), b"");
}

#[test]
fn f5_several_servers_and_one_local_file_is_refused_before_anybody_is_connected_to() {
    let directory = tempfile::tempdir().unwrap();
    let outcome = two(&directory, "download \"/x\", \"DIR/x\";").run(&["t"]);
    let error = outcome.error();
    assert!(
        error.message.starts_with("app1 and app2 would both be written to"),
        "{error:?}"
    );
    assert!(outcome.script.connections().is_empty());
}

#[test]
fn f7_where_it_fails_on_one_server_the_others_complete_and_the_old_file_stays() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("app1"), "old").unwrap();
    let case = two(&directory, "download \"/x\", \"DIR/$CAPISTRANO:HOST$\";");
    case.script.on("app1", "/x", file(b"half").exits(1));
    case.script.on("app2", "/x", file(b"whole").once_ended("app1", "/x"));
    let outcome = case.run(&["t"]);
    let error = outcome.error();
    assert_eq!(error.fault, Fault::Failed);
    assert_eq!(error.servers.len(), 1);
    assert_eq!(error.servers[0].stderr, ["a warning"]);
    assert_eq!(names(&directory), ["app1", "app2"]);
    assert_eq!(fs::read(directory.path().join("app1")).unwrap(), b"old");
    assert_eq!(fs::read(directory.path().join("app2")).unwrap(), b"whole");
}

#[test]
fn f7_a_local_file_that_cannot_be_written_is_an_error_and_nothing_is_left_beside() {
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir(directory.path().join("x")).unwrap();
    let case = two(&directory, "get \"/x\", \"DIR/x\";");
    case.script.on("app1", "/x", file(b"text"));
    let outcome = case.run(&["t"]);
    assert!(
        outcome.error().message.starts_with("cannot write "),
        "{outcome:?}",
        outcome = outcome.error()
    );
    assert_eq!(names(&directory), ["x"]);
}

#[test]
fn f4_a_directory_comes_as_an_archive_and_is_unpacked() {
    let directory = tempfile::tempdir().unwrap();
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(4);
    header.set_mode(0o644);
    builder.append_data(&mut header, "./sub/file", &b"text"[..]).unwrap();
    let archive = builder.into_inner().unwrap();
    let case = two(&directory, "get \"/d\", \"DIR/d\", :recursive => true;");
    case.script
        .on("app1", "/d", Answer::new().out("\0capr:tar\n").out(archive));
    let outcome = case.run(&["t"]);
    assert!(outcome.result.is_ok(), "{:?}", outcome.result);
    assert_eq!(fs::read(directory.path().join("d/sub/file")).unwrap(), b"text");
    assert_eq!(names(&directory), ["d"]);
}

/// Returns an archive with these entries: a name as it is, and the target of a link or the content of a file.
fn archive(entries: &[(&[u8], Option<&str>, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, link, content) in entries {
        let mut header = tar::Header::new_gnu();
        header.as_old_mut().name[..name.len()].copy_from_slice(name);
        header.set_mode(0o644);
        header.set_size(content.len() as u64);
        if let Some(link) = link {
            header.set_entry_type(tar::EntryType::Symlink);
            header.set_link_name(link).unwrap();
        }
        header.set_cksum();
        builder.append(&header, *content).unwrap();
    }
    builder.into_inner().unwrap()
}

#[test]
fn f4_names_that_lead_elsewhere_write_nothing_outside() {
    for (name, entries) in [
        (
            "parent",
            vec![(&b"good"[..], None, &b"x"[..]), (b"../evil", None, b"x")],
        ),
        ("deep", vec![(b"a/../../evil", None, b"x")]),
        ("absolute", vec![(b"/evil", None, b"x")]),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let case = two(&directory, "get \"/d\", \"DIR/d\";");
        case.script
            .on("app1", "/d", Answer::new().out("\0capr:tar\n").out(archive(&entries)));
        let outcome = case.run(&["t"]);
        assert_eq!(outcome.error().fault, Fault::Failed, "{name}");
        assert_eq!(names(&directory), [""; 0], "{name}");
    }
}

#[test]
fn f4_a_link_that_an_earlier_download_left_is_not_followed() {
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir_all(directory.path().join("in/d")).unwrap();
    std::os::unix::fs::symlink("../..", directory.path().join("in/d/sub")).unwrap();
    let case = two(&directory, "get \"/second\", \"DIR/in/d\";");
    let archive = archive(&[(b"sub/evil", None, b"x")]);
    case.script
        .on("app1", "/second", Answer::new().out("\0capr:tar\n").out(archive));
    let outcome = case.run(&["t"]);
    assert!(
        outcome.error().message.contains("cannot write"),
        "{:?}",
        outcome.error()
    );
    assert_eq!(names(&directory), ["in"]);
    assert_eq!(
        fs::read_link(directory.path().join("in/d/sub")).unwrap().to_str(),
        Some("../..")
    );
    assert_eq!(fs::read_dir(directory.path().join("in")).unwrap().count(), 1);
}

#[test]
fn f4_a_directory_that_nobody_asked_for_and_links_that_lead_out_do_not_come() {
    let directory = tempfile::tempdir().unwrap();
    let case = two(&directory, "get \"/d\", \"DIR/d\", :recursive => false;");
    let sent = archive(&[(b"out", Some("/etc/passwd"), b""), (b"file", None, b"x")]);
    let answer = || Answer::new().out("\0capr:tar\n").out(sent.clone());
    case.script.on("app1", "/d", answer());
    let outcome = case.run(&["t"]);
    let message = &outcome.error().message;
    assert!(
        message.contains("the server sends a directory, and `recursive' is false"),
        "{message}"
    );
    assert_eq!(names(&directory), [""; 0]);
    let case = two(&directory, "get \"/first\", \"DIR/d\"; get \"/second\", \"DIR/d/out\";");
    case.script.on("app1", "/first", answer());
    case.script
        .on("app1", "/second", Answer::new().out("\0capr:file 1 600\nx"));
    let outcome = case.run(&["t"]);
    assert!(outcome.result.is_ok(), "{:?}", outcome.result);
    let told = outcome.messages(Level::Important);
    assert_eq!(
        told,
        ["left out: out is a link that leads out of the directory, to /etc/passwd"]
    );
    assert!(directory.path().join("d/out").is_file());
}

#[test]
fn the_name_of_a_server_leads_no_file_out_of_its_directory() {
    let directory = tempfile::tempdir().unwrap();
    let place = |body: &str| body.replace("DIR", &directory.path().display().to_string());
    for verb in [
        "download \"/x\", \"DIR/a/$CAPISTRANO:HOST$\";",
        "get \"/x\", \"DIR/a/$CAPISTRANO:HOST$\";",
        "upload \"DIR/a/$CAPISTRANO:HOST$\", \"/x\";",
    ] {
        let case = recipe(&place(&format!(
            "role :app, \"../../x\", \"app2\"; task :t {{ {verb} }}"
        )));
        let outcome = case.run(&["t"]);
        let error = outcome.error();
        assert!(
            error.message.starts_with("`../../x' cannot stand in the local name"),
            "{error:?}"
        );
        assert!(outcome.script.connections().is_empty());
    }
}
