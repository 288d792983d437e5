//! Everything goes wrong at once, and the promises hold; and the checker of the promises sees what is wrong.
#![allow(
    clippy::unwrap_used,
    reason = "a fixture that fails has to fail the test"
)]

mod checker;
mod sample;
mod storm;
mod timetable;
