//! Functions about tasks and the words that recipes have for them.

use super::FunctionRow;

pub(super) static FUNCTIONS: &[FunctionRow] = &[
    FunctionRow {
        form: "arguments()",
        doc: "The words of the command line that name the stage and the tasks, in order: `[\"production\", \"deploy\"]` for \
              `capr production deploy -v TAG=1`. A recipe that asks for a task here cannot be sure that it runs: a hook or another task may call it.",
        example: "type_of(arguments())",
        gives: "\"array\"",
    },
    FunctionRow {
        form: "is_hooked(name, event)",
        doc: "Whether anything runs around a task, where the event is `before` or `after`: a hook, or a task that is one by its name, \
              such as `before_symlink`.",
        example: "{ before :symlink, :restart; [is_hooked(:symlink, :before), is_hooked(:symlink, :after)] }",
        gives: "[true, false]",
    },
    FunctionRow {
        form: "is_own_task(name)",
        doc: "Whether the task of that name is one that a recipe has defined, and not the deploy library.",
        example: "{ task :go { } let found = [is_own_task(:go), is_own_task(:symlink)]; found }",
        gives: "[true, false]",
    },
    FunctionRow {
        form: "is_own_variable(name)",
        doc: "Whether a recipe, a library, the command line or a person has set a variable; a default does not count.",
        example: "{ set :rake, \"bin/rake\"; [is_own_variable(:rake), is_own_variable(:rails_env)] }",
        gives: "[true, false]",
    },
    FunctionRow {
        form: "recipe_dialect()",
        doc: "The Capistrano whose words the recipes speak, as far as they were read: 3 where they name its tasks \
              (`deploy:published`), 2 where they name others in `deploy:` or open that namespace, 1 otherwise. It is the default \
              of the variable `dialect`.",
        example: "recipe_dialect()",
        gives: "1",
    },
    FunctionRow {
        form: "task_runs(name)",
        doc: "How often a task was begun in this run, under any of its names.",
        example: "{ task :go { } let before = task_runs(:go); [before, task_runs(:go)] }",
        gives: "[0, 0]",
    },
];
