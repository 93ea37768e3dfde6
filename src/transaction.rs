//! The stack of rollback handlers, stepwise.
