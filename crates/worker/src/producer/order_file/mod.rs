//! Orders in a file: CSV with a header line, or one JSON object on each line.

mod csv;
mod encoding;
mod row;
mod separator;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use hp_api::OrderId;
use hp_queue::Job;

use csv::Unreadable;
pub(crate) use encoding::decode;
use row::{Row, check_columns};
use separator::{announced, cells, of_header};

/// The orders of a file, and the faults in its other lines.
#[derive(Debug, Default)]
pub(crate) struct Checked {
    pub(crate) jobs: Vec<Job>,
    pub(crate) faults: Vec<Fault>,
}

/// A line that is not an order.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// From 1.
    pub(crate) line: u64,
    pub(crate) why: String,
}

/// Checks every line. Text that begins with a brace is JSON, any other text is CSV. Lines count as in an editor.
pub(crate) fn check(text: &str) -> Checked {
    // Spreadsheets write a byte order mark before their CSV.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = (1..).zip(text.split('\n'));
    let lines = lines.map(|(number, line)| (number, line.strip_suffix('\r').unwrap_or(line)));
    let mut lines = lines.filter(|(_, line)| !line.trim().is_empty()).peekable();
    let mut orders = Lines::default();
    match lines.peek() {
        Some((number, line)) if line.trim_start().starts_with('[') => orders.refuse_list(*number),
        Some((_, line)) if line.trim_start().starts_with('{') => {
            lines.for_each(|(number, line)| orders.add(number, Row::from_json(line)));
        }
        _ => orders.add_csv(lines),
    }
    orders.checked
}

#[derive(Default)]
struct Lines {
    checked: Checked,
    /// The line of each order.
    seen: HashMap<OrderId, u64>,
}

impl Lines {
    fn refuse_list(&mut self, line: u64) {
        let why = "this is a JSON list. Write one object on each line: `jq -c '.[]'` does it";
        self.fault(line, why.into());
    }

    fn add_csv<'a>(&mut self, mut lines: impl Iterator<Item = (u64, &'a str)>) {
        let Some((mut number, mut header)) = lines.next() else {
            return;
        };
        let announced = match announced(header).transpose() {
            Ok(separator) => separator,
            Err(why) => return self.fault(number, why),
        };
        if announced.is_some() {
            let Some(next) = lines.next() else { return };
            (number, header) = next;
        }
        let separator = announced.unwrap_or_else(|| of_header(header));
        let names = match cells(header, separator) {
            Ok(names) => names,
            Err(Unreadable::Line(why) | Unreadable::OpenQuote(why)) => {
                return self.fault(number, why);
            }
        };
        let names: Vec<_> = names.iter().map(|name| name.trim()).collect();
        if let Err(why) = check_columns(&names) {
            return self.fault(number, format!("{why}. The first line names the columns"));
        }
        while let Some((number, line)) = lines.next() {
            match cells(line, separator) {
                Ok(cells) => {
                    let row = Row::from_cells(&names, cells);
                    // Perhaps only a part of the file has this mark.
                    let with_mark = |why| format!("{why} that are separated by {separator:?}");
                    self.add(number, row.map_err(with_mark));
                }
                Err(Unreadable::Line(why)) => self.fault(number, why),
                Err(Unreadable::OpenQuote(why)) => {
                    // An order in the text of a cell must not be bought.
                    let left = lines.count();
                    let why = format!("{why}, so the {left} lines after it were not read");
                    return self.fault(number, why);
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
