//! The variables of a recipe and who set them, for standard output.

use crate::configuration::{Setter, Setting, Shown, Value, Variable};
use crate::origin::Origin;
use crate::secret::REDACTED;

use super::clean::Cleaner;
use super::json::Object;
use super::text::{cut, quoted};

/// A script as a value would fill the screen; JSON has it whole.
const LONGEST: usize = 160;

/// A line for each variable; below it the value, where it was asked for, and the settings that do not hold.
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
    lines
}

fn setting(setting: &Setting) -> String {
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

/// A value as a recipe has it.
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

/// The same, one JSON object per line.
pub(super) fn variables_json(variables: &[Variable], cleaner: &Cleaner) -> String {
    variables.iter().map(|variable| line(variable, cleaner)).collect()
}

fn line(variable: &Variable, cleaner: &Cleaner) -> String {
    let overridden: Vec<String> = variable.overridden.iter().map(|other| object(other, cleaner)).collect();
    let mut line = Object::new(cleaner, "variable");
    line.text("name", &variable.name)
        .raw("set", &object(&variable.setting, cleaner))
        .raw("overridden", &format!("[{}]", overridden.join(",")));
    match &variable.value {
        None => &mut line,
        Some(Shown::Value(value)) => line.value("value", value),
        Some(Shown::Secret) => line.boolean("secret", true),
        Some(Shown::Failed(reason)) => line.text("failed", reason),
    };
    line.line()
}

fn object(setting: &Setting, cleaner: &Cleaner) -> String {
    let (by, origin) = match &setting.by {
        Setter::Capr => ("capr", &None),
        Setter::Person => ("-p", &None),
        Setter::Before => ("-S", &None),
        Setter::After => ("-s", &None),
        Setter::Stage => ("stage", &None),
        Setter::Recipe(origin) => ("set", origin),
        Setter::Default(origin) => ("set_default", origin),
    };
    let mut object = Object::untyped(cleaner);
    object.text("by", by).boolean("lazy", setting.is_lazy);
    if let Some(origin) = origin {
        object
            .text("file", &origin.file)
            .number("line", origin.line)
            .number("column", origin.column);
    }
    object.end()
}
