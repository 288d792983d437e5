//! Tests of the chaos run and of its check.

mod checker;
mod sample;
mod schedule;
mod storm;
