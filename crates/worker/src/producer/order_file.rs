//! Orders in a file: CSV with a header line, or JSON objects, a line each.

use std::{
    collections::{BTreeMap, HashMap},
    fmt::{self, Display},
    str::FromStr,
};

use csv::{ReaderBuilder, Trim};
use hp_api::OrderId;
use hp_queue::Job;
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::Value;

use super::deadline;

/// A file's orders, and what is wrong with its other lines.
#[derive(Debug, Default)]
pub(super) struct Checked {
    pub(super) jobs: Vec<Job>,
    pub(super) faults: Vec<Fault>,
}

/// A line that is no order.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// From 1.
    pub(super) line: u64,
    pub(super) why: String,
}

type Fields = BTreeMap<String, String>;

const FIELDS: [&str; 7] = [
    "order_id",
    "product_id",
    "quantity",
    "deadline",
    "reply_to",
    "meta",
    "traceparent",
];

/// Checks every line. What begins with a brace is JSON, anything else CSV.
pub(super) fn check(text: &str) -> Checked {
    // Spreadsheets put a byte order mark before their CSV.
    let text = text.trim_start_matches('\u{feff}');
    let mut lines = Lines::default();
    if text.trim_start().starts_with('[') {
        let why = "write an object a line, as `jq -c '.[]'` makes them of a list";
        lines.fault(1, why.into());
    } else if text.trim_start().starts_with('{') {
        for (n, line) in (1..).zip(text.lines()) {
            if !line.trim().is_empty() {
                lines.add(n, of_json(line));
            }
        }
    } else {
        lines.add_csv(text);
    }
    lines.checked
}

#[derive(Default)]
struct Lines {
    checked: Checked,
    /// Where each order stands.
    seen: HashMap<OrderId, u64>,
}

impl Lines {
    fn add_csv(&mut self, text: &str) {
        let mut table = ReaderBuilder::new()
            .trim(Trim::All)
            .from_reader(text.as_bytes());
        let names = match table.headers() {
            Ok(names) => names.clone(),
            Err(error) => return self.fault(1, error.to_string()),
        };
        if let Some(why) = wrong_header(&names) {
            return self.fault(1, why);
        }
        let mut row = csv::StringRecord::new();
        loop {
            match table.read_record(&mut row) {
                Ok(false) => return,
                Ok(true) => {
                    let line = row.position().map_or(0, csv::Position::line);
                    let cells = names.iter().zip(&row);
                    let given = cells.filter(|(_, value)| !value.is_empty());
                    self.add(
                        line,
                        Ok(given
                            .map(|(name, value)| (name.into(), value.into()))
                            .collect()),
                    );
                }
                Err(error) => {
                    let line = error.position().map_or(0, csv::Position::line);
                    self.fault(line, wrong_row(&error));
                }
            }
        }
    }

    fn add(&mut self, line: u64, fields: Result<Fields, String>) {
        let job = match fields.and_then(|fields| job(&fields)) {
            Ok(job) => job,
            Err(why) => return self.fault(line, why),
        };
        let id = job.order_id.clone();
        if let Some(first) = self.seen.get(&id) {
            return self.fault(line, format!("{id} is in line {first} already"));
        }
        self.seen.insert(id, line);
        self.checked.jobs.push(job);
    }

    fn fault(&mut self, line: u64, why: String) {
        self.checked.faults.push(Fault { line, why });
    }
}

fn wrong_header(names: &csv::StringRecord) -> Option<String> {
    for (n, name) in names.iter().enumerate() {
        if let Err(why) = known(name) {
            return Some(format!("{why}; the first line names the columns"));
        }
        if names.iter().take(n).any(|before| before == name) {
            return Some(format!("the column {name} is there twice"));
        }
    }
    None
}

fn wrong_row(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => format!("it has {len} values where the first line names {expected_len} columns"),
        _ => error.to_string(),
    }
}

fn of_json(line: &str) -> Result<Fields, String> {
    let Pairs(object) =
        serde_json::from_str(line).map_err(|error| format!("it is no JSON object: {error}"))?;
    let mut fields = Fields::new();
    for (name, value) in object {
        if fields.contains_key(&name) {
            return Err(format!("{name} is there twice"));
        }
        let text = match value {
            Value::Null => continue,
            Value::String(text) => text,
            Value::Number(number) => number.to_string(),
            _ => return Err(format!("{name} is neither text nor a number")),
        };
        fields.insert(name, text);
    }
    Ok(fields)
}

/// An object as it is written: a name may be there twice.
struct Pairs(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Pairs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        input.deserialize_map(Reader)
    }
}

fn known(name: &str) -> Result<(), String> {
    if FIELDS.contains(&name) {
        return Ok(());
    }
    let fields = FIELDS.join(", ");
    Err(format!(
        "{name:?} is no field of an order; there are {fields}"
    ))
}

fn job(fields: &Fields) -> Result<Job, String> {
    fields.keys().try_for_each(|name| known(name))?;
    let until = fields.get("deadline").map(|text| deadline(text));
    Ok(Job {
        deadline: until
            .transpose()
            .map_err(|why| format!("deadline: {why}"))?,
        reply_to: find(fields, "reply_to")?,
        meta: find(fields, "meta")?,
        traceparent: find(fields, "traceparent")?,
        ..Job::new(
            need(fields, "order_id")?,
            need(fields, "product_id")?,
            need(fields, "quantity")?,
        )
    })
}

fn find<T: FromStr<Err: Display>>(fields: &Fields, name: &str) -> Result<Option<T>, String> {
    let Some(text) = fields.get(name) else {
        return Ok(None);
    };
    text.parse()
        .map(Some)
        .map_err(|why| format!("{name}: {why}"))
}

fn need<T: FromStr<Err: Display>>(fields: &Fields, name: &str) -> Result<T, String> {
    find(fields, name)?.ok_or_else(|| format!("{name} is missing"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> Vec<(u64, String)> {
        let faults = check(text).faults.into_iter();
        faults.map(|fault| (fault.line, fault.why)).collect()
    }

    #[test]
    fn csv_and_json_say_the_same() {
        let csv = "\u{feff}order_id, product_id,quantity,deadline,meta\r\nA-1,2,3,,\r\n\"A,2\",9007199254740991,10000,2026-12-31T18:00:00Z,\"till 7, \"\"left\"\"\"\r\n";
        let json = r#"{"order_id":"A-1","product_id":2,"quantity":"3","meta":null}

{"order_id":"A,2","product_id":9007199254740991,"quantity":10000,"deadline":1798740000000,"meta":"till 7, \"left\""}"#;
        let (csv, json) = (check(csv), check(json));
        assert_eq!((&csv.faults, &json.faults), (&vec![], &vec![]));
        assert_eq!(csv.jobs, json.jobs);
        assert_eq!(csv.jobs.len(), 2);
        assert_eq!(
            csv.jobs[1].deadline.unwrap().at(),
            hp_order::Millis(1_798_740_000_000)
        );
    }

    #[test]
    fn every_line_at_fault_is_named_with_what_is_wrong() {
        let text = "order_id,product_id,quantity\nA-1,2,1\nA 2,2,1\nA-3,2\nA-4,,1\nA-5,2,1.0\nA-1,2,1\nA-6,2,10001\n";
        let lines: Vec<_> = faults(text).into_iter().map(|(line, _)| line).collect();
        assert_eq!(lines, [3, 4, 5, 6, 7, 8]);
        let (_, whys): (Vec<_>, Vec<_>) = faults(text).into_iter().unzip();
        for (why, word) in whys.iter().zip([
            "visible",
            "2 values",
            "product_id is missing",
            "quantity",
            "in line 2",
            "10000",
        ]) {
            assert!(why.contains(word), "{why}: no {word}");
        }
        assert_eq!(check(text).jobs.len(), 1);
    }

    #[test]
    fn a_column_or_field_that_no_order_has_is_a_slip_and_not_left_out() {
        let (line, why) = faults("order_id,product_id,qty\nA-1,2,1\n").remove(0);
        assert!(
            line == 1 && why.contains("\"qty\"") && why.contains("quantity"),
            "{why}"
        );
        assert_eq!(
            faults("order_id,order_id\nA-1,A-1\n")[0].1,
            "the column order_id is there twice"
        );
        let why = faults(r#"{"order_id":"A-1","product_id":2,"qty":1}"#)
            .remove(0)
            .1;
        assert!(why.contains("\"qty\""), "{why}");
        let why = faults(r#"{"order_id":"A-1","product_id":[2],"quantity":1}"#)
            .remove(0)
            .1;
        assert!(why.contains("product_id is neither"), "{why}");
        let why = faults(r#"{"order_id":"A-1","quantity":1,"quantity":5}"#).remove(0);
        assert_eq!(why.1, "quantity is there twice");
        let (line, why) = faults("[\n{\"order_id\":\"A-1\"}]").remove(0);
        assert!(line == 1 && why.contains("an object a line"), "{why}");
    }
}
