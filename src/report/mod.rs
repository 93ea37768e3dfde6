//! The only folder that prints: reporters, diagnostics, summary, task lists.
