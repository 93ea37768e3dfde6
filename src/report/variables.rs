//! The variables of a recipe and who set them, for standard output.

use serde::Serialize;

use crate::configuration::{Setter, Setting, Shown, Value, Variable};
use crate::origin::Origin;
use crate::secret::REDACTED;

use super::json::Json;
use super::tasks::first_sentence;
use super::text::{cut, quoted};

/// The most characters of a value: a script as a value would fill the screen. JSON has it whole.
const LONGEST: usize = 160;

/// Returns a line for each variable; below it the value, if it was asked for, and the settings that have no effect.
pub(super) fn variables(variables: &[Variable]) -> String {
    let width = variables.iter().map(|variable| variable.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for variable in variables {
        let mut name = variable.name.as_str();
        for line in lines(variable) {
            text.push_str(&format!("{name:width$}  {line}\n"));
            name = "";
        }
    }
    text
}

fn lines(variable: &Variable) -> Vec<String> {
    let mut lines = vec![setting(&variable.setting)];
    lines.extend(variable.value.as_ref().map(|value| match value {
        Shown::Value(value) => format!("= {}", cut(&written(value), LONGEST)),
        Shown::Secret => format!("= {REDACTED}"),
        Shown::Failed(reason) => format!("no value: {}", reason.lines().next().unwrap_or_default()),
    }));
    let overridden = variable.overridden.iter().rev();
    lines.extend(overridden.map(|other| format!("over {}", setting(other))));
    lines.extend(variable.meaning.as_deref().map(first_sentence));
    lines
}

/// Returns the setter of a variable and the place, in words.
pub(super) fn setting(setting: &Setting) -> String {
    let place = |origin: &Option<Origin>| match origin {
        Some(origin) => format!("{}:{}", origin.file, origin.line),
        None => "a recipe".to_owned(),
    };
    let mut text = match &setting.by {
        Setter::Capr => "capr".to_owned(),
        Setter::Person => "-p".to_owned(),
        Setter::Before => "-S".to_owned(),
        Setter::After => "-s".to_owned(),
        Setter::Stage => "the stage".to_owned(),
        Setter::Recipe(origin) => place(origin),
        Setter::Default(origin) => format!("{}, default", place(origin)),
    };
    if setting.is_lazy {
        text.push_str(", lazy");
    }
    text
}

/// Returns a value as a recipe writes it.
fn written(value: &Value) -> String {
    let all = |parts: Vec<String>| parts.join(", ");
    match value {
        Value::Unit => "()".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::Float(value) => value.to_string(),
        Value::Text(text) => quoted(text),
        Value::List(list) => format!("[{}]", all(list.iter().map(written).collect())),
        Value::Map(map) => {
            let pairs = map
                .iter()
                .map(|(name, value)| format!("{}: {}", quoted(name), written(value)));
            format!("#{{{}}}", all(pairs.collect()))
        }
    }
}

/// Returns one JSON object per line for each variable.
pub(super) fn variables_json(variables: &[Variable], json: &Json) -> String {
    variables
        .iter()
        .map(|variable| json.line(&Line::of(variable)))
        .collect()
}

/// A variable in JSON.
#[derive(Serialize)]
#[serde(tag = "type", rename = "variable")]
struct Line<'a> {
    name: &'a str,
    set: Set<'a>,
    overridden: Vec<Set<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    meaning: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a Value>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    secret: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    failed: Option<&'a str>,
}

#[derive(Serialize)]
struct Set<'a> {
    by: &'static str,
    lazy: bool,
    #[serde(flatten)]
    origin: Option<&'a Origin>,
}

impl<'a> Line<'a> {
    fn of(variable: &'a Variable) -> Self {
        let mut line = Self {
            name: &variable.name,
            set: Set::of(&variable.setting),
            overridden: variable.overridden.iter().map(Set::of).collect(),
            meaning: variable.meaning.as_deref(),
            value: None,
            secret: false,
            failed: None,
        };
        match &variable.value {
            None => {}
            Some(Shown::Value(value)) => line.value = Some(value),
            Some(Shown::Secret) => line.secret = true,
            Some(Shown::Failed(reason)) => line.failed = Some(reason),
        }
        line
    }
}

impl<'a> Set<'a> {
    fn of(setting: &'a Setting) -> Self {
        let (by, origin) = match &setting.by {
            Setter::Capr => ("capr", None),
            Setter::Person => ("-p", None),
            Setter::Before => ("-S", None),
            Setter::After => ("-s", None),
            Setter::Stage => ("stage", None),
            Setter::Recipe(origin) => ("set", origin.as_ref()),
            Setter::Default(origin) => ("set_default", origin.as_ref()),
        };
        Self {
            by,
            lazy: setting.is_lazy,
            origin,
        }
    }
}
