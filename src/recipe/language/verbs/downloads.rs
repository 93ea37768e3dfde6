//! Files from servers.

use super::super::choice::Choice;
use super::super::grammar::Tail;
use super::super::options::SELECTION;
use super::super::takes;
use super::super::verb::{Choices, Verb};
use super::files::{MODE, VIA};

static DIRECTORIES: &[Choice] = &[Choice {
    name: "recursive",
    doc: "false: a directory is an error; else it is copied with all that is in it, into the local directory",
}];

pub(in crate::recipe) const GET: Verb = Verb {
    name: "get",
    form: "get from, to, :mode => mode, option => value, …",
    arguments: (2, 2),
    takes: &[takes::PATH, takes::PATH],
    tail: Tail::Nothing,
    options: Choices::Known(&[MODE, DIRECTORIES, VIA, SELECTION]),
    doc: "Copies a file from the first of the current task's servers to this machine, byte for byte; or a directory, \
          for which the server needs `tar`. The local file is written beside its place and renamed: there is never half \
          a file. It has the permissions of the server's file within the umask; with one that exists nobody may do more \
          afterwards than with the server's; `mode` says otherwise. What is neither a file nor a directory (a pipe, a device) \
          is an error. Local directories that are missing are made. A directory is merged into one that \
          is there; links in it that lead out of it are left out. In the block of a server it copies from that server; two servers that would write \
          one local file at the same time are refused. In a dry run nothing is copied.",
    example: "role :app, \"app1.example.com\";\ntask :fetch_log, :roles => :app { get \"/var/log/app.log\", \"app.log\"; }",
};

pub(in crate::recipe) const DOWNLOAD: Verb = Verb {
    name: "download",
    form: "download from, to, :mode => mode, option => value, …",
    arguments: (2, 2),
    takes: &[takes::PATH, takes::PATH],
    tail: Tail::Nothing,
    options: Choices::Known(&[MODE, DIRECTORIES, VIA, SELECTION]),
    doc: "As `get`, but from all of the current task's servers. `$CAPISTRANO:HOST$` in the names stands for each \
          server's host name; without it several servers would write one local file, which is refused. Where it fails \
          on one server the files of the others are there.",
    example: "role :app, \"app1.example.com\", \"app2.example.com\";\ntask :fetch_logs, :roles => :app { download \"/var/log/app.log\", \"logs/$CAPISTRANO:HOST$.log\"; }",
};
