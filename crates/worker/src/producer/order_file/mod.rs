//! Orders in a file: CSV with a header line, or one JSON object on each line.

mod row;

use std::collections::HashMap;

use csv::{ReaderBuilder, StringRecord, Trim};
use hp_api::OrderId;
use hp_queue::Job;

use row::Row;

/// The orders of a file, and the faults in its other lines.
#[derive(Debug, Default)]
pub(super) struct Checked {
    pub(super) jobs: Vec<Job>,
    pub(super) faults: Vec<Fault>,
}

/// A line that is not an order.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// From 1.
    pub(super) line: u64,
    pub(super) why: String,
}

/// Checks every line. Text that begins with a brace is JSON, any other text is CSV.
pub(super) fn check(text: &str) -> Checked {
    // Spreadsheets write a byte order mark before their CSV.
    let text = text.trim_start_matches('\u{feff}');
    let mut lines = Lines::default();
    match text.trim_start().chars().next() {
        Some('[') => lines.refuse_list(),
        Some('{') => lines.add_json(text),
        _ => lines.add_csv(text),
    }
    lines.checked
}

#[derive(Default)]
struct Lines {
    checked: Checked,
    /// The line of each order.
    seen: HashMap<OrderId, u64>,
}

impl Lines {
    fn refuse_list(&mut self) {
        let why = "this is a JSON list. Write one object on each line: `jq -c '.[]'` does it";
        self.fault(1, why.into());
    }

    fn add_json(&mut self, text: &str) {
        for (number, line) in (1..).zip(text.lines()) {
            if !line.trim().is_empty() {
                self.add(number, Row::from_json(line));
            }
        }
    }

    fn add_csv(&mut self, text: &str) {
        let mut table = ReaderBuilder::new()
            .trim(Trim::All)
            .from_reader(text.as_bytes());
        let names = match table.headers() {
            Ok(names) => names.clone(),
            Err(error) => return self.fault(1, error.to_string()),
        };
        if let Err(why) = Row::check_names(&names) {
            return self.fault(1, format!("{why}. The first line names the columns"));
        }
        let mut cells = StringRecord::new();
        loop {
            match table.read_record(&mut cells) {
                Ok(false) => return,
                Ok(true) => {
                    let line = cells.position().map_or(0, csv::Position::line);
                    self.add(line, Row::from_cells(&names, &cells));
                }
                Err(error) => {
                    let line = error.position().map_or(0, csv::Position::line);
                    self.fault(line, unreadable(&error));
                }
            }
        }
    }

    fn add(&mut self, line: u64, row: Result<Row, String>) {
        let job = match row.and_then(Job::try_from) {
            Ok(job) => job,
            Err(why) => return self.fault(line, why),
        };
        let id = job.order_id.clone();
        if let Some(first) = self.seen.get(&id) {
            return self.fault(line, format!("order {id} is already in line {first}"));
        }
        self.seen.insert(id, line);
        self.checked.jobs.push(job);
    }

    fn fault(&mut self, line: u64, why: String) {
        self.checked.faults.push(Fault { line, why });
    }
}

fn unreadable(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => format!("the row has {len} values, but the first line names {expected_len} columns"),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> Vec<(u64, String)> {
        let faults = check(text).faults.into_iter();
        faults.map(|fault| (fault.line, fault.why)).collect()
    }

    /// Checks that the only fault of `text` is in `line` and contains each of `words`.
    fn assert_fault(text: &str, line: u64, words: &[&str]) {
        let faults = faults(text);
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert_eq!(faults[0].0, line, "{faults:?}");
        for word in words {
            assert!(faults[0].1.contains(word), "no `{word}` in {faults:?}");
        }
    }

    #[test]
    fn csv_and_json_give_the_same_jobs() {
        let csv = "\u{feff}order_id, product_id,quantity,deadline,meta\r\nA-1,2,3,,\r\n\"A,2\",9007199254740991,10000,2026-12-31T18:00:00Z,\"till 7, \"\"left\"\"\"\r\n";
        let json = r#"{"order_id":"A-1","product_id":2,"quantity":"3","meta":null}

{"order_id":"A,2","product_id":9007199254740991,"quantity":10000,"deadline":1798740000000,"meta":"till 7, \"left\""}"#;
        let (csv, json) = (check(csv), check(json));
        assert_eq!((&csv.faults, &json.faults), (&vec![], &vec![]));
        assert_eq!(csv.jobs, json.jobs);
        assert_eq!(csv.jobs.len(), 2);
        let deadline = csv.jobs[1].deadline.unwrap().at();
        assert_eq!(deadline, hp_order::Millis(1_798_740_000_000));
    }

    #[test]
    fn every_faulty_line_is_named_with_its_fault() {
        let text = "order_id,product_id,quantity\nA-1,2,1\nA 2,2,1\nA-3,2\nA-4,,1\nA-5,2,1.0\nA-1,2,1\nA-6,2,10001\n";
        let (lines, whys): (Vec<_>, Vec<_>) = faults(text).into_iter().unzip();
        assert_eq!(lines, [3, 4, 5, 6, 7, 8]);
        for (why, word) in whys.iter().zip([
            "visible",
            "2 values",
            "product_id is missing",
            "quantity",
            "in line 2",
            "10000",
        ]) {
            assert!(why.contains(word), "no `{word}` in: {why}");
        }
        assert_eq!(check(text).jobs.len(), 1);
    }

    #[test]
    fn unknown_name_is_refused_with_the_known_ones() {
        let words = ["`qty`", "`quantity`", "`traceparent`"];
        assert_fault("order_id,product_id,qty\nA-1,2,1\n", 1, &words);
        assert_fault(r#"{"order_id":"A-1","product_id":2,"qty":1}"#, 1, &words);
    }

    #[test]
    fn repeated_name_is_refused() {
        let words = ["duplicate field `order_id`", "first line"];
        assert_fault("order_id,order_id\nA-1,A-1\n", 1, &words);
        let twice = r#"{"order_id":"A-1","quantity":1,"quantity":5}"#;
        assert_eq!(faults(twice)[0].1, "duplicate field `quantity`");
    }

    #[test]
    fn json_that_is_not_an_order_is_refused() {
        let order = r#"{"order_id":"A-1","product_id":2,"quantity":1}"#;
        let nested = r#"{"order_id":"A-1","product_id":[2],"quantity":1}"#;
        assert_fault(nested, 1, &["product_id: write text or a number"]);
        assert_fault(
            "[\n{\"order_id\":\"A-1\"}]",
            1,
            &["one object on each line"],
        );
        for line in [r#"["A-1",2,1,null,null,null,null]"#, "5", "null"] {
            let text = format!("{order}\n{line}\n");
            assert_fault(&text, 2, &["not a JSON object"]);
        }
        let cut = format!("{order}\n{}", &order[..30]);
        assert_fault(&cut, 2, &["not a JSON object", "column 30"]);
    }
}
