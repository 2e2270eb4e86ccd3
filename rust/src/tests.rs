//! Jinja2's tests where minijinja's differ from them; comparisons are in src/operators.rs.

use minijinja::value::ValueKind;
use minijinja::{tests, Environment, Error, State, Value};

use crate::numbers::{number, remainder};
use crate::python::{is_list, is_range, to_text};
use crate::texts;

pub fn add_to(environment: &mut Environment) {
    for name in ["endingwith", "int", "safe", "startingwith"] {
        environment.remove_test(name);
    }
    environment.add_test("number", |value: &Value| {
        matches!(value.kind(), ValueKind::Number | ValueKind::Bool)
    });
    environment.add_test("sequence", |value: &Value| {
        use ValueKind::{Map, String, Undefined};
        is_list(value) || is_range(value) || matches!(value.kind(), Map | String | Undefined)
    });
    environment.add_test("iterable", |value: &Value| !value.is_none() && value.try_iter().is_ok());
    environment.add_test("lower", |value: &Value| texts::is_lower(&to_text(value)));
    environment.add_test("upper", |value: &Value| texts::is_upper(&to_text(value)));
    environment.add_test("callable", |value: &Value| {
        matches!(value.kind(), ValueKind::Plain | ValueKind::Undefined)
    });
    environment.add_test("filter", |state: &State, name: &Value| {
        name.as_str().is_some_and(|name| tests::is_filter(state, name))
    });
    environment.add_test("test", |state: &State, name: &Value| {
        name.as_str().is_some_and(|name| tests::is_test(state, name))
    });
    environment.add_test("odd", |value: &Value| rest_is(value, &Value::from(2), 1.0));
    environment.add_test("even", |value: &Value| rest_is(value, &Value::from(2), 0.0));
    environment.add_test("divisibleby", |value: &Value, by: &Value| rest_is(value, by, 0.0));
}

fn rest_is(value: &Value, divisor: &Value, wanted: f64) -> Result<bool, Error> {
    Ok(number(&remainder(value, divisor)?) == Some(wanted))
}
