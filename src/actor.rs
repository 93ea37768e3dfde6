//! Performs actions for the current task.
