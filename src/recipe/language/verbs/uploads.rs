//! Files to servers.

use super::super::choice::Choice;
use super::super::grammar::Tail;
use super::super::options::SELECTION;
use super::super::takes;
use super::super::verb::{Choices, Verb};
use super::files::{MODE, VIA};

static DIRECTORIES: &[Choice] = &[Choice {
    name: "recursive",
    doc: "false: a directory is an error",
}];

pub(in crate::recipe) const PUT: Verb = Verb {
    name: "put",
    form: "put data, path, :mode => mode, option => value, …",
    arguments: (2, 2),
    takes: &[takes::CONTENT, takes::PATH],
    tail: Tail::Nothing,
    options: Choices::Known(&[MODE, VIA, SELECTION]),
    doc: "Writes a string to a file on the current task's servers. The file is written beside its place and renamed: \
          there is never half a file. Without `mode` a file that exists keeps its own; it keeps its owner and group where \
          the login may give files away. A link stays a link. The directory must be there. In a recipe that says \
          `set :dialect, 3` a new file has mode 0640, as with Capistrano 3. Where all may write (`/tmp`), a \
          link of another user is refused, and nothing is taken over from another user's file.",
    example: "role :app, \"app1.example.com\";\ntask :example, :roles => :app { put \"hello\\n\", \"/tmp/hello\", :mode => 0644; }",
};

pub(in crate::recipe) const UPLOAD: Verb = Verb {
    name: "upload",
    form: "upload from, to, :mode => mode, option => value, …",
    arguments: (2, 2),
    takes: &[takes::PATH, takes::PATH],
    tail: Tail::Nothing,
    options: Choices::Known(&[MODE, DIRECTORIES, VIA, SELECTION]),
    doc: "Copies a local file to the current task's servers, as `put` does; or a local directory with all that is in it, \
          for which the servers need `tar`: it is unpacked beside its place; then it is renamed, or moved into the \
          directory that is there, whose other files stay: the same call has the same result twice. Without `mode` a new \
          file has the permissions of the local one within the server's umask, and nobody may do more with one that exists \
          than with the local one. The file is read while it is sent, once for all servers; that it changes meanwhile is \
          an error. A pipe is kept in a temporary file first. A relative local path begins at the working directory. \
          `$CAPISTRANO:HOST$` in the names stands for each server's host name. In a recipe that says `set :dialect, 3` a path \
          that is a directory there gets the file or the directory under its own name, as with `scp`: \
          `upload \"dist\", \"/srv/app\"` makes `/srv/app/dist`; `upload \"dist/.\", \"/srv/app\"` sends only what is in it.",
    example: "role :app, \"app1.example.com\";\ntask :configure, :roles => :app { upload \"config/app.conf\", \"/etc/app.conf\"; }",
};
