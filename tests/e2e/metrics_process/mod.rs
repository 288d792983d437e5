//! The metrics of a worker process: each one counts what happens for real.

mod calls;
mod orders;
mod queue;
mod shape;

use std::collections::BTreeMap;

use e2e::{TIMEOUT, Worker};

use crate::admin_server::http_get;

/// The samples of `/metrics`: their values by name and labels.
struct Scrape(BTreeMap<String, String>);

impl Scrape {
    async fn of(worker: &Worker) -> Self {
        let answer = http_get(worker, "/metrics").await;
        let (head, text) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        let samples = text.lines().filter(|line| !line.starts_with('#'));
        let samples = samples.map(|line| {
            let (name, value) = line.rsplit_once(' ').unwrap();
            (name.to_owned(), value.to_owned())
        });
        Self(samples.collect())
    }

    /// Scrapes until this holds, because the worker counts a moment after others see what it has done.
    async fn until(worker: &Worker, holds: impl Fn(&Self) -> bool) -> Self {
        let scraped = async {
            loop {
                let scrape = Self::of(worker).await;
                if holds(&scrape) {
                    return scrape;
                }
                tokio::task::yield_now().await;
            }
        };
        let Ok(scrape) = tokio::time::timeout(TIMEOUT, scraped).await else {
            panic!("never in the metrics: {:#?}", Self::of(worker).await.0);
        };
        scrape
    }

    /// Scrapes until the worker has ended so many orders.
    async fn after_ends(worker: &Worker, orders: u64) -> Self {
        Self::until(worker, |scrape| scrape.ended() >= orders).await
    }

    /// How many orders the worker has ended.
    fn ended(&self) -> u64 {
        self.sum("hp_orders_ended_total{")
    }

    fn value(&self, name: &str) -> &str {
        let value = self.0.get(name);
        value.unwrap_or_else(|| panic!("no {name} in {:#?}", self.0))
    }

    /// The value of a sample that counts something.
    fn count(&self, name: &str) -> u64 {
        count(self.value(name))
    }

    /// The value of a sample that measures something.
    fn measure(&self, name: &str) -> f64 {
        self.value(name).parse().unwrap()
    }

    /// The sum of all samples that start with this name and count something.
    fn sum(&self, start: &str) -> u64 {
        let samples = self.0.iter().filter(|(name, _)| name.starts_with(start));
        samples.map(|(_, value)| count(value)).sum()
    }
}

fn count(value: &str) -> u64 {
    value.trim_end_matches(".0").parse().unwrap()
}
