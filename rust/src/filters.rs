//! Jinja2's filters and tests where minijinja's differ from them or are missing: they take any value as
//! text, accept Jinja2's keywords, and give tuples where Jinja2 does.

use minijinja::value::{from_args, Kwargs, Rest, ValueKind};
use minijinja::{filters, Environment, Error, State, Value};

use crate::json;
use crate::limits;
use crate::methods;
use crate::operators::{invalid, printf};
use crate::python::{self, is_space, to_text, Tuple};

pub fn add_to(environment: &mut Environment) {
    charge_for_builtins(environment);
    environment.add_filter("tojson", json::tojson);
    environment.add_filter("string", |value: &Value| to_text(value).into_owned());
    environment.add_filter("upper", |value: &Value| to_text(value).to_uppercase());
    environment.add_filter("lower", |value: &Value| to_text(value).to_lowercase());
    environment.add_filter("capitalize", |value: &Value| methods::capitalize(&to_text(value)));
    environment.add_filter("title", title);
    environment.add_filter("trim", trim);
    environment.add_filter("safe", |value: &Value| to_text(value).into_owned());
    environment
        .add_filter("format", |format: &str, arguments: Rest<Value>| printf(format, arguments.0));
    environment.add_filter("escape", escape);
    environment.add_filter("e", escape);
    environment.add_filter("replace", replace);
    environment.add_filter("join", join);
    environment.add_filter("indent", indent);
    environment.add_filter("center", center);
    environment.add_filter("wordcount", wordcount);
    environment.add_filter("truncate", truncate);
    environment.add_filter("default", default);
    environment.add_filter("d", default);
    environment.add_filter("length", length);
    environment.add_filter("count", length);
    environment.add_filter("list", list);
    environment.add_filter("items", items);
    environment.add_filter("dictsort", dictsort);
    environment.add_filter("first", |value: &Value| {
        Ok::<_, Error>(elements(value)?.first().cloned().unwrap_or_default())
    });
    environment.add_filter("last", |value: &Value| {
        Ok::<_, Error>(elements(value)?.last().cloned().unwrap_or_default())
    });
    environment.add_filter("int", int);
    environment.add_filter("float", float);
    environment.add_filter("round", round);
    environment.add_filter("sum", sum);

    environment.add_test("number", |value: &Value| {
        matches!(value.kind(), ValueKind::Number | ValueKind::Bool)
    });
    environment.add_test("sequence", |value: &Value| {
        use ValueKind::{Iterable, Map, Seq, String};
        matches!(value.kind(), Seq | Iterable | Map | String)
    });
    environment.add_test("iterable", |value: &Value| !value.is_none() && value.try_iter().is_ok());
    environment.add_test("lower", |value: &Value| methods::is_lower(&to_text(value)));
    environment.add_test("upper", |value: &Value| methods::is_upper(&to_text(value)));
    environment.add_test("callable", |value: &Value| value.kind() == ValueKind::Plain);
}

/// The filters of minijinja that are used as they are pay for what they go over; those that no chat
/// template needs are gone.
fn charge_for_builtins(environment: &mut Environment) {
    for name in ["chain", "zip", "pprint"] {
        environment.remove_filter(name);
    }
    environment.remove_global("debug");
    let builtins = [
        ("abs", Value::from_function(filters::abs)),
        ("attr", Value::from_function(filters::attr)),
        ("lines", Value::from_function(filters::lines)),
        ("map", Value::from_function(filters::map)),
        ("reject", Value::from_function(filters::reject)),
        ("rejectattr", Value::from_function(filters::rejectattr)),
        ("reverse", Value::from_function(filters::reverse)),
        ("select", Value::from_function(filters::select)),
        ("selectattr", Value::from_function(filters::selectattr)),
        ("split", Value::from_function(filters::split)),
    ];
    let comparing = [
        ("groupby", Value::from_function(filters::groupby)),
        ("max", Value::from_function(filters::max)),
        ("min", Value::from_function(filters::min)),
        ("sort", Value::from_function(filters::sort)),
        ("unique", Value::from_function(filters::unique)),
    ];
    let counting = [
        ("batch", Value::from_function(filters::batch)),
        ("slice", Value::from_function(filters::slice)),
    ];
    for (name, filter) in builtins {
        environment.add_filter(name, move |state: &State, value, arguments| {
            apply(&filter, state, value, arguments)
        });
    }
    for (name, filter) in comparing {
        environment.add_filter(name, move |state: &State, value: Value, arguments| {
            limits::weigh(&value, 0)?;
            apply(&filter, state, value, arguments)
        });
    }
    for (name, filter) in counting {
        environment.add_filter(name, move |state: &State, value, arguments: Rest<Value>| {
            let count = arguments.first().and_then(|count| count.as_usize()).unwrap_or(0);
            limits::spend_items(count)?;
            apply(&filter, state, value, arguments)
        });
    }
}

fn apply(
    filter: &Value,
    state: &State,
    value: Value,
    arguments: Rest<Value>,
) -> Result<Value, Error> {
    limits::spend_items(value.len().unwrap_or_else(|| python::items(&value).len()))?;
    filter.call(state, &[vec![value], arguments.0].concat())
}

/// The arguments of a filter: by position, then by keyword.
struct Arguments {
    by_position: Vec<Value>,
    by_name: Kwargs,
}

impl Arguments {
    fn new(arguments: Rest<Value>) -> Result<Arguments, Error> {
        let (by_position, by_name): (&[Value], Kwargs) = from_args(&arguments)?;
        Ok(Arguments { by_position: by_position.to_vec(), by_name })
    }

    fn get(&self, place: usize, name: &str) -> Option<Value> {
        let by_name = || self.by_name.get::<Option<Value>>(name).ok().flatten();
        self.by_position.get(place).cloned().or_else(by_name)
    }

    fn flag(&self, place: usize, name: &str) -> bool {
        self.get(place, name).is_some_and(|value| value.is_true())
    }

    fn integer(&self, place: usize, name: &str, absent: i64) -> i64 {
        self.get(place, name).and_then(|value| value.as_i64()).unwrap_or(absent)
    }
}

/// What iterating over the value gives; none and numbers cannot be iterated over.
fn elements(value: &Value) -> Result<Vec<Value>, Error> {
    if value.is_none() {
        return Err(invalid("none is not iterable"));
    }
    Ok(python::within_limits(value.try_iter()?))
}

/// value[path], where the path may be dotted or an index.
fn attribute(value: &Value, path: &Value) -> Result<Value, Error> {
    if path.is_integer() {
        return value.get_item(path);
    }
    to_text(path).split('.').try_fold(value.clone(), |value, part| match part.parse::<usize>() {
        Ok(index) => value.get_item_by_index(index),
        Err(_) => value.get_attr(part),
    })
}

fn escape(value: &Value) -> String {
    let text = to_text(value).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('\'', "&#39;").replace('"', "&#34;")
}

/// Capital letters after white space, dashes and opening brackets, small ones elsewhere.
fn title(value: &Value) -> String {
    let mut text = String::new();
    let mut begins = true;
    for c in to_text(value).chars() {
        if begins {
            text.extend(c.to_uppercase());
        } else {
            text.extend(c.to_lowercase());
        }
        begins = is_space(c) || "-({[<".contains(c);
    }
    text
}

fn trim(value: &Value, chars: Option<Value>) -> String {
    methods::strip(&to_text(value), chars.as_ref().and_then(|c| c.as_str()), true, true).to_string()
}

fn replace(value: &Value, old: &Value, new: &Value, count: Option<i64>) -> Result<String, Error> {
    let count = count.filter(|count| *count >= 0);
    methods::replace(&to_text(value), &to_text(old), &to_text(new), count)
}

fn join(value: &Value, arguments: Rest<Value>) -> Result<String, Error> {
    let arguments = Arguments::new(arguments)?;
    let mut items = elements(value)?;
    if let Some(path) = arguments.get(1, "attribute") {
        items = items.iter().map(|item| attribute(item, &path)).collect::<Result<_, _>>()?;
    }
    let glue = arguments.get(0, "d").unwrap_or_default();
    let glue = to_text(&glue);
    limits::spend(glue.len().saturating_mul(items.len()))?;
    Ok(items.iter().map(to_text).collect::<Vec<_>>().join(&glue))
}

fn indent(value: &Value, arguments: Rest<Value>) -> Result<String, Error> {
    let arguments = Arguments::new(arguments)?;
    let margin = match arguments.get(0, "width") {
        Some(width) if width.as_str().is_some() => to_text(&width).into_owned(),
        Some(width) => methods::spaces(width.as_usize().unwrap_or(0))?,
        None => " ".repeat(4),
    };
    let (first, blank) = (arguments.flag(1, "first"), arguments.flag(2, "blank"));
    let indented = |(i, line): (usize, &str)| {
        let indents = if i == 0 { first } else { blank || !line.is_empty() };
        format!("{}{line}", if indents { margin.as_str() } else { "" })
    };
    let text = to_text(value) + "\n";
    let lines = methods::split_lines(&text, false);
    limits::spend(margin.len().saturating_add(limits::ITEM).saturating_mul(lines.len()))?;
    Ok(lines.into_iter().enumerate().map(indented).collect::<Vec<_>>().join("\n"))
}

fn center(value: &Value, width: Option<usize>) -> Result<String, Error> {
    methods::pad(&to_text(value), width.unwrap_or(80), ' ', methods::Side::Both)
}

fn wordcount(value: &Value) -> usize {
    to_text(value)
        .split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .filter(|word| !word.is_empty())
        .count()
}

fn truncate(value: &Value, arguments: Rest<Value>) -> Result<String, Error> {
    let arguments = Arguments::new(arguments)?;
    let length = arguments.integer(0, "length", 255).max(0) as usize;
    let end = arguments.get(2, "end").map_or("...".to_string(), |end| to_text(&end).into_owned());
    let leeway = arguments.integer(3, "leeway", 5).max(0) as usize;
    let text = to_text(value);
    let chars: Vec<char> = text.chars().collect();
    if chars.len() <= length + leeway {
        return Ok(text.into_owned());
    }
    let kept: String = chars[..length.saturating_sub(end.chars().count())].iter().collect();
    let whole_words = if arguments.flag(1, "killwords") {
        kept.as_str()
    } else {
        kept.rsplit_once(' ').map_or(kept.as_str(), |(head, _)| head)
    };
    Ok(format!("{whole_words}{end}"))
}

fn default(value: &Value, arguments: Rest<Value>) -> Result<Value, Error> {
    let arguments = Arguments::new(arguments)?;
    let absent = value.is_undefined() || (arguments.flag(1, "boolean") && !value.is_true());
    let fallback = || arguments.get(0, "default_value").unwrap_or_else(|| Value::from(""));
    Ok(if absent { fallback() } else { value.clone() })
}

fn length(value: &Value) -> Result<usize, Error> {
    limits::spend(value.as_str().map_or(0, str::len) / 16)?;
    match value.kind() {
        ValueKind::Undefined => Ok(0),
        ValueKind::Iterable => Ok(python::items(value).len()),
        kind => value.len().ok_or_else(|| invalid(format!("a value of type {kind} has no length"))),
    }
}

fn list(value: &Value) -> Result<Vec<Value>, Error> {
    elements(value)
}

fn items(value: &Value) -> Result<Vec<Value>, Error> {
    match value.kind() {
        ValueKind::Undefined => Ok(Vec::new()),
        ValueKind::Map => Ok(python::pairs(value)
            .into_iter()
            .map(|(key, item)| Tuple::of(vec![key, item]))
            .collect()),
        kind => Err(invalid(format!("items needs a mapping, not {kind}"))),
    }
}

fn dictsort(value: &Value, arguments: Rest<Value>) -> Result<Vec<Value>, Error> {
    let arguments = Arguments::new(arguments)?;
    if value.kind() != ValueKind::Map {
        return Err(invalid(format!("dictsort needs a mapping, not {}", value.kind())));
    }
    let case_sensitive = arguments.flag(0, "case_sensitive");
    let by_value = arguments.get(1, "by").is_some_and(|by| by.as_str() == Some("value"));
    let mut pairs = python::pairs(value);
    pairs.sort_by_cached_key(|(key, item)| {
        let by = if by_value { item } else { key };
        by.as_str()
            .filter(|_| !case_sensitive)
            .map_or(by.clone(), |text| Value::from(text.to_lowercase()))
    });
    if arguments.flag(2, "reverse") {
        pairs.reverse();
    }
    Ok(pairs.into_iter().map(|(key, item)| Tuple::of(vec![key, item])).collect())
}

fn int(value: &Value, arguments: Rest<Value>) -> Result<Value, Error> {
    let arguments = Arguments::new(arguments)?;
    let base = arguments.integer(1, "base", 10).clamp(2, 36) as u32;
    let parsed =
        match value.as_str().map(|text| methods::strip(text, None, true, true).replace('_', "")) {
            Some(text) => i128::from_str_radix(&text, base)
                .ok()
                .or_else(|| text.parse::<f64>().ok().and_then(whole)),
            None => python::as_integer(value).or_else(|| python::as_float(value).and_then(whole)),
        };
    Ok(match parsed {
        Some(number) => i64::try_from(number).map_or_else(|_| Value::from(number), Value::from),
        None => arguments.get(0, "default").unwrap_or_else(|| Value::from(0)),
    })
}

fn whole(number: f64) -> Option<i128> {
    number.is_finite().then_some(number as i128)
}

fn float(value: &Value, arguments: Rest<Value>) -> Result<Value, Error> {
    let arguments = Arguments::new(arguments)?;
    let parsed = match value.as_str() {
        Some(text) => methods::strip(text, None, true, true).parse::<f64>().ok(),
        None => python::as_float(value)
            .or_else(|| python::as_integer(value).map(|integer| integer as f64)),
    };
    Ok(match parsed {
        Some(number) => Value::from(number),
        None => arguments.get(0, "default").unwrap_or_else(|| Value::from(0.0)),
    })
}

/// A float has no more behind its point.
const DIGITS: i64 = 1074;

/// Rounds half to even, as Python does; `method` may be "ceil" or "floor".
fn round(value: &Value, arguments: Rest<Value>) -> Result<Value, Error> {
    let arguments = Arguments::new(arguments)?;
    let precision = arguments.integer(0, "precision", 0);
    let method = arguments.get(1, "method");
    let method = method.as_ref().and_then(|method| method.as_str()).unwrap_or("common");
    let scale = 10f64.powi(precision as i32);
    match (python::as_integer(value), python::as_float(value)) {
        (Some(_), _) if method == "common" && precision >= 0 => Ok(value.clone()),
        (integer, float) => {
            let number = float
                .or(integer.map(|integer| integer as f64))
                .ok_or_else(|| invalid("round needs a number"))?;
            Ok(Value::from(match method {
                "ceil" => (number * scale).ceil() / scale,
                "floor" => (number * scale).floor() / scale,
                _ if precision >= 0 => {
                    format!("{number:.*}", precision.min(DIGITS) as usize).parse().unwrap_or(number)
                }
                _ => (number * scale).round_ties_even() / scale,
            }))
        }
    }
}

fn sum(value: &Value, arguments: Rest<Value>) -> Result<Value, Error> {
    let arguments = Arguments::new(arguments)?;
    let path = arguments.get(0, "attribute").filter(|path| !path.is_none());
    let mut items = elements(value)?;
    if let Some(path) = path {
        items = items.iter().map(|item| attribute(item, &path)).collect::<Result<_, _>>()?;
    }
    items.extend(arguments.get(1, "start"));
    let integers: Option<Vec<i128>> = items.iter().map(python::as_integer).collect();
    if let Some(integers) = integers {
        return Ok(Value::from(integers.iter().sum::<i128>() as i64));
    }
    let number = |item: &Value| {
        python::as_float(item).or_else(|| python::as_integer(item).map(|i| i as f64))
    };
    let numbers: Option<Vec<f64>> = items.iter().map(number).collect();
    numbers
        .map(|numbers| Value::from(numbers.iter().sum::<f64>()))
        .ok_or_else(|| invalid("sum needs numbers"))
}
