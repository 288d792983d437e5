//! A server closes connections that are idle, and the news of it takes a while.

use std::time::Duration;

use e2e::{World, assert_fields, tls::IdleFront};

use crate::tls_and_proxy::address;

#[tokio::test]
async fn order_is_not_sent_on_a_connection_that_is_about_to_close() {
    let world = World::start();
    let front = IdleFront::start(address(&world), Duration::from_millis(1500)).await;
    let url = format!("http://{}", front.addr());
    // The calls are two seconds apart.
    let _worker = world.worker_with(&[
        ("HP_API__BASE_URL", &url),
        ("HP_WORKER__RATE", "0.5"),
        ("HP_LOG__FILTER", "info"),
    ]);
    for n in 0..4 {
        world.enqueue(&format!("A-{n}"), 1).await;
    }
    for n in 0..4 {
        let result = world.result(&format!("A-{n}")).await;
        assert_fields!(result, { "status": "completed", "source": "fetch", "attempts": "1" });
    }
}
