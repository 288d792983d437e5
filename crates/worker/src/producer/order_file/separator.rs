//! The mark between the columns. Spreadsheets of many countries write a semicolon.

use super::{
    csv::{Unreadable, split},
    row::{check_columns, count_known},
};

pub(super) const COMMA: char = ',';
const SEPARATORS: [char; 3] = [COMMA, ';', '\t'];

/// Reads a line such as `sep=;`, with which some programs begin a table. `None`: this is no such line.
pub(super) fn announced(line: &str) -> Option<Result<char, String>> {
    let line = line.trim_matches(|c: char| c == '"' || c == ' ');
    let start = line
        .get(..4)
        .filter(|start| start.eq_ignore_ascii_case("sep="))?;
    let mark = &line[start.len()..];
    // The mark of a table of tabs may have been cut off as a space.
    let mark = if mark.is_empty() { "\t" } else { mark };
    let mut marks = mark.chars();
    Some(match (marks.next(), marks.next()) {
        (Some(mark), None) if SEPARATORS.contains(&mark) => Ok(mark),
        _ => Err(format!(
            "the separator {mark:?} is not supported: separate the columns with commas, semicolons or tabs"
        )),
    })
}

/// Finds the mark that separates the names of the columns. If no mark gives good names, the one that gives the most names of
/// fields.
pub(super) fn of_header(header: &str) -> char {
    let names = |mark| split(header, mark).unwrap_or_default();
    let is_good = |mark: &char| {
        let names = names(*mark);
        let names: Vec<_> = names.iter().map(|name| name.trim()).collect();
        check_columns(&names).is_ok()
    };
    let known = |mark: &char| {
        let names = names(*mark);
        count_known(names.iter().map(|name| name.trim()))
    };
    let good = SEPARATORS.into_iter().find(is_good);
    // Of several that are equal, `max_by_key` takes the last one.
    let best = || SEPARATORS.into_iter().rev().max_by_key(known);
    good.or_else(best).unwrap_or(COMMA)
}

/// Splits a line, unless it has a carriage return.
pub(super) fn cells(line: &str, separator: char) -> Result<Vec<String>, Unreadable> {
    if line.contains('\r') {
        let why =
            "a carriage return stands in this line: save the file with line breaks LF or CRLF";
        return Err(Unreadable::Line(why.into()));
    }
    split(line, separator)
}

#[cfg(test)]
mod tests {
    use super::{announced, of_header};

    #[test]
    fn separator_is_announced_or_found() {
        for (line, mark) in [
            ("sep=;", ';'),
            ("SEP=,", ','),
            ("\"sep=;\"", ';'),
            ("sep=\t", '\t'),
            ("sep=", '\t'),
        ] {
            assert_eq!(announced(line), Some(Ok(mark)), "{line}");
        }
        for line in ["order_id,product_id,quantity", "separator", "sep", ""] {
            assert_eq!(announced(line), None, "{line}");
        }
        for line in ["sep=|", "sep=;;"] {
            let why = announced(line).unwrap().unwrap_err();
            assert!(
                why.contains("separator") && why.contains("semicolons"),
                "{why}"
            );
        }
        for (header, mark) in [
            ("order_id,product_id,quantity", ','),
            ("order_id;product_id;quantity;meta", ';'),
            ("\"order_id\";\"product_id\";\"quantity\"", ';'),
            ("order_id\tproduct_id\tquantity", '\t'),
            ("order_id;product_id;qty", ';'),
            ("A-1,2,1", ','),
            ("order_id", ','),
        ] {
            assert_eq!(of_header(header), mark, "{header}");
        }
    }
}
