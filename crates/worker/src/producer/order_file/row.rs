use std::{fmt::Display, str::FromStr};

use hp_queue::Job;
use serde::Deserialize;
use serde_json::{error::Category, value::RawValue};

use crate::producer::values::{parse_deadline, parse_file_number, parse_order_id};

/// The fields of an order.
const FIELDS: [&str; 7] = [
    "order_id",
    "product_id",
    "quantity",
    "deadline",
    "reply_to",
    "meta",
    "traceparent",
];
const REQUIRED: usize = 3;
const ONE_PER_LINE: &str = "Write one object on each line, for example with `jq -c .`";

/// One order as the file has it. A field without a value is `None`.
#[derive(Debug, Default)]
pub(super) struct Row {
    order_id: Option<Value>,
    product_id: Option<Value>,
    quantity: Option<Value>,
    deadline: Option<Value>,
    reply_to: Option<Value>,
    meta: Option<Value>,
    traceparent: Option<Value>,
}

#[derive(Debug)]
enum Value {
    Text(String),
    /// A number of JSON with the digits of the file.
    Number(String),
}

/// A JSON number with many digits keeps them only as the text that it is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonRow<'a> {
    #[serde(borrow)]
    order_id: Option<&'a RawValue>,
    #[serde(borrow)]
    product_id: Option<&'a RawValue>,
    #[serde(borrow)]
    quantity: Option<&'a RawValue>,
    #[serde(borrow)]
    deadline: Option<&'a RawValue>,
    #[serde(borrow)]
    reply_to: Option<&'a RawValue>,
    #[serde(borrow)]
    meta: Option<&'a RawValue>,
    #[serde(borrow)]
    traceparent: Option<&'a RawValue>,
}

/// Counts the names that are names of fields.
pub(super) fn count_known<'a>(names: impl Iterator<Item = &'a str>) -> usize {
    names.filter(|name| FIELDS.contains(name)).count()
}

/// Checks the header line of a CSV file.
pub(super) fn check_columns(names: &[&str]) -> Result<(), String> {
    let list = |names: &[&str]| format!("`{}`", names.join("`, `"));
    for (n, name) in names.iter().enumerate() {
        if names[..n].contains(name) {
            return Err(format!("duplicate column `{name}`"));
        }
        if !FIELDS.contains(name) {
            let separator = ['|', ',', ';', '\t']
                .into_iter()
                .find(|mark| name.contains(*mark));
            let hint = separator.map_or("", |_| {
                ". Separate the columns with commas, semicolons or tabs, with the same mark in the whole file"
            });
            let known = list(&FIELDS);
            return Err(format!(
                "unknown column `{name}`, expected some of {known}{hint}"
            ));
        }
    }
    let missing: Vec<_> = FIELDS[..REQUIRED]
        .iter()
        .copied()
        .filter(|name| !names.contains(name))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(format!("missing column {}", list(&missing)))
}

impl Row {
    /// Reads one row of a CSV file. An empty cell counts as no value. `meta` keeps its spaces: it is the shop's own.
    pub(super) fn from_cells(names: &[&str], cells: Vec<String>) -> Result<Self, String> {
        if names.len() != cells.len() {
            let (values, columns) = (cells.len(), names.len());
            return Err(format!(
                "the row has {values} values, but the first line names {columns} columns"
            ));
        }
        let mut row = Self::default();
        for (name, cell) in names.iter().zip(cells) {
            let cell = match *name {
                "meta" => cell,
                _ => cell.trim().to_owned(),
            };
            *row.field(name) = Some(cell).filter(|cell| !cell.is_empty()).map(Value::Text);
        }
        Ok(row)
    }

    fn field(&mut self, name: &str) -> &mut Option<Value> {
        match name {
            "order_id" => &mut self.order_id,
            "product_id" => &mut self.product_id,
            "quantity" => &mut self.quantity,
            "deadline" => &mut self.deadline,
            "reply_to" => &mut self.reply_to,
            "meta" => &mut self.meta,
            _ => &mut self.traceparent,
        }
    }

    /// Reads one line of a JSON file.
    pub(super) fn from_json(line: &str) -> Result<Self, String> {
        // Serde would take a list for a struct, too.
        if !line.trim_start().starts_with('{') {
            return Err(format!("this is not a JSON object. {ONE_PER_LINE}"));
        }
        let row: JsonRow<'_> = serde_json::from_str(line).map_err(|error| unreadable(&error))?;
        let value = |name, raw: Option<&RawValue>| {
            raw.map(|raw| Value::from_json(name, raw.get())).transpose()
        };
        Ok(Self {
            order_id: value("order_id", row.order_id)?,
            product_id: value("product_id", row.product_id)?,
            quantity: value("quantity", row.quantity)?,
            deadline: value("deadline", row.deadline)?,
            reply_to: value("reply_to", row.reply_to)?,
            meta: value("meta", row.meta)?,
            traceparent: value("traceparent", row.traceparent)?,
        })
    }
}

fn unreadable(error: &serde_json::Error) -> String {
    let (line, column) = (error.line(), error.column());
    // Serde's line is always 1: it counts from the start of this line.
    let message = error.to_string();
    let position = format!(" at line {line} column {column}");
    let message = message.strip_suffix(&position).unwrap_or(&message);
    match error.classify() {
        Category::Data => message.into(),
        Category::Eof => {
            format!("this is not a whole JSON object: {message} at column {column}. {ONE_PER_LINE}")
        }
        _ => format!("this is not a JSON object: {message} at column {column}"),
    }
}

impl Value {
    fn from_json(name: &str, raw: &str) -> Result<Self, String> {
        match raw.as_bytes().first() {
            Some(b'"') => serde_json::from_str(raw)
                .map(Self::Text)
                .map_err(|_| format!("{name}: this text is not valid Unicode")),
            Some(b'-' | b'0'..=b'9') => Ok(Self::Number(raw.into())),
            _ => Err(format!("{name}: write text or a number")),
        }
    }

    /// The value as its text: shops write `"quantity": 1` and `"quantity": "1"`.
    fn into_text(self) -> String {
        match self {
            Self::Text(text) | Self::Number(text) => text,
        }
    }

    /// The same, for values that are whole numbers, or ids that may look like one. What has a sign, a fraction or an exponent
    /// was a floating-point number somewhere, and may have lost digits there.
    fn into_whole(self) -> Result<String, String> {
        match self {
            Self::Number(raw) if !raw.bytes().all(|byte| byte.is_ascii_digit()) => Err(format!(
                "{raw} is not a whole number: write it with all its digits, or as text in quotes"
            )),
            value => Ok(value.into_text()),
        }
    }
}

impl TryFrom<Row> for Job {
    type Error = String;

    fn try_from(row: Row) -> Result<Self, String> {
        Ok(Self {
            deadline: whole("deadline", row.deadline, parse_deadline)?,
            reply_to: free("reply_to", row.reply_to)?,
            meta: free("meta", row.meta)?,
            traceparent: free("traceparent", row.traceparent)?,
            ..Self::new(
                need("order_id", whole("order_id", row.order_id, parse_order_id)?)?,
                need(
                    "product_id",
                    whole("product_id", row.product_id, parse_file_number)?,
                )?,
                need(
                    "quantity",
                    whole("quantity", row.quantity, parse_file_number)?,
                )?,
            )
        })
    }
}

fn need<T>(name: &str, value: Option<T>) -> Result<T, String> {
    value.ok_or_else(|| format!("{name} is missing"))
}

fn whole<T>(
    name: &str,
    value: Option<Value>,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Result<Option<T>, String> {
    let parsed = value.map(|value| parse(&value.into_whole()?));
    parsed.transpose().map_err(|why| about(name, &why))
}

fn free<T: FromStr<Err: Display>>(name: &str, value: Option<Value>) -> Result<Option<T>, String> {
    let parsed = value.map(|value| value.into_text().parse());
    parsed
        .transpose()
        .map_err(|why: T::Err| about(name, &why.to_string()))
}

/// Names the field, unless the reason begins with it.
fn about(name: &str, why: &str) -> String {
    if why.starts_with(name) {
        return why.into();
    }
    format!("{name}: {why}")
}
