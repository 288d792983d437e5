//! `assert_fields!` compares entries and JSON, and explains a difference.

use std::collections::HashMap;

use e2e::assert_fields;
use serde_json::json;

fn entry() -> HashMap<String, String> {
    [("status", "completed"), ("pin_count", "3")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
}

#[test]
fn fields_of_entry_match_text_numbers_and_absence() {
    assert_fields!(entry(), { "status": "completed", "pin_count": 3, "reason": None::<&str> });
}

#[test]
fn fields_of_json_match_nested_values() {
    let report = json!({ "audit": { "agreed": 4, "ids": ["A-1"] } });
    assert_fields!(report, { "audit.agreed": 4, "audit.ids.0": "A-1" });
}

#[test]
#[should_panic(
    expected = "A-1: fields differ:\n  status: expected \"failed\", found \"completed\"\nin {"
)]
fn fields_that_differ_are_named_in_the_message() {
    assert_fields!(entry(), { "status": "failed", "pin_count": "3" }, "A-{}", 1);
}
