//! One call from arrival to reply: control or vendor, with the latency that was asked for.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use hyper::http::request::Parts;

use crate::options::Options;
use crate::params::Params;
use crate::reply::Reply;
use crate::setting::Latency;
use crate::vendor::{Request, Vendor};
use crate::{clock, control, draw};

pub(crate) struct Site {
    pub(crate) vendor: Vendor,
    pub(crate) hold: Duration,
    latency: Latency,
    verbose: bool,
    calls: AtomicU64,
}

impl Site {
    pub(crate) fn new(vendor: Vendor, options: &Options) -> Self {
        Self {
            vendor,
            hold: options.hold,
            latency: options.latency,
            verbose: options.verbose,
            calls: AtomicU64::new(0),
        }
    }

    pub(crate) async fn reply(self: &Arc<Self>, head: Parts, body: Bytes) -> Reply {
        let path = head.uri.path();
        if path == "/_sandbox" || path.starts_with("/_sandbox/") {
            return Reply::Send(control::answer(&self.vendor, &request(&head, &body)));
        }
        if self.latency.to.is_zero() {
            return self.act(&head, &body);
        }
        // A vendor goes on with a request whose caller has left, so this is a task of its own.
        let (site, half) = (Arc::clone(self), self.draw_latency() / 2);
        let work = tokio::spawn(async move {
            tokio::time::sleep(half).await;
            let reply = site.act(&head, &body);
            tokio::time::sleep(half).await;
            reply
        });
        work.await.unwrap_or(Reply::Close)
    }

    fn act(&self, head: &Parts, body: &Bytes) -> Reply {
        let request = request(head, body);
        let reply = self.vendor.call(&request, clock::now());
        if self.verbose {
            log(&request, &reply);
        }
        reply
    }

    fn draw_latency(&self) -> Duration {
        let number = self.calls.fetch_add(1, Ordering::Relaxed).to_le_bytes();
        let share = draw::share(draw::bits(self.vendor.seed, &[b"latency", &number]));
        let Latency { from, to } = self.latency;
        from + to.saturating_sub(from).mul_f64(share)
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

/// Says which order or card a call was about and how it ended, but no key.
fn log(request: &Request<'_>, reply: &Reply) {
    let form = Params::read(request.body);
    let query = Params::read(request.query.as_bytes());
    let subject = ["out_trade_id", "pin_sn"]
        .iter()
        .find_map(|name| form.get(name).or_else(|| query.get(name)))
        .unwrap_or("-");
    eprintln!(
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
    use crate::sandbox::vendor;

    /// A site with this latency, and a fetch that it would accept.
    fn site(latency: &str) -> (Arc<Site>, Parts, Bytes) {
        let options = Options {
            latency: latency.parse().unwrap(),
            ..Options::default()
        };
        let site = Site::new(vendor(&options).unwrap(), &options);
        let date = date::format(clock::now());
        let request = hyper::Request::post("/v1/pin/fetch")
            .header("APPID", "demo")
            .header("Sign", site.vendor.signer.sign(b"A-121k", &date))
            .header("Date-GMT", date)
            .header("Content-Type", "application/x-www-form-urlencoded");
        let body = "out_trade_id=A-1&product_id=2&quantity=1&random_key=k";
        let (head, ()) = request.body(()).unwrap().into_parts();
        (Arc::new(site), head, Bytes::from(body))
    }

    fn charges(site: &Site) -> usize {
        control::snapshot(&site.vendor).charges.len()
    }

    #[tokio::test(start_paused = true)]
    async fn an_order_is_charged_half_way_though_its_caller_has_left() {
        let (site, head, body) = site("100ms");
        let call = site.reply(head, body);
        let left = tokio::time::timeout(Duration::from_millis(49), call).await;
        assert!(left.is_err());
        assert_eq!(charges(&site), 0);
        tokio::time::sleep(Duration::from_millis(2)).await;
        assert_eq!(charges(&site), 1);
    }

    #[test]
    fn latency_stays_between_its_bounds_and_varies() {
        let (site, _, _) = site("80ms..200ms");
        let drawn: Vec<_> = (0..50).map(|_| site.draw_latency()).collect();
        let bounds = Duration::from_millis(80)..=Duration::from_millis(200);
        assert!(drawn.iter().all(|latency| bounds.contains(latency)));
        assert!(drawn.iter().any(|latency| latency != &drawn[0]));
    }
}
