//! Target of `scripts/fuzz`: what a server answers to `get` and `download`.

use std::fs;

use crate::configuration::Server;
use crate::fuzz::Target;

use super::running::download::Downloads;

/// All of this folder.
pub const TARGETS: &[Target] = &[Target {
    name: "transfer",
    about: "a server that sends a file or a directory",
    seeds: &[
        b"\x07\0capr:file 12 644\nsome content",
        b"\x08motd of a login shell\n\0capr:file  \ncontent",
        b"\xff\0capr:tar\n",
        b"\xfe\0capr:file 0 600\n",
    ],
    words: &[
        "\0capr:file ",
        "\0capr:tar\n",
        "\0capr:",
        "18446744073709551615 7777\n",
        "-1 -1\n",
        "99999999999999999999 99999999999\n",
        " ",
        "\n",
        "\0",
    ],
    read: read_transfer,
}];

/// The first byte says in pieces of which size the others come, and whether a directory may. True where something was put into
/// its place.
fn read_transfer(bytes: &[u8]) -> bool {
    let (first, bytes) = bytes.split_first().unwrap_or((&1, &[]));
    let Ok(home) = tempfile::tempdir() else { return false };
    let downloads = Downloads::new(home.path().join("got"), first & 1 == 1, None);
    let server = Server::host("app1");
    let taken = bytes
        .chunks(usize::from(first >> 1).max(1))
        .try_for_each(|piece| downloads.take(&server, piece).map(drop));
    let is_kept = match &taken {
        Ok(()) => downloads.keep(&[], &|| false).errors.is_empty() && !bytes.is_empty(),
        Err(_) => {
            downloads.keep(&[&server], &|| false);
            false
        }
    };
    drop(downloads);
    let mut names = fs::read_dir(home.path()).into_iter().flatten().flatten();
    let found = names.next().map(|entry| entry.file_name());
    assert_eq!(found, is_kept.then(|| "got".into()), "{taken:?}");
    assert!(names.next().is_none(), "something is left beside the file");
    is_kept
}

#[cfg(test)]
mod tests {
    use super::TARGETS;

    #[test]
    fn what_a_server_sends_as_a_file_is_survived() {
        crate::fuzz::survives(TARGETS, 1500);
    }
}
