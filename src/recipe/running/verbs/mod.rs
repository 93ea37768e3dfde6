//! What verbs do. Each is paired with its row in `language/verbs`.

mod around;
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
mod uploads;
mod variables;
mod within_sudo;

pub(in crate::recipe) use self::commands::run_text;
pub(in crate::recipe) use self::questions::register;

use super::performed::Performed;

/// What all verbs do, in the order of their rows.
pub(in crate::recipe) static PERFORMED: &[Performed] = &[
    people::ABORT,
    tasks::AFTER,
    tasks::ALIAS_TASK,
    lists::ANY,
    lists::APPEND,
    around::AS,
    questions::ASK,
    tasks::BEFORE,
    commands::CAPTURE,
    commands::CAPTURE_ALL,
    questions::CHOOSE,
    tasks::CURRENT_TASK,
    people::DEBUG,
    files::DELETE,
    depend::DEPEND,
    tasks::DESC,
    downloads::DOWNLOAD,
    commands::EXECUTE,
    variables::EXISTS,
    variables::FETCH,
    servers::FIND_SERVERS,
    downloads::GET,
    people::INFO,
    tasks::INVOKE,
    commands::INVOKE_COMMAND,
    load::LOAD,
    tasks::NAMESPACE,
    tasks::ON,
    transactions::ON_ROLLBACK,
    parallel::PARALLEL,
    questions::PASSWORD_PROMPT,
    uploads::PUT,
    people::PUTS,
    lists::REMOVE,
    render::RENDER,
    load::REQUIRE,
    variables::RESET,
    servers::ROLE,
    rolling::ROLLING,
    commands::RUN,
    commands::RUN_LOCALLY,
    servers::SERVER,
    variables::SET,
    variables::SET_DEFAULT,
    variables::SET_IF_EMPTY,
    commands::STREAM,
    commands::SUDO,
    tasks::SYNONYM_TASK,
    commands::SYSTEM,
    tasks::TASK,
    commands::TEST,
    transactions::TRANSACTION,
    commands::TRY_SUDO,
    variables::UNSET,
    uploads::UPLOAD,
    people::WARN,
    around::WITH,
    around::WITHIN,
];
