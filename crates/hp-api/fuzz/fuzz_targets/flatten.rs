//! No bytes make `flatten` panic, and it is deterministic.

#![no_main]

use hp_api::sign::flatten;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|json: &[u8]| {
    assert_eq!(flatten(json), flatten(json));
});
