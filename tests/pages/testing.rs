//! docs/testing.md.

use super::{Page, blocks, line};
use crate::harness::Case;

#[test]
fn the_page_of_tests_is_true() {
    let mut page = Page::read("docs/testing.md");
    let mut files = Vec::new();
    for block in blocks("docs/testing.md") {
        page.take(&block);
        let name = block
            .lines()
            .next()
            .and_then(|first| first.strip_prefix("// "))
            .unwrap();
        files.push((name.to_owned(), block));
    }
    let project = || {
        let all = files.iter();
        all.fold(Case::new(), |case, (name, block)| case.file(name, block))
    };
    let finished = project().args(["test"]).run().ok();
    assert!(finished.stderr.contains("16 passed"), "{}", finished.stderr);
    page.take("capr test");
    page.take("capr test FILE…");
    let one = project().args(["test", "lib/capr/sizes_test.rhai"]).run().ok();
    assert!(one.stderr.contains("1 passed"), "{}", one.stderr);
    page.take("capr test --servers --ssh-config FILE");
    page.done();
    line("capr help testing")
        .run()
        .ok()
        .says("Testing recipes and libraries");
    line("capr help assert_ran").run().ok().says("assert_ran run, part");
}
