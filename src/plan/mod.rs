//! Pure functions from the wishes of a recipe to the command line that a server's login shell is given.

mod command_line;
mod environment;
mod login;
mod mode;
mod opening;
mod prefix;
mod quote;
mod sudo;
mod transfer;

pub(crate) use command_line::{CommandLine, command_line, local_name, placeholders};
pub(crate) use login::{Start, login_line};
pub(crate) use mode::{Mode, NoMode, PERMISSIONS, narrowed};
pub(crate) use opening::{Before, Within, exports, towards};
pub(crate) use prefix::program;
pub(crate) use quote::{quote, quote_path, quote_words};
pub(crate) use sudo::{sudo_calls, sudo_command, with_calls, within_sudo, without_prompts};
pub(crate) use transfer::{
    FILE_FOLLOWS, SentTo, TAR_FOLLOWS, UnaskedMode, get_command, put_command, remove_command, untar_command,
};
