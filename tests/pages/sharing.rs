//! docs/sharing.md.

use super::Page;
use super::transcript::Transcript;

#[test]
fn the_page_on_sharing_is_true_from_the_first_line_to_the_last() {
    let mut page = Page::read("docs/sharing.md");
    let git = "[user]\n  name = me\n  email = me@example.com\n";
    let codes = Transcript::read("docs/sharing.md").run(None, &[("../home/.gitconfig", git)]);
    // The library is not on this machine; it was changed by hand.
    let failed: Vec<usize> = (0..codes.len()).filter(|at| codes[*at] != 0).collect();
    assert_eq!(failed.len(), 2, "{codes:?}");
    page.block("// deploy.rhai");
    for call in [
        "capr lib new",
        "capr lib add",
        "capr lib doc",
        "capr lib fetch --locked",
        "capr lib update",
        "capr lib add URL@TAG",
    ] {
        page.not_run(call, "typed in the blocks");
    }
    page.done();
}
