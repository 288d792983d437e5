//! Everything goes wrong at once, and the promises hold; and the checker of the promises sees what is wrong.

mod checker;
mod sample;
mod schedule;
mod storm;
