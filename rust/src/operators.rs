//! Python's operators where minijinja's differ: `~` and `%` on any values, floor division, indices and
//! slices, `in` on strings, tuples. They are filters and a function, which compiled templates call in
//! place of the instructions of minijinja (src/template.rs).

use std::cmp::Ordering;

use minijinja::value::{Rest, ValueKind};
use minijinja::{format_filter, Environment, Error, ErrorKind, FormatStyle, Value};

use crate::limits;
use crate::python::{self, is_list, Tuple};

pub const CONCAT: &str = "operator~";
pub const ADD: &str = "operator+";
pub const MULTIPLY: &str = "operator*";
pub const REMAINDER: &str = "operator%";
pub const FLOOR_DIVIDE: &str = "operator//";
pub const ITEM: &str = "operator[]";
pub const SLICE: &str = "operator[:]";
pub const EQUAL: &str = "operator==";
pub const UNEQUAL: &str = "operator!=";
pub const LESS: &str = "operator<";
pub const LESS_OR_EQUAL: &str = "operator<=";
pub const GREATER: &str = "operator>";
pub const GREATER_OR_EQUAL: &str = "operator>=";
pub const IN: &str = "operator-in";
pub const TUPLE: &str = "__tuple";
pub const EACH: &str = "__each";
pub const ONE: &str = "__one";

pub fn add_to(environment: &mut Environment) {
    environment.add_filter(CONCAT, concat);
    environment.add_filter(ADD, add);
    environment.add_filter(MULTIPLY, multiply);
    environment.add_filter(EQUAL, |a: &Value, b: &Value| equal(a, b));
    environment.add_filter(UNEQUAL, |a: &Value, b: &Value| equal(a, b).map(|same| !same));
    environment.add_filter(REMAINDER, remainder);
    environment.add_filter(FLOOR_DIVIDE, floor_divide);
    environment.add_filter(ITEM, item);
    environment.add_filter(SLICE, slice);
    environment.add_filter(LESS, |a: &Value, b: &Value| Ok::<_, Error>(order(a, b)?.is_lt()));
    environment
        .add_filter(LESS_OR_EQUAL, |a: &Value, b: &Value| Ok::<_, Error>(order(a, b)?.is_le()));
    environment.add_filter(GREATER, |a: &Value, b: &Value| Ok::<_, Error>(order(a, b)?.is_gt()));
    environment
        .add_filter(GREATER_OR_EQUAL, |a: &Value, b: &Value| Ok::<_, Error>(order(a, b)?.is_ge()));
    environment.add_filter(IN, contained);
    environment.add_function(TUPLE, |items: Rest<Value>| Tuple::of(items.0));
    environment.add_function(EACH, each);
    environment.add_global(ONE, 1);
}

pub fn invalid(why: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, why.into())
}

/// What a loop goes over: one value, or several that stand for a tuple.
fn each(values: Rest<Value>) -> Result<Value, Error> {
    match values.0.as_slice() {
        [value] if value.is_none() => Err(invalid("none is not iterable")),
        [value] => Ok(value.clone()),
        _ => Ok(Tuple::of(values.0)),
    }
}

fn concat(left: &Value, right: &Value) -> String {
    python::to_text(left).into_owned() + &python::to_text(right)
}

fn add(left: &Value, right: &Value) -> Result<Value, Error> {
    if let (Some(a), Some(b)) = (left.as_str(), right.as_str()) {
        limits::spend(a.len() + b.len())?;
        return Ok(Value::from([a, b].concat()));
    }
    if is_list(left) && is_list(right) {
        let items = [python::items(left), python::items(right)].concat();
        return Ok(like(left, items));
    }
    calculate(left, right, "+", i128::checked_add, |a, b| a + b)
}

fn multiply(left: &Value, right: &Value) -> Result<Value, Error> {
    let times = |count: &Value, size: usize| {
        let count = python::as_integer(count)?.clamp(0, usize::MAX as i128) as usize;
        Some((count, count.saturating_mul(size)))
    };
    for (value, count) in [(left, right), (right, left)] {
        if let Some(text) = value.as_str() {
            if let Some((count, size)) = times(count, text.len()) {
                limits::spend(size)?;
                return Ok(Value::from(text.repeat(count)));
            }
        } else if is_list(value) {
            let items = python::items(value);
            if let Some((count, size)) = times(count, items.len()) {
                limits::spend_items(size)?;
                return Ok(like(value, vec![items; count].concat()));
            }
        }
    }
    calculate(left, right, "*", i128::checked_mul, |a, b| a * b)
}

/// A tuple if the value is one, else a list.
fn like(value: &Value, items: Vec<Value>) -> Value {
    match value.downcast_object_ref::<Tuple>() {
        Some(_) => Tuple::of(items),
        None => Value::from(items),
    }
}

fn equal(left: &Value, right: &Value) -> Result<bool, Error> {
    limits::weigh(left, 0)?;
    limits::weigh(right, 0)?;
    Ok(left == right)
}

/// Formatted texts have a size that one number in the format decides.
fn check_widths(spec: &str) -> Result<(), Error> {
    let small = |digits: &str| digits.len() <= 4;
    if spec.contains('*') || !spec.split(|c: char| !c.is_ascii_digit()).all(small) {
        return Err(invalid("a width in a format is too large"));
    }
    Ok(())
}

/// str.format's fields are as wide as allowed.
pub fn check_fields(format: &str) -> Result<(), Error> {
    let fields = format.split('{').skip(1);
    fields.map(|field| field.split('}').next().unwrap_or(field)).try_for_each(check_widths)
}

fn remainder(left: &Value, right: &Value) -> Result<Value, Error> {
    if let Some(format) = left.as_str() {
        let arguments = match right.downcast_object_ref::<Tuple>() {
            Some(tuple) => tuple.0.clone(),
            None => vec![right.clone()],
        };
        return printf(format, arguments).map(Value::from);
    }
    let integers = |a: i128, b: i128| {
        let rest = a.checked_rem(b)?;
        Some(if rest != 0 && (rest < 0) != (b < 0) { rest + b } else { rest })
    };
    divide(left, right, "%", integers, |a, b| a - b * (a / b).floor())
}

/// `format % arguments`; minijinja's own takes each kind of value for fewer conversions than Python.
pub fn printf(format: &str, mut arguments: Vec<Value>) -> Result<String, Error> {
    let mut used = 0;
    let mut rest = format;
    while let Some((_, spec)) = rest.split_once('%') {
        let end = spec.find(|c: char| c == '%' || c.is_ascii_alphabetic()).unwrap_or(spec.len());
        let conversion = spec[end..].chars().next().unwrap_or('%');
        rest = &spec[(end + 1).min(spec.len())..];
        if spec.starts_with('(') {
            format
                .split('%')
                .try_for_each(|each| check_widths(each.split(')').next_back().unwrap_or("")))?;
            return format_filter(FormatStyle::Printf, format, &arguments); // a mapping's keys
        }
        if conversion == '%' {
            continue;
        }
        check_widths(&spec[..end])?;
        let argument =
            arguments.get_mut(used).ok_or_else(|| invalid("not enough arguments to format"))?;
        used += 1;
        match (conversion, python::as_float(argument)) {
            ('s', _) => *argument = Value::from(python::to_text(argument).into_owned()),
            ('d' | 'i', Some(number)) => *argument = Value::from(number.trunc() as i128),
            _ => {}
        }
    }
    if used < arguments.len() {
        return Err(invalid("not all arguments were formatted"));
    }
    format_filter(FormatStyle::Printf, format, &arguments)
}

fn floor_divide(left: &Value, right: &Value) -> Result<Value, Error> {
    divide(left, right, "//", floor, |a, b| (a / b).floor())
}

fn floor(a: i128, b: i128) -> Option<i128> {
    Some(a.checked_div(b)? - i128::from(a % b != 0 && (a < 0) != (b < 0)))
}

fn divide(
    left: &Value,
    right: &Value,
    name: &str,
    integers: impl Fn(i128, i128) -> Option<i128>,
    floats: impl Fn(f64, f64) -> f64,
) -> Result<Value, Error> {
    if number(left).is_some() && number(right) == Some(0.0) {
        return Err(invalid("division by zero"));
    }
    calculate(left, right, name, integers, floats)
}

/// `integers` gives None where the result does not fit.
fn calculate(
    left: &Value,
    right: &Value,
    name: &str,
    integers: impl Fn(i128, i128) -> Option<i128>,
    floats: impl Fn(f64, f64) -> f64,
) -> Result<Value, Error> {
    if let (Some(a), Some(b)) = (python::as_integer(left), python::as_integer(right)) {
        let result =
            integers(a, b).ok_or_else(|| invalid(format!("{a} {name} {b} is too large")))?;
        return Ok(i64::try_from(result).map_or_else(|_| Value::from(result), Value::from));
    }
    match (number(left), number(right)) {
        (Some(a), Some(b)) => Ok(Value::from(floats(a, b))),
        _ => Err(invalid(format!(
            "unsupported operands of {name}: {} and {}",
            left.kind(),
            right.kind()
        ))),
    }
}

fn number(value: &Value) -> Option<f64> {
    python::as_float(value).or_else(|| python::as_integer(value).map(|integer| integer as f64))
}

fn item(container: &Value, key: &Value) -> Result<Value, Error> {
    if let Some(index) =
        python::as_integer(key).filter(|_| container.as_str().is_some() || is_list(container))
    {
        let length = container.len().unwrap_or_else(|| python::items(container).len()) as i128;
        let place = if index < 0 { index + length } else { index };
        if !(0..length).contains(&place) {
            return Ok(Value::UNDEFINED);
        }
        return Ok(match container.as_str() {
            Some(text) => text
                .chars()
                .nth(place as usize)
                .map_or(Value::UNDEFINED, |c| Value::from(c.to_string())),
            None if container.kind() == ValueKind::Seq => {
                container.get_item_by_index(place as usize)?
            }
            None => python::items(container)[place as usize].clone(),
        });
    }
    container.get_item(key)
}

/// The indices that `[start:stop:step]` selects (PySlice_AdjustIndices).
fn indices(length: usize, start: &Value, stop: &Value, step: &Value) -> Result<Vec<usize>, Error> {
    let bound = |value: &Value, absent: i128, low: i128, high: i128| match python::as_integer(value)
    {
        Some(index) => {
            Ok((if index < 0 { index + length as i128 } else { index }).clamp(low, high))
        }
        None if value.is_none() => Ok(absent),
        None => Err(invalid("slice indices must be integers or none")),
    };
    let length = length as i128;
    let step = if step.is_none() { 1 } else { python::as_integer(step).unwrap_or(0) };
    let step = step.clamp(-length - 1, length + 1);
    if step == 0 {
        return Err(invalid("slice step must be an integer other than zero"));
    }
    let mut chosen = Vec::new();
    if step > 0 {
        let (mut index, stop) = (bound(start, 0, 0, length)?, bound(stop, length, 0, length)?);
        while index < stop {
            chosen.push(index as usize);
            index += step;
        }
    } else {
        let (mut index, stop) =
            (bound(start, length - 1, -1, length - 1)?, bound(stop, -1, -1, length - 1)?);
        while index > stop {
            chosen.push(index as usize);
            index += step;
        }
    }
    Ok(chosen)
}

fn slice(value: &Value, start: &Value, stop: &Value, step: &Value) -> Result<Value, Error> {
    if let Some(text) = value.as_str() {
        limits::spend(4 * text.len())?;
        let chars: Vec<char> = text.chars().collect();
        let chosen = indices(chars.len(), start, stop, step)?;
        return Ok(Value::from(chosen.into_iter().map(|i| chars[i]).collect::<String>()));
    }
    if !is_list(value) {
        return Err(invalid(format!("a value of type {} cannot be sliced", value.kind())));
    }
    let items = python::items(value);
    let chosen =
        indices(items.len(), start, stop, step)?.into_iter().map(|i| items[i].clone()).collect();
    let is_tuple = value.downcast_object_ref::<Tuple>().is_some();
    Ok(if is_tuple { Tuple::of(chosen) } else { Value::from(chosen) })
}

/// Values of different types have no order.
fn order(a: &Value, b: &Value) -> Result<Ordering, Error> {
    limits::weigh(a, 0)?;
    limits::weigh(b, 0)?;
    let both = |test: fn(&Value) -> bool| test(a) && test(b);
    if both(|value| number(value).is_some())
        || both(|value| value.as_str().is_some())
        || both(is_list)
    {
        return Ok(a.cmp(b));
    }
    Err(invalid(format!("{} and {} cannot be put in order", a.kind(), b.kind())))
}

fn contained(item: &Value, container: &Value) -> Result<bool, Error> {
    limits::weigh(item, 0)?;
    if let Some(text) = container.as_str() {
        let part = item.as_str().ok_or_else(|| {
            invalid(format!("\"in\" on a string needs a string on its left, not {}", item.kind()))
        })?;
        limits::spend(text.len() / 16)?;
        return Ok(text.contains(part));
    }
    match container.kind() {
        ValueKind::Map => {
            Ok(container.as_object().is_some_and(|object| object.get_value(item).is_some()))
        }
        ValueKind::Seq | ValueKind::Iterable => {
            limits::weigh(container, 0)?;
            Ok(container.try_iter()?.any(|other| other == *item))
        }
        ValueKind::Undefined => Ok(false),
        kind => {
            Err(invalid(format!("\"in\" needs a list, mapping or string on its right, not {kind}")))
        }
    }
}
