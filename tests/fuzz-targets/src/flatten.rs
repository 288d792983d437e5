use serde::de::IgnoredAny;
use serde_json::error::Category;

/// `flatten` accepts nothing that is not JSON, and is deterministic.
pub fn flatten(json: &[u8]) {
    let flat = hp_api::sign::flatten(json);
    assert_eq!(flat, hp_api::sign::flatten(json));
    if flat.is_ok() {
        let read = serde_json::from_slice::<IgnoredAny>(json);
        // This library reads 127 levels only.
        let is_json = read.map_or_else(|error| is_too_deep(&error), |_| true);
        assert!(is_json, "accepted, but not JSON");
    }
}

fn is_too_deep(error: &serde_json::Error) -> bool {
    error.classify() == Category::Syntax && error.to_string().contains("recursion limit")
}
