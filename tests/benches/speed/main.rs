//! Measures the worker against a bare loop that makes the same calls without a ledger: `just bench`.
//!
//! The result is a table of figures, each with its goal, and with the smallest, middle and largest value of all rounds.
//! Rounds of the worker and of the bare loop alternate, because machines differ and their load changes. `docs/performance.md`
//! explains the figures.
#![allow(clippy::unwrap_used, reason = "a measurement that fails has no result")]

mod bare;
mod flood;
mod handshakes;
mod held_orders;
mod idle;
mod latency;
mod load;
mod machine;
mod many_workers;
mod measure;
mod memory;
mod open_orders;
mod options;
mod redis_stats;
mod scrape;
mod setup;

use std::io::Write as _;

use e2e::{
    Worker,
    figures::{Layout, Row, Table},
};

use options::{Effort, Options};

const USAGE: &str = "\
Usage: just bench [--quick] [--markdown] [PART...]

Measures all parts, or those that are named. A full run takes about a quarter of an hour, and needs an idle machine.

  --quick     fewer orders and rounds: about a minute, and rough
  --markdown  prints the table for docs/performance.md
";

/// A group of figures that are measured together.
struct Part {
    name: &'static str,
    about: &'static str,
}

const PARTS: [Part; 14] = [
    part("load", "64 orders at a time, a vendor without latency"),
    part("always", "the same with appendfsync always"),
    part("slow-vendor", "256 at a time, a vendor that takes 100 ms"),
    part("latency", "an idle queue: from XADD to the request"),
    part(
        "start",
        "from the start of the process to its first request",
    ),
    part("idle", "an idle worker: memory and Redis commands"),
    part("ten-workers", "ten workers for 100 orders a second"),
    part("memory", "Redis memory of an ended order"),
    part("held", "orders that wait for a balance"),
    part("open", "a million open orders"),
    part(
        "scrape",
        "the figures of a queue with very many open orders",
    ),
    part("flood", "malformed entries in front of good orders"),
    part("many-workers", "1, 2, 4 and 8 workers on one Redis"),
    part("tls", "handshakes over TLS"),
];

const fn part(name: &'static str, about: &'static str) -> Part {
    Part { name, about }
}

async fn measure(part: &str, effort: Effort) -> Vec<Row> {
    match part {
        "load" => load::without_latency(effort).await,
        "always" => load::with_fsync_always(effort).await,
        "slow-vendor" => load::with_slow_vendor(effort).await,
        "latency" => latency::when_idle(effort).await,
        "start" => latency::at_start(effort).await,
        "idle" => idle::one_worker(effort).await,
        "ten-workers" => many_workers::for_few_orders(effort).await,
        "memory" => memory::of_ended_orders(effort).await,
        "held" => held_orders::cost(effort).await,
        "open" => open_orders::cost(effort).await,
        "scrape" => scrape::cost(effort).await,
        "flood" => flood::before_good_orders(effort).await,
        "many-workers" => many_workers::at_full_load(effort).await,
        "tls" => handshakes::under_load(effort).await,
        other => unreachable!("{other} is in the list of parts but is not measured"),
    }
}

fn main() {
    let mut arguments = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench")
        .peekable();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    if arguments.next_if_eq("bare-loop").is_some() {
        let [redis, vendor, at_once] = [(); 3].map(|()| arguments.next().unwrap());
        runtime.block_on(bare::run(&redis, &vendor, at_once.parse().unwrap()));
        return;
    }
    if arguments.next_if_eq("--help").is_some() {
        print!("{}", usage());
        return;
    }
    match Options::parse(arguments, &PARTS.map(|part| part.name)) {
        Ok(options) => runtime.block_on(print_table(&options)),
        Err(fault) => {
            eprint!("{fault}\n\n{}", usage());
            std::process::exit(2);
        }
    }
}

fn usage() -> String {
    let parts = PARTS.map(|Part { name, about }| format!("  {name:<12}  {about}\n"));
    format!("{USAGE}\nParts:\n{}", parts.concat())
}

async fn print_table(options: &Options) {
    let table = Table::new(options.layout);
    // Builds it, if need be, before anything is measured.
    Worker::binary();
    println!("{}\n", machine::description(options).await);
    println!("{}", table.head());
    for Part { name, about } in PARTS {
        if !options.selects(name) {
            continue;
        }
        eprintln!("... {name}: {about}");
        for row in measure(name, options.effort).await {
            println!("{}", table.row(&row));
        }
        std::io::stdout().flush().unwrap();
    }
    if matches!(options.layout, Layout::Text(_)) {
        println!(
            "\nmet: the median meets the goal. With a question mark, some rounds say otherwise."
        );
    }
}
