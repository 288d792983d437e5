//! The metrics of a worker process: each one counts what happens for real.

mod calls;
mod orders;
mod queue;
mod shape;

use std::collections::BTreeMap;

use e2e::{TIMEOUT, Worker};

use crate::admin_server::http_get;

/// The samples of `/metrics`, by name and labels.
struct Scrape(BTreeMap<String, f64>);

impl Scrape {
    async fn of(worker: &Worker) -> Self {
        let answer = http_get(worker, "/metrics").await;
        let (head, text) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        let samples = text.lines().filter(|line| !line.starts_with('#'));
        let samples = samples.map(|line| {
            let (name, value) = line.rsplit_once(' ').unwrap();
            (name.to_owned(), value.parse().unwrap())
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
        match tokio::time::timeout(TIMEOUT, scraped).await {
            Ok(scrape) => scrape,
            Err(_) => panic!("never in the metrics: {:#?}", Self::of(worker).await.0),
        }
    }

    /// The value of a sample.
    fn get(&self, name: &str) -> f64 {
        let value = self.0.get(name);
        *value.unwrap_or_else(|| panic!("no {name} in {:#?}", self.0))
    }

    /// The sum of all samples that start with this name.
    fn sum(&self, start: &str) -> f64 {
        let samples = self.0.iter().filter(|(name, _)| name.starts_with(start));
        samples.map(|(_, value)| value).sum()
    }
}
