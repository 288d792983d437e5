//! Latency, start and stop.

use std::time::{Duration, Instant};

use hp_sandbox::{Options, Sandbox};
use tokio::net::TcpStream;

use crate::raw_client::fetch;

#[tokio::test]
async fn call_takes_at_least_the_latency() {
    let options = Options {
        latency: "30ms..40ms".parse().unwrap(),
        ..Options::local()
    };
    let sandbox = Sandbox::start(options).unwrap();
    let start = Instant::now();
    assert_eq!(fetch(&sandbox, "A-1", 2, 1).code().await, 200);
    assert!(start.elapsed() >= Duration::from_millis(30));
}

#[tokio::test]
async fn stop_closes_the_port() {
    let sandbox = Sandbox::start(Options::local()).unwrap();
    let addr = sandbox.addr();
    assert!(TcpStream::connect(addr).await.is_ok());
    sandbox.stop().await;
    assert!(TcpStream::connect(addr).await.is_err());
}

#[test]
fn start_without_a_runtime_is_an_error() {
    assert!(Sandbox::start(Options::local()).is_err());
}

#[tokio::test]
async fn start_names_an_address_in_use() {
    let sandbox = Sandbox::start(Options::local()).unwrap();
    let options = Options {
        listen: sandbox.addr(),
        ..Options::local()
    };
    let why = Sandbox::start(options).err().unwrap().to_string();
    assert!(why.contains(&sandbox.addr().to_string()), "{why}");
}
