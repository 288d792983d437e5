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
fn every_separator_gives_the_same_jobs() {
    let comma = "order_id,product_id,quantity,deadline,meta\nA-1,2,3,,\"till, \"\"7\"\"; a\tb\"\nA-2,2,1,, x\n";
    let jobs = check(comma).jobs;
    assert_eq!(jobs.len(), 2);
    let table = |mark: &str| {
        format!(
            "order_id{mark}product_id{mark} quantity {mark}deadline{mark}meta\r\nA-1{mark}2{mark}3{mark}{mark}\"till, \"\"7\"\"; a\tb\"\r\nA-2{mark}\"2\"{mark} 1{mark}{mark} x\r\n"
        )
    };
    for mark in [",", ";", "\t"] {
        let table = table(mark);
        for text in [
            table.clone(),
            format!("\u{feff}sep={mark}\r\n{table}"),
            format!("\"sep={mark}\"\r\n\r\n{table}"),
        ] {
            let checked = check(&text);
            assert_eq!(checked.faults, [], "{text}");
            assert_eq!(checked.jobs, jobs, "{text}");
        }
    }
    let table = table(";");
    assert_fault(&format!("sep=|\n{table}"), 1, &["separator \"|\""]);
    let mixed = "order_id;product_id;quantity\nA-1,2,1\n";
    assert_fault(mixed, 2, &["has 1 values", "separated by ';'"]);
    assert_fault(
        &format!("sep=,\n{table}"),
        2,
        &["unknown column", "the same mark"],
    );
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
    let words = ["duplicate column `order_id`", "first line"];
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
    assert_fault(&cut, 2, &["not a whole JSON object", "column 30"]);
}

/// Checks the line and a part of the message of each fault.
fn assert_faults(text: &str, expected: &[(u64, &str)]) {
    let found = faults(text);
    let lines: Vec<_> = found.iter().map(|(line, _)| *line).collect();
    let wanted: Vec<_> = expected.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, wanted, "{found:?}");
    for ((_, why), (_, part)) in found.iter().zip(expected) {
        assert!(why.contains(part), "no `{part}` in {found:?}");
    }
}

#[test]
fn json_numbers_keep_their_digits() {
    let line = r#"{"order_id":20261128000000000017,"product_id":2,"quantity":1,"meta":1.50}"#;
    let job = check(line).jobs.remove(0);
    assert_eq!(job.order_id.as_str(), "20261128000000000017");
    assert_eq!(job.meta.unwrap().to_string(), "1.50");
}

#[test]
fn json_numbers_that_are_not_whole_are_refused() {
    let order = r#"{"order_id":7,"product_id":2,"quantity":1,"deadline":1795890000000}"#;
    assert_eq!(check(order).jobs.len(), 1);
    for number in ["2.0261128e+19", "1.0", "1e3", "-0", "-5", "1E400"] {
        let fields = [
            ("order_id", "7"),
            ("product_id", "2"),
            ("quantity", "1"),
            ("deadline", "1795890000000"),
        ];
        for (field, value) in fields {
            let given = format!(r#""{field}":{value}"#);
            let line = order.replace(&given, &format!(r#""{field}":{number}"#));
            assert_fault(&line, 1, &[field, number, "not a whole number"]);
        }
    }
}

#[test]
fn rounded_numbers_of_spreadsheets_are_refused() {
    let table =
        "order_id,product_id,quantity\n1.23E+15,2,1\nA-1,1.23E+15,1\nA-2,2,1E+01\n1E5,2,1\n";
    let spreadsheet = "a spreadsheet";
    assert_faults(
        table,
        &[(2, spreadsheet), (3, spreadsheet), (4, spreadsheet)],
    );
    let line = r#"{"order_id":"1.23E+15","product_id":2,"quantity":1}"#;
    assert_fault(line, 1, &["order_id", spreadsheet]);
}

#[test]
fn refused_numbers_are_shown() {
    let hint = "Write digits only, without a leading zero";
    for value in ["02", "1,000", "+3", "2.0", "two", "0"] {
        for (order, field) in [
            (format!("A-1,\"{value}\",1"), "product_id: "),
            (format!("A-1,2,\"{value}\""), "quantity: "),
        ] {
            let table = format!("order_id,product_id,quantity\n{order}\n");
            assert_fault(&table, 2, &[field, &format!("not {value:?}"), hint]);
        }
    }
    let table = "order_id,product_id,quantity\nA-1,2,10001\n";
    assert_eq!(
        faults(table)[0].1,
        "quantity: a quantity is an integer from 1 to 10000, not \"10001\""
    );
    let json = r#"{"order_id":"A-1","product_id":02,"quantity":1}"#;
    assert_fault(json, 1, &["not a JSON object"]);
    let json = r#"{"order_id":"A-1","product_id":"02","quantity":1}"#;
    assert_fault(json, 1, &["product_id: ", "not \"02\"", hint]);
    let long = format!("order_id,product_id,quantity\nA-1,2,{}\n", "7".repeat(999));
    assert!(faults(&long)[0].1.len() < 120, "{:?}", faults(&long));
}

#[test]
fn json_over_several_lines_names_the_remedy() {
    let pretty = "{\n  \"order_id\": \"A-1\",\n  \"product_id\": 2,\n  \"quantity\": 1\n}\n";
    let faults = faults(pretty);
    assert_eq!(faults.len(), 5);
    for (_, why) in faults {
        assert!(
            why.contains("one object on each line, for example with `jq -c .`"),
            "{why}"
        );
    }
    assert_fault(
        r#"{"order_id":"A-1","product_id":2,"quantity":1,"meta":"till "#,
        1,
        &["not a whole JSON object", "`jq -c .`"],
    );
}

#[test]
fn unclosed_quote_swallows_no_order() {
    let table = "order_id,product_id,quantity,meta\nA-1,2,1,\nA-2,2,1,\"till 7\nA-3,2,1,\nA-4,2,1,\"\nA-5,2,1,\n";
    let words = ["column 4", "not closed", "3 lines after it were not read"];
    assert_fault(table, 3, &words);
    assert_eq!(check(table).jobs.len(), 1);
    let header = "order_id,\"product_id,quantity\nA-1,2,1\n";
    assert_fault(header, 1, &["not closed"]);
}

#[test]
fn quotes_that_mean_two_things_are_refused() {
    let table = "order_id,product_id,quantity,meta\n\"A\"-1,2,1,\n\"A-2\",2,1,5\" screen\nA-3,2, \"1\",\n\"A-4\" ,2,1,\"a\"\"b\"\n";
    assert_faults(
        table,
        &[(2, "column 1 has text after"), (4, "column 3 has a space")],
    );
    let metas: Vec<_> = check(table)
        .jobs
        .into_iter()
        .map(|job| job.meta.unwrap().to_string())
        .collect();
    assert_eq!(metas, ["5\" screen", "a\"b"]);
}

#[test]
fn meta_keeps_its_spaces() {
    let table =
        "order_id , product_id,quantity,meta\r\n A-1 ,\"2 \",1,  till 7 \r\nA-2,2,1,\"  \"\r\n";
    let jobs = check(table).jobs;
    assert_eq!(jobs[0].order_id.as_str(), "A-1");
    assert_eq!(jobs[0].meta.as_ref().unwrap().to_string(), "  till 7 ");
    assert_eq!(jobs[1].meta.as_ref().unwrap().to_string(), "  ");
}

#[test]
fn line_numbers_are_those_of_an_editor() {
    let table = "\u{feff}\r\n\r\norder_id,product_id,quantity\r\n\r\nA-1,2,1\r\n  \r\n# a note\r\nA-2,2,0\r\nA\r-3,2,1";
    let expected = [(7, "3 columns"), (8, "quantity"), (9, "carriage return")];
    assert_faults(table, &expected);
    let json = "\u{feff}\r\n{\"order_id\":\"A-1\"}\r\n\r\n// a note\r\n";
    assert_faults(
        json,
        &[(2, "product_id is missing"), (4, "not a JSON object")],
    );
    assert_faults("\n\n[]", &[(3, "JSON list")]);
    assert_faults("\n\norder_id\n", &[(3, "`product_id`, `quantity`")]);
}

#[test]
fn columns_are_checked_in_the_first_line() {
    assert_fault(
        "order_id,product_id\nA-1,2\n",
        1,
        &["missing column `quantity`"],
    );
    assert_fault(
        "order_id|product_id|quantity\nA-1|2|1\n",
        1,
        &["with commas, semicolons or tabs"],
    );
    assert_fault("A-1,2,1\nA-2,2,1\n", 1, &["unknown column `A-1`"]);
    let table = "order_id,product_id,quantity\nA-1,2,1,\nA-2,2\n,,\n";
    let expected = [
        (2, "has 4 values"),
        (3, "has 2 values"),
        (4, "order_id is missing"),
    ];
    assert_faults(table, &expected);
}

#[test]
fn json_values_of_a_wrong_type_are_refused() {
    for value in ["true", "[1]", "{\"till\":7}"] {
        let line = format!(r#"{{"order_id":"A-1","product_id":2,"quantity":1,"meta":{value}}}"#);
        assert_fault(&line, 1, &["meta: write text or a number"]);
    }
}
