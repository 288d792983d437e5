//! "Not found" proves that an order was not charged only with probe and control.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use hp_api::{FetchCards, NotFoundAnswer, NotFoundRule, ProbeError, Settlement, Settler};
use serde_json::json;

use super::{
    answers::{error, order, product, signed},
    client,
    server::{ReceivedRequest, Reply, Server},
    wanted,
};

const NOT_FOUND: NotFoundAnswer = NotFoundAnswer::Code(400_119);
const LATE: Duration = Duration::from_mins(5);

/// The subject of a query.
#[derive(Clone, Copy, PartialEq)]
enum Subject {
    Order,
    Probe,
    Control,
    Products,
}

use Subject::{Control, Order, Probe, Products};

fn subject(request: &ReceivedRequest) -> Subject {
    let line = request.request_line();
    match line.split("out_trade_id=").nth(1) {
        None => Products,
        Some(id) if id.starts_with("probe-") => Probe,
        Some(id) if id.starts_with("A-0&") => Control,
        Some(_) => Order,
    }
}

fn not_found() -> Vec<u8> {
    error(400_119, "no such order")
}

fn outage() -> Vec<u8> {
    error(400_124, "database unreachable")
}

/// What a healthy vendor answers that has charged the control and nothing else.
fn healthy(subject: Subject) -> Vec<u8> {
    match subject {
        Order | Probe => not_found(),
        Control => signed(&order("A-0")),
        Products => signed(&json!({"pin-value-fixed": [product()]})),
    }
}

async fn vendor(answer: impl Fn(Subject) -> Vec<u8> + Send + Sync + 'static) -> Server {
    Server::start(move |request| Reply::Answer(answer(subject(request)))).await
}

async fn settle(server: &Server, control: Option<FetchCards>, since_sent: Duration) -> Settlement {
    let settler = Settler::new(client(&server.url), control);
    settler.settle(&wanted("A-1"), since_sent).await
}

fn control() -> FetchCards {
    wanted("A-0")
}

#[tokio::test]
async fn charged_order_is_settled_by_its_record() {
    let server = vendor(|subject| match subject {
        Order => signed(&order("A-1")),
        other => healthy(other),
    })
    .await;
    let settled = settle(&server, Some(control()), Duration::ZERO).await;
    assert!(matches!(settled, Settlement::Charged(order) if order.cards.len() == 2));
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn denied_order_is_not_charged_with_a_control() {
    let server = vendor(healthy).await;
    let settled = settle(&server, Some(control()), LATE).await;
    assert_eq!(settled, Settlement::NotCharged(NOT_FOUND));
    let asked: Vec<_> = server.requests().iter().map(subject).collect();
    let last_control = asked.iter().rposition(|asked| *asked == Control);
    assert!(asked[last_control.unwrap()..].contains(&Order));
}

#[tokio::test]
async fn product_list_is_the_control_before_any_charge() {
    let server = vendor(healthy).await;
    let settled = settle(&server, None, LATE).await;
    assert_eq!(settled, Settlement::NotCharged(NOT_FOUND));
    let server = vendor(|subject| match subject {
        Products => outage(),
        other => healthy(other),
    })
    .await;
    let settled = settle(&server, None, LATE).await;
    assert!(
        matches!(
            &settled,
            Settlement::Unconfirmed(_, ProbeError::NoProducts(_))
        ),
        "{settled:?}"
    );
}

#[tokio::test]
async fn recent_purchase_is_too_early_to_settle() {
    let server = vendor(healthy).await;
    let just_before = LATE.checked_sub(Duration::from_secs(1)).unwrap();
    let settled = settle(&server, Some(control()), just_before).await;
    assert_eq!(settled, Settlement::TooEarly(NOT_FOUND));
}

#[tokio::test]
async fn outage_that_denies_everything_proves_nothing() {
    for answer in [not_found, outage] {
        let server = vendor(move |_| answer()).await;
        let settled = settle(&server, Some(control()), LATE).await;
        let denied = ProbeError::NoControlRecord("A-0".parse().unwrap());
        assert!(
            matches!(&settled, Settlement::Unconfirmed(_, reason) if *reason == denied),
            "{settled:?}"
        );
    }
}

#[tokio::test]
async fn answer_unlike_the_probe_proves_nothing() {
    let server = vendor(|subject| match subject {
        Order => outage(),
        other => healthy(other),
    })
    .await;
    let settled = settle(&server, Some(control()), LATE).await;
    let answer = NotFoundAnswer::Code(400_124);
    assert_eq!(
        settled,
        Settlement::Unconfirmed(answer, ProbeError::Differs)
    );
}

#[tokio::test]
async fn outage_that_ends_at_the_control_finds_the_charge() {
    let queries = AtomicUsize::new(0);
    let server = vendor(move |subject| match subject {
        Order if queries.fetch_add(1, Ordering::Relaxed) > 0 => signed(&order("A-1")),
        other => healthy(other),
    })
    .await;
    let settled = settle(&server, Some(control()), LATE).await;
    assert!(matches!(settled, Settlement::Charged(_)), "{settled:?}");
}

#[tokio::test]
async fn learned_answer_still_needs_the_control() {
    let is_denied = std::sync::Arc::new(AtomicUsize::new(0));
    let denied = is_denied.clone();
    let server = vendor(move |subject| match subject {
        Control if denied.load(Ordering::Relaxed) > 0 => not_found(),
        other => healthy(other),
    })
    .await;
    let settler = Settler::new(client(&server.url), Some(control()));
    assert_eq!(settler.learn().await.unwrap().answer, NOT_FOUND);
    is_denied.store(1, Ordering::Relaxed);
    let settled = settler.settle(&wanted("A-1"), LATE).await;
    assert!(
        matches!(settled, Settlement::Unconfirmed(..)),
        "{settled:?}"
    );
}

#[tokio::test]
async fn rule_without_control_needs_only_the_probe() {
    let settle = async |server: Server| {
        let settler = Settler::new(client(&server.url), Some(control()));
        let rule = NotFoundRule::WithoutControl;
        settler.settle_by(&wanted("A-1"), rule).await
    };
    let denied_control = vendor(|subject| match subject {
        Control => not_found(),
        other => healthy(other),
    });
    let settled = settle(denied_control.await).await;
    assert_eq!(settled, Settlement::NotCharged(NOT_FOUND));
    let other_probe = vendor(|subject| match subject {
        Probe => outage(),
        other => healthy(other),
    });
    let settled = settle(other_probe.await).await;
    let differs = Settlement::Unconfirmed(NOT_FOUND, ProbeError::Differs);
    assert_eq!(settled, differs);
}
