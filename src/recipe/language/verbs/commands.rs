//! Commands on servers and on this machine.

use super::super::choice::Choice;
use super::super::grammar::Tail;
use super::super::options::{COMMAND, SELECTION, SUDO as AS};
use super::super::takes;
use super::super::verb::{Choices, MANY, Verb};

pub(in crate::recipe) const RUN: Verb = Verb {
    name: "run",
    form: "run command, option => value, …  |  run [program, word, …], …  |  run command, … , |channel, stream, data| { … }",
    arguments: (1, 1),
    takes: &[takes::COMMAND],
    tail: Tail::Optional,
    options: Choices::Known(&[SELECTION, COMMAND]),
    doc: "Runs a command on the current task's servers, on all at once, and waits for all. A list is a program and its words: \
          each arrives as it is, whatever is in it, so that this is the form for values; a list in it is several words. A string \
          is given to the shell, with what `;`, `|`, `*` and `$` mean there; a value in it needs `quote`. So it is with all verbs that \
          take a command. If it fails anywhere, that \
          is an error that names every server. With a block the output is not shown but given to the block, piece by \
          piece: the channel (`channel.host`, `channel.send_data(text)`, and `channel.close()`, which ends the command on that server, \
          and is no failure), the stream (`out` or `err`) and what was written.",
    example: "role :app, \"app1.example.com\";\ntask :example, :roles => :app {\n  run [\"ls\", \"-l\", \"it's here\"];\n  run \"uptime | cut -d, -f1\";\n  run \"tail -n 3 log\", :once => true, |channel, stream, data| { puts `${channel.host}: ${data}`; }\n}",
};

pub(in crate::recipe) const EXECUTE: Verb = Verb {
    name: "execute",
    form: "execute program, word, …, option => value, …  |  execute command, option => value, …",
    arguments: (1, MANY),
    takes: &[takes::WORD],
    tail: Tail::Optional,
    options: Choices::Known(&[SELECTION, COMMAND]),
    doc: "Runs a command as `run` does, written as in Capistrano 3: several words are put together with blanks, as they are, so that the           shell sees what stands in them; a value in one needs `quote`. A list alone is a program and its words, which arrive \
          as they are.",
    example: "role :app, \"app1.example.com\";\ntask :example, :roles => :app {\n  execute :ls, \"-l\", \"/tmp | tail -n 1\";\n  execute \"uptime\";\n}",
};

pub(in crate::recipe) const SUDO: Verb = Verb {
    name: "sudo",
    form: "sudo command, :as => user, option => value, …  |  sudo",
    arguments: (0, 1),
    takes: &[takes::COMMAND],
    tail: Tail::Optional,
    options: Choices::Known(&[AS, SELECTION, COMMAND]),
    doc: "Runs a command with sudo. Its password is the variable `password`; where that is not set the person is \
          asked, once for all servers. Without a command it gives the words that call sudo, a string, to be put into a command: \
          the password is then given likewise. A command that calls sudo gets a terminal, unless `pty` says otherwise: \
          sudo asks on one. `dir`, `env`, `data` and `stdin` are for the command that sudo runs. Only sudo itself is given \
          the password, and a server gets a wrong one once. The variable `sudo` is the program, `sudo_prompt` the prompt \
          by which calls are known (empty: nothing is answered).",
    example: "role :app, \"app1.example.com\";\ntask :example, :roles => :app {\n  sudo \"id\", :as => \"deploy\";\n  run `${sudo()} id && uptime`;\n}",
};

pub(in crate::recipe) const TRY_SUDO: Verb = Verb {
    name: "try_sudo",
    form: "try_sudo command, :as => user, option => value, …  |  try_sudo",
    arguments: (0, 1),
    takes: &[takes::COMMAND],
    tail: Tail::Optional,
    options: Choices::Known(&[AS, SELECTION, COMMAND]),
    doc: "As `sudo` where the variable `use_sudo` is true, or `run_method` is set to `:sudo`, else as `run`; without a \
          command then an empty string. The user is that of `as`, else that of the variable `admin_runner`.",
    example: "role :app, \"app1.example.com\";\nset :use_sudo, false;\ntask :example {\n  try_sudo \"id\";\n  run `${try_sudo()} uptime`;\n}",
};

static REHEARSAL: &[Choice] = &[Choice {
    name: "dry_run",
    doc: "a string: what a dry run takes for the output",
}];

pub(in crate::recipe) const CAPTURE: Verb = Verb {
    name: "capture",
    form: "capture(command, option => value, …)",
    arguments: (1, 1),
    takes: &[takes::COMMAND],
    tail: Tail::Nothing,
    options: Choices::Known(&[REHEARSAL, SELECTION, COMMAND]),
    doc: "Runs a command on the first of the current task's servers and gives what it wrote to its standard output, as \
          it came. Its standard error is shown. More than 64 MiB (the variable `capture_limit`) is an error. A dry run cannot know it: it says so, and takes what `dry_run` says, or \
          an empty string.",
    example: "role :app, \"app1.example.com\";\ntask :example, :roles => :app {\n  let kernel = capture(\"uname -r\");\n  puts kernel;\n}",
};

pub(in crate::recipe) const CAPTURE_ALL: Verb = Verb {
    name: "capture_all",
    form: "capture_all(command, option => value, …)",
    arguments: (1, 1),
    takes: &[takes::COMMAND],
    tail: Tail::Nothing,
    options: Choices::Known(&[SELECTION, COMMAND]),
    doc: "Runs a command on the current task's servers and gives what each wrote to its standard output, as it came: a map by host, or where several servers have one \
          host, by `user@host:port`. Its standard error is shown. More than 64 MiB (the variable `capture_limit`) is an error. In a dry run the map is empty.",
    example: "role :app, \"app1.example.com\";\ntask :example, :roles => :app {\n  let kernels = capture_all(\"uname -r\");\n  for host in kernels.keys() { puts `${host}: ${kernels[host]}`; }\n}",
};

pub(in crate::recipe) const STREAM: Verb = Verb {
    name: "stream",
    form: "stream command, option => value, …",
    arguments: (1, 1),
    takes: &[takes::COMMAND],
    tail: Tail::Nothing,
    options: Choices::Known(&[SELECTION, COMMAND]),
    doc: "Runs a command on the current task's servers and prints what it writes to its standard output, line by line, \
          each behind its server's name. For commands that go on: `tail -f`.",
    example: "role :app, \"app1.example.com\";\ntask :example, :roles => :app { stream \"tail -n 100 log/production.log\"; }",
};

static VIA: &[Choice] = &[Choice {
    name: "via",
    doc: "`:run` (the default), `:sudo` or `:try_sudo`",
}];

pub(in crate::recipe) const INVOKE_COMMAND: Verb = Verb {
    name: "invoke_command",
    form: "invoke_command command, :via => :sudo, option => value, …",
    arguments: (1, 1),
    takes: &[takes::COMMAND],
    tail: Tail::Optional,
    options: Choices::Known(&[VIA, AS, SELECTION, COMMAND]),
    doc: "Runs a command by the verb that `via` names: one place decides whether commands need sudo.",
    example: "role :app, \"app1.example.com\";\nset :run_method, :run;\ntask :example { invoke_command \"uptime\", :via => run_method; }",
};

pub(in crate::recipe) const TEST: Verb = Verb {
    name: "test",
    form: "test(command, option => value, …)",
    arguments: (1, 1),
    takes: &[takes::COMMAND],
    tail: Tail::Nothing,
    options: Choices::Known(&[SELECTION, COMMAND]),
    doc: "Runs a command on the first of the current task's servers and tells whether it succeeded. Where servers may \
          differ, let each look for itself: `run \"[ -f x ] || touch x\"`. In a dry run it is true.",
    example: "role :app, \"app1.example.com\";\ntask :example, :roles => :app {\n  if !test(\"[ -d /srv/flipper ]\") { run \"mkdir /srv/flipper\"; }\n}",
};

static RESULT: &[Choice] = &[Choice {
    name: "result",
    doc: "true: that the command fails is no error, and it gives a map: `stdout`, `status` and `ok`",
}];

pub(in crate::recipe) const RUN_LOCALLY: Verb = Verb {
    name: "run_locally",
    form: "run_locally(command, option => value, …)",
    arguments: (1, 1),
    takes: &[takes::COMMAND],
    tail: Tail::Nothing,
    options: Choices::Known(&[RESULT, REHEARSAL, COMMAND]),
    doc: "Runs a command on this machine and gives what it wrote to its standard output. That it fails is an error, and that \
          it writes more than 64 MiB (the variable `capture_limit`). A dry run does not run it, and takes what `dry_run` says, or an empty string.",
    example: "task :example {\n  puts run_locally(\"echo hello\", :dir => \"/\");\n  let found = run_locally(\"git rev-parse HEAD\", :result => true);\n  if found.ok { puts found.stdout; }\n}",
};

pub(in crate::recipe) const SYSTEM: Verb = Verb {
    name: "system",
    form: "system(command, option => value, …)",
    arguments: (1, 1),
    takes: &[takes::COMMAND],
    tail: Tail::Nothing,
    options: Choices::Known(&[COMMAND]),
    doc: "Runs a command on this machine, shows what it writes, and tells whether it succeeded. In a dry run it is true.",
    example: "task :example { if !system(\"git diff --quiet\") { warn \"there are changes that are not committed\"; } }",
};
