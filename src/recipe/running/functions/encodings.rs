//! Functions for digests, encodings and randomness.

use std::fmt::Write;
use std::rc::Rc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rhai::{Dynamic, Engine, INT, Position};
use sha2::{Digest, Sha256};

use super::super::interpreter::Interpreter;
use crate::recipe::language::origin::{Fallible, wrong};

/// The most random bytes that can be asked for.
const MOST_BYTES: INT = 1024;

/// Registers the functions.
pub(super) fn register(engine: &mut Engine, interpreter: &Rc<Interpreter>) {
    engine.register_fn("sha256", |text: &str| hexadecimal(&Sha256::digest(text)));
    engine.register_fn("base64", |text: &str| STANDARD.encode(text));
    engine.register_fn("base64_decode", |text: &str| -> Fallible<String> {
        let text: String = text.split_ascii_whitespace().collect();
        let bytes = STANDARD.decode(text).ok();
        let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
        text.ok_or_else(|| wrong("this is no string in base64", Position::NONE))
    });
    let chance = interpreter.clone();
    engine.register_fn("random_hex", move |bytes: INT| {
        let number = usize::try_from(bytes).ok().filter(|_| bytes <= MOST_BYTES);
        let number = number.ok_or_else(|| {
            let message = format!("`random_hex' gives from 0 to {MOST_BYTES} bytes");
            wrong(message, Position::NONE)
        })?;
        let find = || {
            let found = random(number).map(Dynamic::from);
            found.map_err(|error| wrong(format!("cannot get random bytes: {error}"), Position::NONE))
        };
        chance.recorded("random_hex", &bytes.to_string(), find)
    });
    engine.register_fn("url_escape", |text: &str| -> String {
        text.bytes().fold(String::new(), |mut escaped, byte| {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                escaped.push(char::from(byte));
            } else {
                // Writing to a String cannot fail.
                let _ = write!(escaped, "%{byte:02X}");
            }
            escaped
        })
    });
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn random(number: usize) -> std::io::Result<String> {
    let mut bytes = vec![0; number];
    let mut filled = 0;
    while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        filled += rustix::rand::getrandom(rest, rustix::rand::GetRandomFlags::empty())?;
    }
    Ok(hexadecimal(&bytes))
}
