//! docs/install.md. `scripts/package --test` installs the packages and tries the action.

use super::{Page, ok};

#[test]
fn what_is_installed_by_hand_comes_from_the_program() {
    let mut page = Page::read("docs/install.md");
    let block = page.block("capr manual ~/.local/share/man");
    let prepared = "mkdir -p ~/.local/share/bash-completion/completions ~/.config/fish/completions DIRECTORY";
    let lines = block.replace("DIRECTORY/_capr", "DIRECTORY/_capr;");
    ok(&format!(
        "set -e; {prepared}; {lines}\ntest -s ~/.local/share/man/man1/capr.1; test -s DIRECTORY/_capr"
    ));
    for (begin, reason) in [
        ("cargo install", "a release build"),
        ("- uses: OWNER", "scripts/package --test tries what it runs"),
        ("podman build", "an engine for containers is not at hand"),
        ("scripts/package", "it takes minutes"),
    ] {
        let block = page.left.iter().find(|block| block.starts_with(begin)).unwrap().clone();
        page.not_run(&block, reason);
    }
    page.done();
}
