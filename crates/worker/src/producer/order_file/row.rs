use std::{fmt::Display, str::FromStr};

use csv::StringRecord;
use hp_queue::Job;
use serde::{
    Deserialize,
    de::value::{Error, MapDeserializer},
};
use serde_json::{Value, error::Category};

use crate::producer::deadline::parse_deadline;

/// One order as the file has it. A field without a value is null. Other names and repeated names are errors.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Row {
    order_id: Value,
    product_id: Value,
    quantity: Value,
    deadline: Value,
    reply_to: Value,
    meta: Value,
    traceparent: Value,
}

impl Row {
    /// Checks the header line of a CSV file.
    pub(super) fn check_names(names: &StringRecord) -> Result<(), String> {
        Self::from_pairs(names.iter().map(|name| (name, ""))).map(drop)
    }

    /// Reads one row of a CSV file. An empty cell counts as no value.
    pub(super) fn from_cells(names: &StringRecord, cells: &StringRecord) -> Result<Self, String> {
        let pairs = names.iter().zip(cells);
        Self::from_pairs(pairs.filter(|(_, cell)| !cell.is_empty()))
    }

    fn from_pairs<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Result<Self, String> {
        Self::deserialize(MapDeserializer::<_, Error>::new(pairs))
            .map_err(|error| error.to_string())
    }

    /// Reads one line of a JSON file.
    pub(super) fn from_json(line: &str) -> Result<Self, String> {
        // Serde would take a list for a struct, too.
        if !line.trim_start().starts_with('{') {
            return Err("this is not a JSON object".into());
        }
        serde_json::from_str(line).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            // Serde's line is always 1: it counts from the start of this line.
            let message = error.to_string();
            let position = format!(" at line {line} column {column}");
            let message = message.strip_suffix(&position).unwrap_or(&message);
            match error.classify() {
                Category::Data => message.into(),
                _ => format!("this is not a JSON object: {message} at column {column}"),
            }
        })
    }
}

impl TryFrom<Row> for Job {
    type Error = String;

    fn try_from(row: Row) -> Result<Self, String> {
        let until = text("deadline", row.deadline)?;
        Ok(Self {
            deadline: until
                .map(|text| parse_deadline(&text))
                .transpose()
                .map_err(|why| format!("deadline: {why}"))?,
            reply_to: find("reply_to", row.reply_to)?,
            meta: find("meta", row.meta)?,
            traceparent: find("traceparent", row.traceparent)?,
            ..Self::new(
                need("order_id", row.order_id)?,
                need("product_id", row.product_id)?,
                need("quantity", row.quantity)?,
            )
        })
    }
}

fn need<T: FromStr<Err: Display>>(name: &str, value: Value) -> Result<T, String> {
    find(name, value)?.ok_or_else(|| format!("{name} is missing"))
}

fn find<T: FromStr<Err: Display>>(name: &str, value: Value) -> Result<Option<T>, String> {
    let Some(text) = text(name, value)? else {
        return Ok(None);
    };
    text.parse()
        .map(Some)
        .map_err(|why| format!("{name}: {why}"))
}

/// A number counts as its text: shops write `"quantity": 1` and `"quantity": "1"`.
fn text(name: &str, value: Value) -> Result<Option<String>, String> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text)),
        Value::Number(number) => Ok(Some(number.to_string())),
        _ => Err(format!("{name}: write text or a number")),
    }
}
