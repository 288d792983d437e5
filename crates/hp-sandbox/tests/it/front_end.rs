//! A front end that limits the rate of calls.

use hp_sandbox::{Options, Sandbox};

use crate::raw_client::fetch;

#[tokio::test]
async fn front_end_turns_away_calls_above_its_rate() {
    let sandbox = Sandbox::start(Options {
        front_end_rate: Some(1),
        ..Options::local()
    });
    let sandbox = sandbox.unwrap();
    let mut turned_away = 0;
    // Some of these calls arrive in the same second.
    while turned_away == 0 {
        let calls = sandbox.calls().0;
        let answer = fetch(&sandbox, &format!("A-{calls}"), 2, 1).answer().await;
        if answer.status == 429 {
            assert_eq!(answer.header("retry-after"), Some("1"));
            turned_away += 1;
        }
    }
    let (calls, counted) = sandbox.calls();
    assert_eq!(counted, turned_away);
    assert_eq!(sandbox.ledger().charges.len() as u64, calls - turned_away);
}
