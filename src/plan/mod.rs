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

pub use command_line::{CommandLine, command_line, local_name, placeholders};
pub use login::{Start, login_line};
pub use mode::{Mode, NoMode, PERMISSIONS, narrowed};
pub use opening::{Before, Within, exports, towards};
pub use prefix::program;
pub use quote::{quote, quote_path, quote_words};
pub use sudo::{sudo_calls, sudo_command, with_calls, within_sudo, without_prompts};
pub use transfer::{FILE_FOLLOWS, TAR_FOLLOWS, get_command, put_command, remove_command, untar_command};
