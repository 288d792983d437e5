use std::{sync::Arc, time::Duration};

use hp_queue::Inbox;
use tokio::{
    net::TcpListener,
    time::{Instant, sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{LONGEST_ROUND, Settings, start};
use crate::{
    config::Config,
    engine::{processor::OrderProcessor, pulse::Pulse},
    random::Random,
};

/// A Redis that accepts connections and never answers. Each call ends by its time limit.
#[tokio::test(start_paused = true)]
async fn poller_without_an_answer_of_redis_is_live() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://{}", silent.local_addr().unwrap());
    let file = format!(
        "[api]\nbase_url = 'http://127.0.0.1:1'\napp_id = 'demo'\napp_secret = 'hunter2'\n[redis]\nurl = '{url}'"
    );
    let config = Config::from_text(&file, []).unwrap();
    let agreement = config.agreement().unwrap();
    let processor = OrderProcessor::new(&config, agreement, Random::from_entropy()).unwrap();
    let inbox = Inbox::new(config.redis().unwrap(), &config.prefix);
    let (pulse, stop) = (Pulse::new(LONGEST_ROUND), CancellationToken::new());
    let rounds = pulse.rounds();
    let drain = Duration::from_secs(10);
    let settings = Settings {
        slots: 4,
        drain,
        stop: stop.clone(),
        pulse,
    };
    let _orders = start(Arc::new(processor), inbox, settings);
    let began = Instant::now();
    while began.elapsed() < Duration::from_mins(30) {
        assert_eq!(rounds.check(), Ok(()));
        sleep(Duration::from_secs(1)).await;
    }
    stop.cancel();
    let dead = async {
        while rounds.check().is_ok() {
            sleep(Duration::from_secs(1)).await;
        }
    };
    let dead = timeout(LONGEST_ROUND, dead).await;
    assert!(dead.is_ok(), "it has ended, and the process goes on");
}
