//! Measures the worker against a bare loop that makes the same calls without a ledger: `just bench`.
//!
//! The results are ratios within one run, because machines and their load differ.
#![allow(clippy::unwrap_used, reason = "a measurement that fails has no result")]

mod bare;
mod latency;
mod measure;
mod throughput;

fn main() {
    let mut arguments = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    match arguments.next().as_deref() {
        Some("bare-loop") => {
            let (redis, vendor) = (arguments.next().unwrap(), arguments.next().unwrap());
            runtime.block_on(bare::run(
                &redis,
                &vendor,
                arguments.next().unwrap().parse().unwrap(),
            ));
        }
        _ => runtime.block_on(all()),
    }
}

async fn all() {
    println!("Two cores shared by all: worker or bare loop, Redis, and the vendor's stand-in.\n");
    throughput::against_the_bare_loop().await;
    throughput::with_a_slow_vendor().await;
    latency::when_idle().await;
    latency::at_start().await;
}
