//! The reference in `docs/` is what the tables say.

use crate::fleet::place::checkout;

#[test]
fn the_reference_is_what_the_tables_of_verbs_and_functions_say() {
    let path = checkout().join("docs/reference/language.md");
    let reference = capr::recipe::reference();
    if std::env::var_os("CAPR_WRITE_REFERENCE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &reference).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == reference,
        "docs/reference is stale: scripts/reference writes it anew"
    );
}
