//! The code of verbs. Each function is paired with its row in `language/verbs`.

mod around;
mod assertions;
mod commands;
mod depend;
mod downloads;
mod each_server;
mod files;
mod lists;
mod load;
mod parallel;
mod people;
mod questions;
mod render;
mod rolling;
mod servers;
mod tasks;
mod transactions;
mod trials;
mod uploads;
mod variables;
mod within_sudo;

pub(in crate::recipe) use self::commands::run_text;
pub(in crate::recipe) use self::questions::register;

use super::verb_context::Performed;
use crate::recipe::language::verbs::for_all_verbs;

macro_rules! performances {
    ($($file:ident::$verb:ident,)* ; $($trial:ident::$only:ident,)*) => {
        /// The code of all verbs, in the order of their rows.
        pub(in crate::recipe) static PERFORMED: &[Performed] = &[$($file::$verb),*];
        /// The code of the verbs that only test files have.
        pub(in crate::recipe) static PERFORMED_IN_TESTS: &[Performed] = &[$($trial::$only),*];
    };
}

for_all_verbs!(performances);
