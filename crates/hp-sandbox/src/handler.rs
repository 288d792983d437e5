//! Handles one HTTP request: passes it to the control endpoints or to the vendor, with the configured latency.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use hyper::http::request::Parts;

use crate::front_end::FrontEnd;
use crate::options::Options;
use crate::params::Params;
use crate::reply::{Answer, Reply};
use crate::rng::KeyedRng;
use crate::setting::Latency;
use crate::vendor::{Request, Vendor};
use crate::{clock, control};

pub(crate) struct Handler {
    pub(crate) vendor: Vendor,
    /// How long a timeout fault keeps a connection open.
    pub(crate) stall_time: Duration,
    pub(crate) front_end: FrontEnd,
    latency: Latency,
    verbose: bool,
    rng: KeyedRng,
    calls: AtomicU64,
}

impl Handler {
    pub(crate) fn new(vendor: Vendor, rng: KeyedRng, options: &Options) -> Self {
        Self {
            vendor,
            stall_time: options.hold,
            front_end: FrontEnd::new(options.front_end_rate),
            latency: options.latency,
            verbose: options.verbose,
            rng,
            calls: AtomicU64::new(0),
        }
    }

    pub(crate) async fn handle(self: &Arc<Self>, head: Parts, body: Bytes) -> Reply {
        let path = head.uri.path();
        if path == "/_sandbox" || path.starts_with("/_sandbox/") {
            return Reply::Send(control::answer(&self.vendor, &request(&head, &body)));
        }
        if !self.front_end.lets_through(clock::now()) {
            return Reply::Send(Answer::http_429());
        }
        if self.latency.to.is_zero() {
            return self.process(&head, &body);
        }
        // The vendor processes a request even if its client disconnects, so the work is a separate task.
        let (handler, half) = (Arc::clone(self), self.next_latency() / 2);
        let work = tokio::spawn(async move {
            tokio::time::sleep(half).await;
            let reply = handler.process(&head, &body);
            tokio::time::sleep(half).await;
            reply
        });
        work.await.unwrap_or(Reply::Close)
    }

    fn process(&self, head: &Parts, body: &Bytes) -> Reply {
        let request = request(head, body);
        let reply = self.vendor.handle(&request, clock::now());
        if self.verbose {
            log(&request, &reply);
        }
        reply
    }

    fn next_latency(&self) -> Duration {
        let number = self.calls.fetch_add(1, Ordering::Relaxed).to_le_bytes();
        let fraction = self.rng.fraction(&[b"latency", &number]);
        let Latency { from, to } = self.latency;
        from + to.saturating_sub(from).mul_f64(fraction)
    }
}

fn request<'a>(head: &'a Parts, body: &'a [u8]) -> Request<'a> {
    Request {
        method: &head.method,
        path: head.uri.path(),
        query: head.uri.query().unwrap_or_default(),
        headers: &head.headers,
        body,
    }
}

/// Logs the order or card of a call and how the call ended, without card keys.
fn log(request: &Request<'_>, reply: &Reply) {
    let form = Params::parse(request.body);
    let query = Params::parse(request.query.as_bytes());
    let subject = ["out_trade_id", "pin_sn"]
        .iter()
        .find_map(|name| form.get(name).or_else(|| query.get(name)))
        .unwrap_or("-");
    // The sandbox works without a reader of its log, too.
    let _ = writeln!(
        io::stderr(),
        "{} {} {subject:?}: {}",
        request.method,
        request.path,
        reply.summary()
    );
}

#[cfg(test)]
mod tests {
    use hp_api::date;

    use super::*;

    /// Returns a handler with this latency, and a valid fetch request.
    fn handler(latency: &str) -> (Arc<Handler>, Parts, Bytes) {
        let options = Options {
            latency: latency.parse().unwrap(),
            ..Options::default()
        };
        let rng = KeyedRng::new(options.seed);
        let handler = Handler::new(Vendor::new(&options, rng).unwrap(), rng, &options);
        let date = date::format(clock::now());
        let request = hyper::Request::post("/v1/pin/fetch")
            .header("APPID", "demo")
            .header("Sign", handler.vendor.signer.sign(b"A-121k", &date))
            .header("Date-GMT", date)
            .header("Content-Type", "application/x-www-form-urlencoded");
        let body = "out_trade_id=A-1&product_id=2&quantity=1&random_key=k";
        let (head, ()) = request.body(()).unwrap().into_parts();
        (Arc::new(handler), head, Bytes::from(body))
    }

    fn charges(handler: &Handler) -> usize {
        handler.vendor.ledger().charges.len()
    }

    #[tokio::test(start_paused = true)]
    async fn disconnect_does_not_prevent_the_charge() {
        let (handler, head, body) = handler("100ms");
        let call = handler.handle(head, body);
        let disconnected = tokio::time::timeout(Duration::from_millis(49), call).await;
        assert!(disconnected.is_err());
        assert_eq!(charges(&handler), 0);
        tokio::time::sleep(Duration::from_millis(2)).await;
        assert_eq!(charges(&handler), 1);
    }

    #[test]
    fn latency_varies_between_its_bounds() {
        let (handler, _, _) = handler("80ms..200ms");
        let latencies: Vec<_> = (0..50).map(|_| handler.next_latency()).collect();
        let bounds = Duration::from_millis(80)..=Duration::from_millis(200);
        assert!(latencies.iter().all(|latency| bounds.contains(latency)));
        assert!(latencies.iter().any(|latency| latency != &latencies[0]));
    }
}
