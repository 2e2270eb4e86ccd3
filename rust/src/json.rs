//! The filter `tojson` as transformers defines it: json.dumps with ensure_ascii off, the keywords
//! ensure_ascii, indent, separators and sort_keys, and no escaping of HTML.

use minijinja::value::{Kwargs, ValueKind};
use minijinja::{Error, ErrorKind, Value};

use crate::{limits, methods, python};

struct Style {
    ensure_ascii: bool,
    indent: Option<String>,
    between_items: String,
    after_key: String,
    sort_keys: bool,
}

pub fn tojson(value: &Value, ensure_ascii: Option<bool>, kwargs: Kwargs) -> Result<String, Error> {
    let indent = match kwargs.get::<Option<Value>>("indent")? {
        Some(indent) if indent.is_none() || indent.is_undefined() => None,
        Some(indent) => Some(match indent.as_str() {
            Some(text) => text.to_string(),
            None => methods::spaces(indent.as_usize().unwrap_or(0))?,
        }),
        None => None,
    };
    let default_between = if indent.is_some() { "," } else { ", " };
    let (mut between_items, mut after_key) = (default_between.to_string(), ": ".to_string());
    if let Some(separators) = kwargs.get::<Option<Vec<String>>>("separators")? {
        if let [item, key] = separators.as_slice() {
            (between_items, after_key) = (item.clone(), key.clone());
        }
    }
    let style = Style {
        ensure_ascii: kwargs.get::<Option<bool>>("ensure_ascii")?.or(ensure_ascii).unwrap_or(false),
        indent,
        between_items,
        after_key,
        sort_keys: kwargs.get::<Option<bool>>("sort_keys")?.unwrap_or(false),
    };
    kwargs.assert_all_used()?;
    let mut out = String::new();
    style.write(&mut out, value, 0)?;
    Ok(out)
}

impl Style {
    fn write(&self, out: &mut String, value: &Value, depth: usize) -> Result<(), Error> {
        if !limits::allows_depth(depth) {
            return limits::spend(0);
        }
        if let Some(text) = value.as_str() {
            limits::spend(2 * text.len())?;
            self.write_text(out, text);
            return Ok(());
        }
        if let Some(number) = python::as_float(value) {
            match number {
                _ if number.is_nan() => out.push_str("NaN"),
                f64::INFINITY => out.push_str("Infinity"),
                f64::NEG_INFINITY => out.push_str("-Infinity"),
                _ => python::write_float(out, number),
            }
            return Ok(());
        }
        match value.kind() {
            ValueKind::None => out.push_str("null"),
            ValueKind::Bool => out.push_str(if value.is_true() { "true" } else { "false" }),
            ValueKind::Number => python::write_repr(out, value),
            ValueKind::Seq | ValueKind::Iterable => {
                let items = python::items(value);
                self.write_all(out, '[', &items, ']', depth, |out, item| {
                    self.write(out, item, depth + 1)
                })?;
            }
            ValueKind::Map => {
                let mut pairs = python::pairs(value);
                if self.sort_keys {
                    pairs.sort_by(|a, b| a.0.cmp(&b.0));
                }
                self.write_all(out, '{', &pairs, '}', depth, |out, (key, item)| {
                    match key.as_str() {
                        Some(key) => self.write_text(out, key),
                        None => {
                            out.push('"');
                            self.write(out, key, depth + 1)?;
                            out.push('"');
                        }
                    }
                    out.push_str(&self.after_key);
                    self.write(out, item, depth + 1)
                })?;
            }
            kind => {
                let why = format!("a value of type {kind} is not JSON serializable");
                return Err(Error::new(ErrorKind::BadSerialization, why));
            }
        }
        Ok(())
    }

    fn write_all<T>(
        &self,
        out: &mut String,
        open: char,
        items: &[T],
        close: char,
        depth: usize,
        write_item: impl Fn(&mut String, &T) -> Result<(), Error>,
    ) -> Result<(), Error> {
        out.push(open);
        for (i, item) in items.iter().enumerate() {
            if i > 0 {
                out.push_str(&self.between_items);
            }
            self.break_line(out, depth + 1)?;
            write_item(out, item)?;
        }
        if !items.is_empty() {
            self.break_line(out, depth)?;
        }
        out.push(close);
        Ok(())
    }

    fn break_line(&self, out: &mut String, depth: usize) -> Result<(), Error> {
        if let Some(indent) = &self.indent {
            limits::spend(indent.len().saturating_mul(depth))?;
            out.push('\n');
            out.push_str(&indent.repeat(depth));
        }
        Ok(())
    }

    fn write_text(&self, out: &mut String, text: &str) {
        out.push('"');
        for c in text.chars() {
            match c {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                '\x08' => out.push_str("\\b"),
                '\x0c' => out.push_str("\\f"),
                _ if (c as u32) < 0x20 => out.push_str(&format!("\\u{:04x}", c as u32)),
                _ if self.ensure_ascii && c > '~' => {
                    for unit in c.encode_utf16(&mut [0; 2]) {
                        out.push_str(&format!("\\u{unit:04x}"));
                    }
                }
                _ => out.push(c),
            }
        }
        out.push('"');
    }
}
