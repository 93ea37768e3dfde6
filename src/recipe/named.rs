//! The words of the command line that name tasks, with what they tell these: `deploy:web:disable UNTIL`, `db:copy[live,test]`.

use std::collections::BTreeMap;

use super::Recipe;
use crate::configuration::Task;
use crate::diagnostic::{Diagnostic, Fault};

impl Recipe {
    /// Returns the tasks that words name. The words that belong to a task before them, and those in brackets behind its name, become
    /// environment variables, as the task says. A word that names a task is one.
    pub fn take_words(&self, words: Vec<String>) -> Result<Vec<String>, Vec<Diagnostic>> {
        let configuration = self.interpreter.defined().configuration();
        let mut tasks = Vec::new();
        let mut wanted = None;
        let mut given: BTreeMap<String, (String, String)> = BTreeMap::new();
        for word in words {
            let task = configuration.tasks.get(&word);
            if let (Some(name), None) = (wanted.take(), &task) {
                self.interpreter.machine().set_environment_variable(name, word);
                continue;
            }
            let with_arguments = task.is_none().then(|| bracketed(&word)).flatten();
            let with_arguments =
                with_arguments.and_then(|(name, inside)| Some((configuration.tasks.get(name)?, name, inside)));
            if let Some((task, name, inside)) = with_arguments.filter(|(task, ..)| !task.arguments.is_empty()) {
                for (variable, value) in told(&task, inside) {
                    // The environment is one for all tasks.
                    if let Some((before, other)) = given.insert(variable.clone(), (value.clone(), word.clone()))
                        && before != value
                    {
                        let message = format!("`{other}' and `{word}' both set {variable}");
                        let wrong = Diagnostic::new(Fault::Usage, message);
                        return Err(vec![wrong.hint("run one after the other: two runs of capr")]);
                    }
                    self.interpreter.machine().set_environment_variable(variable, value);
                }
                tasks.push(name.to_owned());
                continue;
            }
            wanted = task.and_then(|task| task.word.clone());
            tasks.push(word);
        }
        Ok(tasks)
    }

    /// Returns the advice for a word with brackets that names a task which takes nothing in them.
    pub(super) fn advice_on_brackets(&self, word: &str) -> Option<String> {
        let (name, _) = bracketed(word)?;
        self.interpreter.defined().configuration().tasks.get(name)?;
        Some(format!(
            "the task `{name}' takes nothing in brackets: it would name what it takes, task :…, :arguments => [\"NAME\"]; \
             or what it is to know follows it, and the recipe reads ENV[\"NAME\"]: capr {name} NAME=value"
        ))
    }
}

/// Returns the parts of `name[inside]`.
fn bracketed(word: &str) -> Option<(&str, &str)> {
    word.strip_suffix(']')?.split_once('[')
}

/// Returns the values that the words in brackets have for a task, each with its variable. As in Rake blanks around a word do not count, and
/// a word that is not there sets nothing; nor do words too many.
fn told(task: &Task, inside: &str) -> Vec<(String, String)> {
    let mut words = inside.split(',').map(str::trim);
    let mut told = Vec::new();
    for name in &task.arguments {
        let (name, value) = match name.strip_prefix('*') {
            Some(name) => (name, words.by_ref().collect::<Vec<_>>().join(",")),
            None => (name.as_str(), words.next().unwrap_or_default().to_owned()),
        };
        told.extend((!value.is_empty()).then(|| (name.to_owned(), value)));
    }
    told
}
