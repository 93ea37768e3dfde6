//! The row of a function.

/// A function, as the reference shows it.
pub(in crate::recipe) struct FunctionRow {
    pub(in crate::recipe) form: &'static str,
    pub(in crate::recipe) doc: &'static str,
    /// An expression that calls the function.
    pub(in crate::recipe) example: &'static str,
    /// An expression with the result of the example.
    pub(in crate::recipe) gives: &'static str,
}

impl FunctionRow {
    /// Returns the function's name.
    pub(in crate::recipe) fn name(&self) -> &'static str {
        self.form.split('(').next().unwrap_or(self.form)
    }
}
