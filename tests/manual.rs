//! `capr help` with pages of the guide, and `capr manual`.

use crate::harness::Case;

#[test]
fn help_shows_a_page_of_the_guide_a_verb_or_a_function() {
    let help = |word: &str| Case::new().args(["help", word]).run().ok().stdout;
    let deploy = help("deploy");
    assert!(deploy.starts_with("Deploying\n=========\n"), "{deploy}");
    assert!(deploy.lines().all(|line| line.chars().count() <= 120), "{deploy}");
    assert!(help("language").contains("\nset_default\n"));
    assert!(help("on_rollback").starts_with("on_rollback\n\n    on_rollback {"));
    assert!(help("join_path").contains("join_path("));
    // What is both is shown as both.
    let shell = help("shell");
    assert!(shell.starts_with("Usage: capr shell"), "{shell}");
}

#[test]
fn a_misspelt_verb_is_found_and_each_command_is_called_by_its_own_name() {
    Case::new()
        .args(["help", "on_rolback"])
        .run()
        .code(2)
        .says("did you mean `on_rollback'?");
    Case::new()
        .args(["help", "resume"])
        .run()
        .ok()
        .silent_on("`capr RECIPE [RECIPE]'");
}

#[test]
fn help_lists_the_topics() {
    let listed = Case::new().args(["help"]).run().ok().stdout;
    for page in capr::PAGES {
        // A command may have the name of a page.
        let is_it = |line: &str| line.starts_with(&format!("  {} ", page.name)) && line.ends_with(page.brief);
        assert!(listed.lines().any(is_it), "{}", page.name);
    }
}

#[test]
fn on_a_terminal_a_page_goes_through_the_pager() {
    let on_terminal = |pager: &str| {
        Case::new()
            .terminal()
            .env("TERM", "xterm")
            .env("PAGER", pager)
            .args(["help", "glossary"])
    };
    let paged = on_terminal("sed 's/^/paged: /'").run().ok();
    assert!(paged.stdout.contains("paged: "), "{}", paged.stdout);
    for none in ["", "cat", "no-such-program"] {
        let shown = on_terminal(none).run().ok();
        assert!(shown.stdout.contains("server"), "{none:?}: {}", shown.stdout);
    }
    let case = Case::new()
        .env("PAGER", "sed 's/^/paged: /'")
        .args(["help", "glossary"]);
    assert!(!case.run().ok().stdout.contains("paged: "));
}

#[test]
fn the_pages_for_man_are_written_one_for_each_command() {
    let written = Case::new().args(["manual", "man"]).run().ok();
    let told = &written.stdout;
    let listed = Case::new().args(["help"]).run().ok().stdout;
    let commands = listed.lines().filter_map(|line| line.strip_prefix("  capr "));
    let commands = commands.filter(|form| !form.starts_with('['));
    let mut commands: Vec<&str> = commands.map(|form| form.split(' ').next().unwrap()).collect();
    assert!(commands.len() > 7, "{commands:?}");
    // Its form begins with the recipe.
    commands.push("resume");
    assert_eq!(told.lines().count(), commands.len() + 2, "{told}");
    let names = commands.iter().map(|name| format!("man1/capr-{name}.1"));
    for name in names.chain(["man1/capr.1".to_owned(), "man5/capr-recipe.5".to_owned()]) {
        assert!(told.contains(&name), "{told}");
        let page = written.file(&format!("man/{name}"));
        for part in [".TH ", "\n.SH NAME\n", "\n.SH DESCRIPTION\n", "\n.SH \"SEE ALSO\"\n"] {
            let plain = part.replace('"', "");
            assert!(page.contains(part) || page.contains(&plain), "{name}: {part:?}");
        }
        // A request that no macro package of `man` knows would be left out without a word.
        let known = [
            "TH", "SH", "SS", "PP", "TP", "IP", "RS", "RE", "BR", "br", "nf", "fi", "ie", "el", "ds", "de",
        ];
        for line in page.lines().filter(|line| line.starts_with('.')) {
            let request = line[1..].split([' ', '\\']).next().unwrap();
            assert!(known.contains(&request), "{name}: {line}");
        }
    }
    let recipe = written.file("man/man5/capr-recipe.5");
    assert!(recipe.contains("\n.SS \"on_rollback\"\n"), "the reference is there");
    let check = written.file("man/man1/capr-check.1");
    assert!(check.contains("All stages are looked at"), "the guide's part is there");
}

#[test]
fn manual_that_cannot_write_says_where() {
    Case::new()
        .args(["manual"])
        .run()
        .code(2)
        .says("capr manual ~/.local/share/man");
    let case = Case::new().file("man", "a file").args(["manual", "man"]);
    case.run().code(1).says("cannot write");
}
