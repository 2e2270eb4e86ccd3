//! Python's methods of strings, mappings and lists, as templates call them. str.format
//! comes from minijinja-contrib.

use minijinja::value::{from_args, Kwargs, ValueKind};
use minijinja::{Error, ErrorKind, State, Value};

use crate::limits;
use crate::operators::{self, invalid};
use crate::python::{self, is_list, is_space, to_text, Tuple};

pub fn call(
    state: &State,
    value: &Value,
    method: &str,
    arguments: &[Value],
) -> Result<Value, Error> {
    let (by_position, by_name): (&[Value], Kwargs) = from_args(arguments)?;
    let argument = |place: usize, name: &str| {
        let by_name = || by_name.get::<Option<Value>>(name).ok().flatten();
        by_position.get(place).cloned().or_else(by_name).filter(|value| !value.is_none())
    };
    let own = match (value.as_str(), value.kind()) {
        (Some(text), _) => of_text(text, method, argument)?,
        (_, ValueKind::Map) => of_mapping(value, method, argument)?,
        _ if is_list(value) => of_list(value, method, argument)?,
        _ => None,
    };
    match own {
        Some(result) => Ok(result),
        None if method == "format" => {
            operators::check_fields(value.as_str().unwrap_or(""))?;
            minijinja_contrib::pycompat::unknown_method_callback(state, value, method, arguments)
        }
        None => Err(Error::from(ErrorKind::UnknownMethod)),
    }
}

fn of_mapping(
    value: &Value,
    method: &str,
    argument: impl Fn(usize, &str) -> Option<Value>,
) -> Result<Option<Value>, Error> {
    let pairs = || python::pairs(value).into_iter();
    Ok(Some(match method {
        "get" => {
            let key = argument(0, "key").unwrap_or_else(|| Value::from(()));
            let found = value.as_object().and_then(|object| object.get_value(&key));
            found.or_else(|| argument(1, "default")).unwrap_or_else(|| Value::from(()))
        }
        "items" => pairs().map(|(key, item)| Tuple::of(vec![key, item])).collect(),
        "keys" => pairs().map(|(key, _)| key).collect(),
        "values" => pairs().map(|(_, item)| item).collect(),
        "copy" => value.clone(),
        _ => return Ok(None),
    }))
}

fn of_list(
    value: &Value,
    method: &str,
    argument: impl Fn(usize, &str) -> Option<Value>,
) -> Result<Option<Value>, Error> {
    let wanted = argument(0, "value").unwrap_or_else(|| Value::from(()));
    if matches!(method, "count" | "index") {
        limits::weigh(value, 0)?;
        limits::weigh(&wanted, 0)?;
    }
    let items = python::items(value);
    Ok(Some(match method {
        "count" => Value::from(items.iter().filter(|item| **item == wanted).count()),
        "index" => match items.iter().position(|item| *item == wanted) {
            Some(place) => Value::from(place),
            None => return Err(invalid("index: the value is not in the list")),
        },
        "copy" => Value::from(items),
        _ => return Ok(None),
    }))
}

fn of_text(
    text: &str,
    method: &str,
    argument: impl Fn(usize, &str) -> Option<Value>,
) -> Result<Option<Value>, Error> {
    limits::spend(text.len())?;
    let required = |place: usize| {
        let value = argument(place, "")
            .ok_or_else(|| invalid(format!("{method}: an argument is missing")))?;
        value
            .to_str()
            .ok_or_else(|| invalid(format!("{method}: expected a string, got {}", value.kind())))
    };
    let integer = |place: usize, name: &str| argument(place, name).and_then(|value| value.as_i64());
    let chars = argument(0, "chars");
    let chars = chars.as_ref().and_then(|value| value.as_str());
    Ok(Some(match method {
        "strip" => Value::from(strip(text, chars, true, true)),
        "lstrip" => Value::from(strip(text, chars, true, false)),
        "rstrip" => Value::from(strip(text, chars, false, true)),
        "split" | "rsplit" => {
            let separator = argument(0, "sep").map(|value| to_text(&value).into_owned());
            let most = integer(1, "maxsplit").filter(|most| *most >= 0).map(|most| most as usize);
            split(text, separator.as_deref(), most, method == "rsplit")?
        }
        "splitlines" => {
            let keep_ends = argument(0, "keepends").is_some_and(|keep| keep.is_true());
            limits::spend_items(text.chars().filter(|c| ends_line(*c)).count())?;
            split_lines(text, keep_ends).into_iter().map(Value::from).collect()
        }
        "partition" => {
            let separator = required(0)?;
            let (head, middle, tail) =
                text.split_once(&*separator).map_or((text, "", ""), |(a, b)| (a, &*separator, b));
            Tuple::of([head, middle, tail].map(Value::from).to_vec())
        }
        "rpartition" => {
            let separator = required(0)?;
            let (head, middle, tail) =
                text.rsplit_once(&*separator).map_or(("", "", text), |(a, b)| (a, &*separator, b));
            Tuple::of([head, middle, tail].map(Value::from).to_vec())
        }
        "removeprefix" => Value::from(text.strip_prefix(&*required(0)?).unwrap_or(text)),
        "removesuffix" => Value::from(text.strip_suffix(&*required(0)?).unwrap_or(text)),
        "replace" => {
            let count = integer(2, "count").filter(|count| *count >= 0);
            Value::from(replace(text, &required(0)?, &required(1)?, count)?)
        }
        "startswith" | "endswith" => {
            let wanted = argument(0, "")
                .ok_or_else(|| invalid(format!("{method}: an argument is missing")))?;
            let part = sub_text(text, integer(1, ""), integer(2, ""));
            let choices = if is_list(&wanted) { python::items(&wanted) } else { vec![wanted] };
            let mut found = false;
            for choice in &choices {
                let choice = choice.as_str().ok_or_else(|| {
                    invalid(format!("{method}: expected strings, got {}", choice.kind()))
                })?;
                found |= if method == "startswith" {
                    part.starts_with(choice)
                } else {
                    part.ends_with(choice)
                };
            }
            Value::from(found)
        }
        "find" | "rfind" | "index" | "rindex" => {
            let wanted = required(0)?;
            let part = sub_text(text, integer(1, ""), integer(2, ""));
            let place =
                if method.starts_with('r') { part.rfind(&*wanted) } else { part.find(&*wanted) };
            let skipped = bound(integer(1, ""), 0, text.chars().count());
            match place {
                Some(place) => Value::from(part[..place].chars().count() + skipped),
                None if method.ends_with("find") => Value::from(-1),
                None => return Err(invalid(format!("{method}: substring not found"))),
            }
        }
        "count" => Value::from(
            sub_text(text, integer(1, ""), integer(2, "")).matches(&*required(0)?).count(),
        ),
        "join" => {
            let list = argument(0, "").unwrap_or_default();
            let mut parts = Vec::new();
            for item in list.try_iter()? {
                limits::spend(limits::ITEM + item.as_str().map_or(0, str::len) + text.len())?;
                parts.push(item.to_str().ok_or_else(|| {
                    invalid(format!("join: expected strings, got {}", item.kind()))
                })?);
            }
            Value::from(parts.join(text))
        }
        "upper" => Value::from(text.to_uppercase()),
        "lower" | "casefold" => Value::from(text.to_lowercase()),
        "capitalize" => Value::from(capitalize(text)),
        "title" => Value::from(title(text)),
        "swapcase" => text
            .chars()
            .map(|c| {
                if c.is_uppercase() {
                    c.to_lowercase().to_string()
                } else {
                    c.to_uppercase().to_string()
                }
            })
            .collect::<String>()
            .into(),
        "center" | "ljust" | "rjust" => {
            let fill = argument(1, "fillchar")
                .and_then(|fill| fill.as_str().and_then(|fill| fill.chars().next()))
                .unwrap_or(' ');
            let side = match method {
                "center" => Side::Both,
                "ljust" => Side::Right,
                _ => Side::Left,
            };
            Value::from(pad(text, integer(0, "width").unwrap_or(0).max(0) as usize, fill, side)?)
        }
        "zfill" => {
            let (sign, digits) = text.split_at(usize::from(text.starts_with(['+', '-'])));
            let width =
                (integer(0, "width").unwrap_or(0).max(0) as usize).saturating_sub(sign.len());
            Value::from(format!("{sign}{}", pad(digits, width, '0', Side::Left)?))
        }
        "isspace" => all(text, is_space),
        "isalpha" => all(text, char::is_alphabetic),
        "isalnum" => all(text, char::is_alphanumeric),
        "isdigit" | "isdecimal" => all(text, |c| c.is_ascii_digit() || is_foreign_digit(c)),
        "isnumeric" => all(text, char::is_numeric),
        "isascii" => Value::from(text.is_ascii()),
        "islower" => Value::from(is_lower(text)),
        "isupper" => Value::from(is_upper(text)),
        "istitle" => Value::from(text.chars().any(|c| c.is_uppercase()) && title(text) == text),
        _ => return Ok(None),
    }))
}

/// Arabic, Persian, Devanagari and full-width digits: the common ones of those that Python takes for
/// digits beside 0-9 (number letters and fractions are numeric without being digits).
fn is_foreign_digit(c: char) -> bool {
    matches!(c as u32, 0x660..=0x669 | 0x6f0..=0x6f9 | 0x966..=0x96f | 0xff10..=0xff19)
}

fn all(text: &str, test: impl Fn(char) -> bool) -> Value {
    Value::from(!text.is_empty() && text.chars().all(test))
}

/// Removes white space, or any of `chars`, from the chosen ends.
pub fn strip<'a>(text: &'a str, chars: Option<&str>, left: bool, right: bool) -> &'a str {
    let goes = |c: char| chars.map_or_else(|| is_space(c), |chars| chars.contains(c));
    let text = if left { text.trim_start_matches(goes) } else { text };
    if right {
        text.trim_end_matches(goes)
    } else {
        text
    }
}

pub fn capitalize(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |first| {
        first.to_uppercase().collect::<String>() + &chars.as_str().to_lowercase()
    })
}

/// str.title(): a capital after every character that has no case.
fn title(text: &str) -> String {
    let mut titled = String::new();
    let mut inside = false;
    for c in text.chars() {
        if inside {
            titled.extend(c.to_lowercase());
        } else {
            titled.extend(c.to_uppercase());
        }
        inside = c.is_lowercase() || c.is_uppercase();
    }
    titled
}

pub enum Side {
    Left,
    Right,
    Both,
}

/// str.replace(), at most `count` times.
pub fn replace(text: &str, old: &str, new: &str, count: Option<i64>) -> Result<String, Error> {
    let count = count.map_or(usize::MAX, |count| count as usize);
    let found = text.matches(old).take(count).count();
    limits::spend(text.len().saturating_add(found.saturating_mul(new.len())))?;
    Ok(text.replacen(old, new, count))
}

pub fn spaces(count: usize) -> Result<String, Error> {
    limits::spend(count)?;
    Ok(" ".repeat(count))
}

/// Fills up to `width` characters on the given side.
pub fn pad(text: &str, width: usize, fill: char, side: Side) -> Result<String, Error> {
    limits::spend(width.saturating_mul(4))?;
    let missing = width.saturating_sub(text.chars().count());
    let left = match side {
        Side::Left => missing,
        Side::Right => 0,
        Side::Both => missing / 2 + (missing & width & 1),
    };
    let fills = |count: usize| fill.to_string().repeat(count);
    Ok(format!("{}{text}{}", fills(left), fills(missing - left)))
}

/// A bound of text[start:end] in characters.
fn bound(index: Option<i64>, absent: usize, length: usize) -> usize {
    match index {
        Some(index) if index < 0 => (index + length as i64).max(0) as usize,
        Some(index) => (index as usize).min(length),
        None => absent,
    }
}

fn sub_text(text: &str, start: Option<i64>, end: Option<i64>) -> &str {
    if start.is_none() && end.is_none() {
        return text;
    }
    let length = text.chars().count();
    let byte = |place: usize| text.char_indices().nth(place).map_or(text.len(), |(byte, _)| byte);
    let (start, end) = (byte(bound(start, 0, length)), byte(bound(end, length, length)));
    &text[start..end.max(start)]
}

fn split(
    text: &str,
    separator: Option<&str>,
    most: Option<usize>,
    from_right: bool,
) -> Result<Value, Error> {
    let most = most.unwrap_or(usize::MAX);
    let ends = match separator {
        Some("") => 0,
        Some(separator) => text.matches(separator).take(most).count(),
        None => text.chars().filter(|c| is_space(*c)).take(most).count(),
    };
    limits::spend_items(ends)?;
    let mut parts: Vec<&str> = match separator {
        Some("") => return Err(invalid("split: empty separator")),
        Some(separator) if from_right => text.rsplitn(most.saturating_add(1), separator).collect(),
        Some(separator) => text.splitn(most.saturating_add(1), separator).collect(),
        None => split_at_spaces(text, most, from_right),
    };
    if from_right {
        parts.reverse();
    }
    Ok(parts.into_iter().map(Value::from).collect())
}

/// Words from one end; what is left after `most` of them keeps its inner spaces and its far end.
fn split_at_spaces(text: &str, most: usize, from_right: bool) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = strip(text, None, !from_right, from_right);
    while !rest.is_empty() {
        let gap = if from_right { rest.rfind(is_space) } else { rest.find(is_space) };
        match gap.filter(|_| parts.len() < most) {
            Some(gap) => {
                let after = gap + rest[gap..].chars().next().map_or(0, char::len_utf8);
                let (head, tail) = (&rest[..gap], &rest[after..]);
                parts.push(if from_right { tail } else { head });
                rest = strip(if from_right { head } else { tail }, None, !from_right, from_right);
            }
            None => {
                parts.push(rest);
                break;
            }
        }
    }
    parts
}

fn ends_line(c: char) -> bool {
    matches!(c, '\n'..='\r' | '\x1c'..='\x1e' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// The lines of a text, at every boundary that Python knows.
pub fn split_lines(text: &str, keep_ends: bool) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut rest = text;
    while let Some(place) = rest.find(ends_line) {
        let size = match rest[place..].starts_with("\r\n") {
            true => 2,
            false => rest[place..].chars().next().map_or(1, char::len_utf8),
        };
        lines.push(&rest[..if keep_ends { place + size } else { place }]);
        rest = &rest[place + size..];
    }
    if !rest.is_empty() {
        lines.push(rest);
    }
    lines
}

pub fn is_lower(text: &str) -> bool {
    text.chars().any(char::is_lowercase) && !text.chars().any(char::is_uppercase)
}

pub fn is_upper(text: &str) -> bool {
    text.chars().any(char::is_uppercase) && !text.chars().any(char::is_lowercase)
}
