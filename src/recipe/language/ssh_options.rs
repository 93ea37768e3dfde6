//! The keys of `ssh_options`.

use super::choice::{Choice, unknown_key};
use crate::diagnostic::Diagnostic;

/// The keys of `ssh_options`.
pub(in crate::recipe) static SSH_OPTIONS: &[Choice] = &[
    Choice {
        name: "user",
        doc: "login name; `username` is the same",
    },
    Choice {
        name: "port",
        doc: "port of the SSH server",
    },
    Choice {
        name: "keys",
        doc: "private key files, tried before those of the ssh configuration",
    },
    Choice {
        name: "keys_only",
        doc: "true: no other keys of the agent than these",
    },
    Choice {
        name: "forward_agent",
        doc: "true: servers may use our agent, as with `ForwardAgent yes`; false: they may not",
    },
    Choice {
        name: "config",
        doc: "ssh configuration files to read instead of the user's and the system's; false: none",
    },
    Choice {
        name: "user_known_hosts_file",
        doc: "files of known host keys instead of the configured ones; new keys go to the first",
    },
    Choice {
        name: "global_known_hosts_file",
        doc: "likewise, instead of the system's",
    },
    Choice {
        name: "key_data",
        doc: "private keys themselves, tried before those of files",
    },
    Choice {
        name: "passphrase",
        doc: "opens encrypted keys; better asked for than written down",
    },
    Choice {
        name: "password",
        doc: "tried before anybody is asked; better asked for, or in the variable `password`",
    },
    Choice {
        name: "auth_methods",
        doc: "ways to log in, best first: `publickey`, `password`, `keyboard-interactive`",
    },
    Choice {
        name: "number_of_password_prompts",
        doc: "how often a password is asked for, 3 by default",
    },
    Choice {
        name: "non_interactive",
        doc: "true: nobody is asked for a password or a passphrase",
    },
    Choice {
        name: "use_agent",
        doc: "false: no agent",
    },
    Choice {
        name: "proxy",
        doc: "a command that leads to the server, in the words of `ProxyCommand`; servers are named in the variable `gateway`",
    },
    Choice {
        name: "host_name",
        doc: "name or address to connect to instead",
    },
    Choice {
        name: "host_key_alias",
        doc: "name under which host keys are known",
    },
    Choice {
        name: "check_host_ip",
        doc: "true: a key that is known for the server's address must be the same, as with `CheckHostIP yes`",
    },
    Choice {
        name: "bind_address",
        doc: "address of this machine to connect from",
    },
    Choice {
        name: "compression",
        doc: "true: compress what travels",
    },
    Choice {
        name: "encryption",
        doc: "ciphers, in the words of `Ciphers`, as a list or a string",
    },
    Choice {
        name: "hmac",
        doc: "message authentication codes, in the words of `MACs`",
    },
    Choice {
        name: "kex",
        doc: "key exchange algorithms, in the words of `KexAlgorithms`",
    },
    Choice {
        name: "host_key",
        doc: "host key algorithms, in the words of `HostKeyAlgorithms`",
    },
    Choice {
        name: "keepalive_maxcount",
        doc: "after how many questions without an answer a silent server is lost, 2 by default",
    },
    Choice {
        name: "verify_host_key",
        doc: "`:accept_new` (default), `:always` (unknown keys are refused) or `:never`; `paranoid` is the same with true, `:secure`, false",
    },
    Choice {
        name: "timeout",
        doc: "seconds for the connection, 10 by default",
    },
    Choice {
        name: "login_timeout",
        doc: "seconds from connected to logged in, 30 by default",
    },
    Choice {
        name: "keepalive_interval",
        doc: "seconds of silence after which a server is asked whether it lives, 15 by default",
    },
    Choice {
        name: "max_logins",
        doc: "so many servers are logged in to at the same time, 64 by default; the next ones follow as these are done",
    },
];

/// Options of Net::SSH that capr accepts and ignores: it logs with `-v`, always sends keepalives, and libssh2 decides the
/// rest.
pub(in crate::recipe) const WITHOUT_EFFECT: [&str; 13] = [
    "compression_level",
    "keepalive",
    "languages",
    "logger",
    "max_pkt_size",
    "max_win_size",
    "minimum_dh_bits",
    "properties",
    "rekey_blocks_limit",
    "rekey_limit",
    "rekey_packet_limit",
    "send_env",
    "verbose",
];

/// Returns the error for a key that `ssh_options` cannot have; `None` if it can.
pub(in crate::recipe) fn unknown_ssh_option(name: &str) -> Option<Diagnostic> {
    if matches!(name, "username" | "paranoid") || WITHOUT_EFFECT.contains(&name) {
        return None;
    }
    unknown_key("ssh_options", name, SSH_OPTIONS)
}
