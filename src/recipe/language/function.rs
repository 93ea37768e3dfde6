//! The row of a function.

/// A function, for the reference.
pub(in crate::recipe) struct Function {
    pub(in crate::recipe) form: &'static str,
    pub(in crate::recipe) doc: &'static str,
    /// An expression that calls it.
    pub(in crate::recipe) example: &'static str,
    /// An expression for what the example gives.
    pub(in crate::recipe) gives: &'static str,
}

impl Function {
    /// Its name.
    pub(in crate::recipe) fn name(&self) -> &'static str {
        self.form.split('(').next().unwrap_or(self.form)
    }
}
