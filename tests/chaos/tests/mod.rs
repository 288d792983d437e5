//! Tests of the chaos run and of its check.

mod checker;
mod former_master;
mod sample;
mod schedule;
mod storm;
