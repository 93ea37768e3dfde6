//! The guide's pages and the reference of the language, for a terminal and for `man`. Everything here turns strings into strings;
//! higher layers show or write them.

mod document;
mod pages;
mod roff;
mod screen;

pub use document::Document;
pub use pages::{PAGES, Page, everything, index, page, section};
pub use roff::{escaped, roff};
pub use screen::screen;
