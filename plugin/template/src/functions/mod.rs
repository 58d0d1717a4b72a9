//! The functions that are known here, of Go's own (`text/template`, `funcs.go`) and of
//! sprig's: those that Blueprints use. Each is what Go's is, or an error.

mod compare;
mod lists;
mod numbers;
mod print;
mod texts;
mod values;

use crate::{RenderError, Value};

type Function = fn(&[Value]) -> Result<Value, RenderError>;

/// Name, the least and the most arguments, and what it does.
type Known = (&'static str, usize, Option<usize>, Function);

const MANY: Option<usize> = None;

/// All of them.
const KNOWN: &[Known] = &[
    ("and", 1, MANY, first),
    ("or", 1, MANY, first),
    ("not", 1, Some(1), compare::not),
    ("eq", 1, MANY, compare::eq),
    ("ne", 2, Some(2), compare::ne),
    ("lt", 2, Some(2), compare::lt),
    ("le", 2, Some(2), compare::le),
    ("gt", 2, Some(2), compare::gt),
    ("ge", 2, Some(2), compare::ge),
    ("index", 1, MANY, values::index),
    ("len", 1, Some(1), values::len),
    ("print", 0, MANY, print::print),
    ("printf", 1, MANY, print::printf),
    ("default", 1, MANY, values::default),
    ("empty", 1, Some(1), values::is_empty),
    ("coalesce", 0, MANY, values::coalesce),
    ("ternary", 3, Some(3), values::ternary),
    ("fail", 1, Some(1), values::fail),
    ("hasKey", 2, Some(2), values::has_key),
    ("toJson", 1, Some(1), print::to_json),
    ("toString", 1, Some(1), print::to_string),
    ("quote", 0, MANY, print::quote),
    ("squote", 0, MANY, print::squote),
    ("upper", 1, Some(1), texts::upper),
    ("lower", 1, Some(1), texts::lower),
    ("trim", 1, Some(1), texts::trim),
    ("trimPrefix", 2, Some(2), texts::trim_prefix),
    ("trimSuffix", 2, Some(2), texts::trim_suffix),
    ("hasPrefix", 2, Some(2), texts::has_prefix),
    ("hasSuffix", 2, Some(2), texts::has_suffix),
    ("contains", 2, Some(2), texts::contains),
    ("replace", 3, Some(3), texts::replace),
    ("trunc", 2, Some(2), texts::trunc),
    ("repeat", 2, Some(2), texts::repeat),
    ("indent", 2, Some(2), texts::indent),
    ("nindent", 2, Some(2), texts::nindent),
    ("b64enc", 1, Some(1), texts::b64enc),
    ("b64dec", 1, Some(1), texts::b64dec),
    ("join", 2, Some(2), lists::join),
    ("splitList", 2, Some(2), lists::split),
    ("list", 0, MANY, lists::list),
    ("first", 1, Some(1), lists::first),
    ("last", 1, Some(1), lists::last),
    ("rest", 1, Some(1), lists::rest),
    ("int", 1, Some(1), numbers::int),
    ("int64", 1, Some(1), numbers::int64),
    ("add", 0, MANY, numbers::add),
    ("sub", 2, Some(2), numbers::sub),
    ("mul", 1, MANY, numbers::mul),
];

/// Both are decided before.
fn first(values: &[Value]) -> Result<Value, RenderError> {
    Ok(values.first().cloned().unwrap_or(Value::Nil))
}

pub(crate) fn is_known(name: &str) -> bool {
    KNOWN.iter().any(|(one, ..)| *one == name)
}

pub(crate) fn not_known(name: &str) -> RenderError {
    RenderError::not_known(format!("the function {name}"))
}

pub(crate) fn call(name: &str, values: &[Value]) -> Result<Value, RenderError> {
    let found = KNOWN.iter().find(|(one, ..)| *one == name);
    let (_, least, most, function) = found.ok_or_else(|| not_known(name))?;
    let count = values.len();
    if count < *least || most.is_some_and(|most| count > most) {
        return Err(RenderError::fails(format!(
            "{name} does not take {count} arguments"
        )));
    }
    function(values).map_err(|error| match error {
        RenderError::Fails(why) => RenderError::Fails(format!("{name}: {why}")),
        RenderError::NotKnown(what) => RenderError::NotKnown(format!("{name} of {what}")),
        undecided => undecided,
    })
}

/// An argument that Go wants as a `string`.
fn text(value: &Value) -> Result<&str, RenderError> {
    match value {
        Value::Text(text) => Ok(text),
        other => Err(wrong_type("a string", other)),
    }
}

/// One that it wants as an `int`: what an object has is none, but an `int64`.
fn count(value: &Value) -> Result<i64, RenderError> {
    match value {
        Value::Int(number) => Ok(*number),
        // A literal that is whole would do.
        Value::Float(_) => Err(RenderError::not_known("a number with a point")),
        other => Err(wrong_type("an int", other)),
    }
}

fn wrong_type(wanted: &str, value: &Value) -> RenderError {
    RenderError::fails(format!("{wanted} is wanted, and it is a {}", value.kind()))
}
