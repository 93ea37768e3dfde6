//! The guide's pages and the reference of the language, for a terminal and for `man`. Everything here turns strings into strings;
//! higher layers show or write them.

mod document;
mod pages;
mod roff;
mod screen;

pub(crate) use document::Document;
pub use pages::{PAGES, index};
pub(crate) use pages::{everything, names, page, section};
pub(crate) use roff::{escaped, roff};
pub(crate) use screen::screen;
