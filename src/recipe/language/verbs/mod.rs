//! The verbs of the recipe language, one row each. The grammar, the checks, the reference and the suggestions are made from this
//! table; the code of the verbs is in `running/verbs`.

pub(in crate::recipe) mod around;
pub(in crate::recipe) mod assertions;
pub(in crate::recipe) mod commands;
pub(in crate::recipe) mod depend;
pub(in crate::recipe) mod downloads;
pub(in crate::recipe) mod files;
pub(in crate::recipe) mod lists;
pub(in crate::recipe) mod load;
pub(in crate::recipe) mod parallel;
pub(in crate::recipe) mod people;
pub(in crate::recipe) mod questions;
pub(in crate::recipe) mod render;
pub(in crate::recipe) mod rolling;
pub(in crate::recipe) mod servers;
pub(in crate::recipe) mod tasks;
pub(in crate::recipe) mod transactions;
pub(in crate::recipe) mod trials;
pub(in crate::recipe) mod uploads;
pub(in crate::recipe) mod variables;

use super::verb::Verb;

/// Passes the list of all verbs, sorted by name, to a macro. The rows here and the code in `running/verbs` are both made from it:
/// they have the same names, in files of the same names. The verbs of test files come after the `;`.
macro_rules! for_all_verbs {
    ($make:ident) => {
        $make! {
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
            ;
            trials::ANSWER,
            assertions::ASSERT,
            assertions::ASSERT_COMMANDS,
            assertions::ASSERT_CONTAINS,
            assertions::ASSERT_EQ,
            assertions::ASSERT_ERROR,
            assertions::ASSERT_FAILS,
            assertions::ASSERT_NE,
            assertions::ASSERT_NONE,
            assertions::ASSERT_NOT_RAN,
            assertions::ASSERT_ORDER,
            assertions::ASSERT_RAN,
            assertions::ASSERT_ROLLED_BACK,
            assertions::ASSERT_SAID,
            assertions::ASSERT_SENT,
            assertions::ASSERT_TASKS,
            trials::REHEARSE,
            trials::REPLY,
            trials::SET_CLOCK,
            trials::TEST,
            trials::UNREACHABLE,
        }
    };
}

pub(in crate::recipe) use for_all_verbs;

macro_rules! rows {
    ($($file:ident::$verb:ident,)* ; $($trial:ident::$only:ident,)*) => {
        /// All verbs of recipes, sorted by name.
        pub(in crate::recipe) static VERBS: &[Verb] = &[$($file::$verb),*];
        /// The verbs that only test files have, sorted by name. In a test file they replace others of the same name.
        pub(in crate::recipe) static VERBS_OF_TESTS: &[Verb] = &[$($trial::$only),*];
    };
}

for_all_verbs!(rows);

/// Returns the verb of this name.
pub(in crate::recipe) fn find(name: &str) -> Option<&'static Verb> {
    let index = VERBS.binary_search_by(|verb| verb.name.cmp(name)).ok()?;
    VERBS.get(index)
}

/// Returns the verb of that name that only test files have.
pub(in crate::recipe) fn find_of_tests(name: &str) -> Option<&'static Verb> {
    let index = VERBS_OF_TESTS.binary_search_by(|verb| verb.name.cmp(name)).ok()?;
    VERBS_OF_TESTS.get(index)
}

/// Returns true if a file has tests, by its name.
pub(crate) fn is_test_file(name: &str) -> bool {
    name.ends_with(TEST_FILE)
}

/// The end of the name of a file that has tests.
pub(in crate::recipe) const TEST_FILE: &str = "_test.rhai";

/// Returns true if the arguments of a verb are names, or become the value of one; a verb with other arguments may be given the
/// result of a task.
pub(in crate::recipe) fn takes_names(verb: &str) -> bool {
    matches!(
        verb,
        "after"
            | "alias_task"
            | "any"
            | "append"
            | "before"
            | "exists"
            | "fetch"
            | "find_servers"
            | "invoke"
            | "namespace"
            | "on"
            | "reset"
            | "remove"
            | "role"
            | "server"
            | "set"
            | "set_default"
            | "set_if_empty"
            | "synonym_task"
            | "task"
            | "unset"
    )
}

/// Returns the names of all verbs.
pub(in crate::recipe) fn names() -> impl Iterator<Item = &'static str> {
    VERBS.iter().map(|verb| verb.name)
}
