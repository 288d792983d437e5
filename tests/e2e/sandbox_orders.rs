//! What the sandbox and the documents say to somebody who tries the worker by hand.

use std::fs;

use e2e::{World, assert_fields};

#[tokio::test]
async fn slip_in_a_fault_suffix_is_named_in_the_result() {
    let world = World::start();
    let _worker = world.worker();
    world.enqueue("A-1~tpyo", 1).await;
    let result = world.result("A-1~tpyo").await;
    assert_fields!(result, { "status": "failed", "reason": "refused", "code": "400100" });
    let message = &result["message"];
    assert!(message.contains("there is no fault \"tpyo\""), "{message}");
    assert!(message.ends_with("lists the faults"), "{message}");
    assert_eq!(world.charge_count("A-1~tpyo"), 0);
}

#[test]
fn documented_redis_servers_listen_on_loopback_only() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let mut commands = 0;
    for file in [
        "README.md",
        "deploy/local/demo.sh",
        "deploy/local/services.sh",
    ] {
        let text = fs::read_to_string(format!("{root}/{file}")).unwrap();
        let is_command = |line: &&str| line.contains("redis-server ") && line.contains("--port");
        for line in text.lines().filter(is_command) {
            commands += 1;
            assert!(line.contains("--bind 127.0.0.1"), "{file}: {line}");
        }
    }
    assert_eq!(commands, 3);
}
