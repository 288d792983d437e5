//! What a person decides about single orders, and that HitPoints' record has the last word.

use e2e::{Worker, World};
use hp_order::{Event, QueryVerdict};
use hp_queue::Ledger;

use crate::{
    by_hand::{LONG, refused, settle, take_one},
    reconcile::charge,
};

/// Puts an order into review.
async fn in_review(world: &World, ledger: &Ledger, id: &str, is_charged: bool) {
    world.order(id, 1).await;
    let claimed = take_one(ledger, LONG).await;
    if is_charged {
        charge(world, &claimed).await;
    }
    let other = Event::Queried(QueryVerdict::Mismatch(hp_api::Mismatch::Quantity));
    settle(ledger, &claimed, other).await;
    assert_eq!(world.record(id).await["state"], "review");
}

/// Long ago, so that no request can be on its way any more.
async fn long_ago(world: &World, id: &str) {
    let key = format!("{{hp}}:order:{id}");
    world
        .redis
        .run::<u64>(&["HSET", &key, "submitted_at", "1"])
        .await;
}

/// A command's exit code and what it said.
fn say(world: &World, words: &[&str]) -> (i32, String) {
    let output = Worker::command(words, &world.settings(&[]));
    let said = [output.stdout, output.stderr].concat();
    (
        output.status.code().unwrap(),
        String::from_utf8(said).unwrap(),
    )
}

fn resolve(world: &World, id: &str, verdict: &str) -> (i32, String) {
    let words = [
        "resolve",
        id,
        "--as",
        verdict,
        "--why",
        "ticket 42",
        "--by",
        "Ada",
    ];
    say(world, &words)
}

#[tokio::test(flavor = "multi_thread")]
async fn completed_is_believed_only_if_the_record_is_there() {
    let world = World::start();
    let ledger = world.ledger();
    in_review(&world, &ledger, "there", true).await;
    in_review(&world, &ledger, "not-there", false).await;
    assert_eq!(resolve(&world, "there", "completed").0, 0);
    let result = world.result("there").await;
    assert_eq!(
        (result["status"].as_str(), result["pin_count"].as_str()),
        ("completed", "1")
    );
    let (code, said) = resolve(&world, "not-there", "completed");
    assert_eq!(code, 1);
    assert!(said.contains("no record of it"), "{said}");
    assert_eq!(world.record("not-there").await["state"], "review");
    let story = &world.record("there").await["story"];
    assert!(
        story.contains("completed - - asked to be resolved as completed by Ada: ticket 42"),
        "{story}"
    );
    let story = &world.record("not-there").await["story"];
    assert!(
        story.contains("asked to be resolved as completed"),
        "{story}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn not_charged_and_resubmit_are_believed_only_when_no_request_can_arrive_any_more() {
    let world = World::start();
    let ledger = world.ledger();
    for (id, verdict) in [("A-1", "not-charged"), ("A-2", "resubmit")] {
        in_review(&world, &ledger, id, false).await;
        let (code, said) = resolve(&world, id, verdict);
        assert_eq!(code, 1);
        assert!(said.contains("may still arrive"), "{said}");
        long_ago(&world, id).await;
        assert_eq!(resolve(&world, id, verdict).0, 0);
    }
    let failed = world.result("A-1").await;
    assert_eq!(
        (failed["status"].as_str(), failed["reason"].as_str()),
        ("failed", "resolved")
    );
    let _worker = world.worker();
    assert_eq!(world.result("A-2").await["status"], "completed");
    assert_eq!((world.charged("A-1"), world.charged("A-2")), (0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_charged_is_completed_whatever_a_person_takes_it_for() {
    let world = World::start();
    let ledger = world.ledger();
    for (id, verdict) in [("A-1", "not-charged"), ("A-2", "resubmit")] {
        in_review(&world, &ledger, id, true).await;
        long_ago(&world, id).await;
        let (code, said) = resolve(&world, id, verdict);
        assert_eq!(code, 1);
        assert!(said.contains("HitPoints has charged it"), "{said}");
        assert_eq!(world.result(id).await["status"], "completed");
        assert_eq!(world.charged(id), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_an_order_in_review_is_decided_by_a_person() {
    let world = World::start();
    let ledger = world.ledger();
    world.order("waiting", 1).await;
    let claimed = take_one(&ledger, LONG).await;
    let (code, said) = resolve(&world, "waiting", "resubmit");
    assert_eq!(code, 1);
    assert!(said.contains("a worker is at it"), "{said}");
    settle(&ledger, &claimed, Event::BalanceHeld(LONG)).await;
    let before = world.record("waiting").await;
    let (code, said) = resolve(&world, "waiting", "resubmit");
    assert_eq!(code, 1);
    assert!(said.contains("not in review"), "{said}");
    let after = world.record("waiting").await;
    assert_eq!(
        (&after["state"], &after["attempts"]),
        (&before["state"], &before["attempts"])
    );
    world.order("ended", 1).await;
    settle(&ledger, &take_one(&ledger, LONG).await, refused()).await;
    assert!(
        resolve(&world, "ended", "completed")
            .1
            .contains("has ended")
    );
    assert!(
        resolve(&world, "nobody", "completed")
            .1
            .contains("no such order")
    );
    world
        .control()
        .pause("the secret is wrong", "somebody")
        .await
        .unwrap();
    let (code, said) = resolve(&world, "waiting", "completed");
    assert_eq!(code, 2);
    assert!(said.contains("worker resume"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_retried_is_asked_about_anew_and_goes_on() {
    let world = World::start();
    let ledger = world.ledger();
    in_review(&world, &ledger, "A-1", true).await;
    in_review(&world, &ledger, "A-2", false).await;
    long_ago(&world, "A-2").await;
    let words = ["retry", "A-1", "A-2", "nobody", "--by", "Ada", "--json"];
    let (code, said) = say(&world, &words);
    assert_eq!(code, 1, "{said}");
    let lines: Vec<serde_json::Value> = said
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let done: Vec<_> = lines
        .iter()
        .map(|line| line["done"].as_bool().unwrap())
        .collect();
    assert_eq!(done, [true, true, false]);
    let _worker = world.worker();
    for id in ["A-1", "A-2"] {
        assert_eq!(world.result(id).await["status"], "completed");
        assert_eq!(world.charged(id), 1);
        let story = &world.record(id).await["story"];
        assert!(story.contains("retried by Ada"), "{story}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_that_is_gone_is_put_out_again_from_hitpoints_record() {
    let world = World::start();
    {
        let _worker = world.worker();
        world.order("A-1", 2).await;
        world.result("A-1").await;
    }
    let first = world.result("A-1").await;
    world
        .redis
        .run::<u64>(&["XDEL", "{hp}:results", &first["entry"]])
        .await;
    assert_eq!(say(&world, &["republish", "A-1"]).0, 0);
    let again = world.result("A-1").await;
    assert_eq!(
        (&again["pins"], &again["replay_of"]),
        (&first["pins"], &first["entry"])
    );
    assert_eq!(say(&world, &["republish", "A-1"]).0, 0);
    assert_eq!(
        world.results("A-1", 2).await.len(),
        2,
        "as often as it is asked for"
    );
    let story = &world.record("A-1").await["story"];
    assert_eq!(story.matches("told again by").count(), 2, "{story}");
    let (code, said) = say(&world, &["republish", "nobody"]);
    assert_eq!(code, 1);
    assert!(said.contains("no such order"), "{said}");
    assert_eq!(world.charged("A-1"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_resubmitted_begins_anew_however_old_it_is_and_however_many_workers_it_took_down() {
    let world = World::start();
    let ledger = world.ledger();
    in_review(&world, &ledger, "A-1~lost-answer", false).await;
    let key = "{hp}:order:A-1~lost-answer";
    let old = [
        "HSET",
        key,
        "accepted_at",
        "1",
        "submitted_at",
        "1",
        "crashes",
        "5",
    ];
    world.redis.run::<u64>(&old).await;
    let (code, said) = resolve(&world, "A-1~lost-answer", "resubmit");
    assert_eq!(code, 0, "{said}");
    let _worker = world.worker();
    let result = world.result("A-1~lost-answer").await;
    assert_eq!(
        (result["status"].as_str(), result["source"].as_str()),
        ("completed", "query")
    );
    assert_eq!(result["accepted_at"], "1");
    assert_eq!(world.charged("A-1~lost-answer"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_wants_any_more_is_not_resubmitted() {
    let world = World::start();
    let ledger = world.ledger();
    in_review(&world, &ledger, "A-1", false).await;
    long_ago(&world, "A-1").await;
    let late = ["HSET", "{hp}:order:A-1", "deadline", "1"];
    world.redis.run::<u64>(&late).await;
    let (code, said) = resolve(&world, "A-1", "resubmit");
    assert!(code == 1 && said.contains("deadline has passed"), "{said}");
    assert_eq!(world.record("A-1").await["state"], "review");
    assert_eq!(resolve(&world, "A-1", "not-charged").0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slip_in_a_persons_own_settings_pauses_nobody() {
    let world = World::start();
    let ledger = world.ledger();
    in_review(&world, &ledger, "A-1", true).await;
    let slip = world.settings(&[("HP_API__APP_SECRET", "another-secret")]);
    for words in [
        &["reconcile", "--once"][..],
        &["resolve", "A-1", "--as", "completed", "--why", "ticket 42"],
    ] {
        let output = Worker::command(words, &slip);
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains("does not serve this account"), "{said}");
    }
    assert_eq!(world.inspector().paused().await.unwrap(), None);
    assert_eq!(world.record("A-1").await["state"], "review");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_asked_for_while_the_queue_is_paused() {
    let world = World::start();
    let ledger = world.ledger();
    world.order("A-1", 1).await;
    settle(&ledger, &take_one(&ledger, LONG).await, refused()).await;
    world.control().pause("stocktaking", "Ada").await.unwrap();
    let (code, said) = say(&world, &["republish", "A-1"]);
    assert!(code == 2 && said.contains("stocktaking"), "{said}");
    world.control().resume().await.unwrap();
    let (_, status) = say(&world, &["republish", "A-1"]);
    assert_eq!(world.results("A-1", 2).await.len(), 2, "{status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_ended_is_not_tried_again_though_its_result_is_waited_for() {
    let world = World::start();
    let ledger = world.ledger();
    world.order("A-1", 1).await;
    settle(&ledger, &take_one(&ledger, LONG).await, refused()).await;
    world.redis.run::<u64>(&["DEL", "{hp}:results"]).await;
    world
        .control()
        .request_replay(
            &"A-1".parse().unwrap(),
            world.inspector().now().await.unwrap(),
        )
        .await
        .unwrap();
    let (code, said) = say(&world, &["retry", "A-1"]);
    assert!(code == 1 && said.contains("it has ended"), "{said}");
    let _worker = world.worker();
    assert_eq!(world.result("A-1").await["status"], "failed");
}
