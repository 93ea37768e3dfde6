//! Targets of `scripts/fuzz`: the lines of an ssh configuration. Nothing is included or run.

use std::path::Path;
use std::sync::Arc;

use super::statement::{Parsed, parse};
use super::{Place, tokens};

/// Returns true if all lines can be understood.
pub(in crate::session::ssh) fn read_config(bytes: &[u8]) -> bool {
    let file: Arc<Path> = Arc::from(Path::new("config"));
    let text = String::from_utf8_lossy(bytes);
    text.lines().enumerate().all(|(number, line)| {
        let place = Place {
            file: Arc::clone(&file),
            line: number + 1,
        };
        let _ = tokens::percent(line, |token| Some(token.to_string()));
        match parse(line, &place) {
            Ok(Parsed::Include(patterns)) => patterns
                .iter()
                .all(|pattern| super::super::pattern::fits(pattern, "host")),
            Ok(_) => true,
            Err(_) => false,
        }
    })
}
