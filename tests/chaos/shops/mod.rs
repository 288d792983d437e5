//! Shops: they enqueue orders, read results, and enqueue orders without results again.

mod read;

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap},
    sync::{Arc, Mutex},
    time::Duration,
};

use redis::aio::MultiplexedConnection;
use tokio::time::{Instant, sleep_until, timeout};

use super::{
    clock::Clock,
    history::PublishedResult,
    losses::Losses,
    masters::{Masters, Role},
    workload::{Order, Purpose, Submission, Workload},
};

/// The time limit of a shop's commands.
const REDIS_TIMEOUT: Duration = Duration::from_secs(2);
/// The delay before a failed command is repeated.
const RETRY_AFTER: Duration = Duration::from_millis(300);

/// The shops. Copies share what they have seen.
#[derive(Clone)]
pub(crate) struct Shops {
    masters: Masters,
    clock: Clock,
    losses: Losses,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
pub(crate) struct Seen {
    /// All result entries in the order of reading.
    pub(crate) published: Vec<PublishedResult>,
    /// The places in `published` of the entries with this id.
    places: HashMap<String, Vec<usize>>,
    /// The orders with a first result, and when it was read.
    results: HashMap<String, u64>,
    /// For each submission, the times at which Redis accepted it.
    pub(crate) accepted: Vec<Vec<u64>>,
}

impl Shops {
    pub(crate) fn new(masters: Masters, clock: Clock, losses: Losses) -> Self {
        Self {
            masters,
            clock,
            losses,
            seen: Arc::default(),
        }
    }

    pub(crate) fn seen<T>(&self, look: impl FnOnce(&mut Seen) -> T) -> T {
        look(&mut self.seen.lock().unwrap())
    }

    /// The orders without a result.
    pub(crate) fn missing<'a>(&self, orders: &'a [Order]) -> Vec<&'a str> {
        let ids = orders.iter().map(|order| order.id.as_str());
        self.seen(|seen| ids.filter(|id| !seen.results.contains_key(*id)).collect())
    }

    /// `true` if an entry other than a purchase is still to be submitted.
    pub(crate) fn has_pending_extras(&self, workload: &Workload) -> bool {
        let mut submissions = workload.submissions.iter().enumerate();
        submissions.any(|(n, submission)| {
            submission.purpose != Purpose::Buy
                && matches!(self.next_step(n, submission), NextStep::Submit)
        })
    }

    /// Submits every entry at its time until aborted.
    pub(crate) async fn submit_all(self, workload: Arc<Workload>, retry_after: Duration) {
        self.seen(|seen| seen.accepted = vec![Vec::new(); workload.submissions.len()]);
        let start = self.clock.start;
        let submissions = workload.submissions.iter().enumerate();
        let mut due: BinaryHeap<_> = submissions
            .map(|(n, submission)| Reverse((start + submission.at, n)))
            .collect();
        let mut connections = Connections::default();
        while let Some(Reverse((at, n))) = due.pop() {
            sleep_until(at).await;
            let submission = &workload.submissions[n];
            let again_in = match self.next_step(n, submission) {
                NextStep::Nothing => continue,
                NextStep::Submit if self.add(&mut connections, n, submission).await => retry_after,
                NextStep::Submit | NextStep::Wait => RETRY_AFTER,
            };
            due.push(Reverse((Instant::now() + again_in, n)));
        }
    }

    fn next_step(&self, n: usize, submission: &Submission) -> NextStep {
        let (result, accepted) = self.seen(|seen| {
            let result = seen.results.get(&submission.id).copied();
            (result, !seen.accepted[n].is_empty())
        });
        match (submission.purpose, result) {
            (Purpose::Buy, None) => NextStep::Submit,
            (Purpose::Buy, Some(_)) => NextStep::Nothing,
            _ if accepted => NextStep::Nothing,
            (Purpose::Invalid | Purpose::NoId, _) => NextStep::Submit,
            // One of two masters may not know the order.
            (Purpose::Repeat | Purpose::Conflict, _) if self.masters.are_two() => NextStep::Wait,
            (Purpose::Repeat | Purpose::Conflict, None) => NextStep::Wait,
            // Waits until Redis has certainly not lost the order: without it, a conflicting entry would be a new order.
            (Purpose::Repeat | Purpose::Conflict, Some(read)) => {
                match self.losses.is_lost(read, self.clock.now()) {
                    None => NextStep::Wait,
                    Some(true) => NextStep::Nothing,
                    Some(false) => NextStep::Submit,
                }
            }
        }
    }

    /// Adds the entry. Returns `true` if Redis accepted it.
    async fn add(&self, connections: &mut Connections, n: usize, submission: &Submission) -> bool {
        let mut command = redis::cmd("XADD");
        command.arg("{hp}:jobs").arg("*");
        for (name, value) in &submission.fields {
            command.arg(*name).arg(value);
        }
        // Of two masters each gets half of the orders, and repetitions of those of the other one.
        let times = self.seen(|seen| seen.accepted[n].len());
        let role = if (n + times).is_multiple_of(2) && self.masters.both_are_used() {
            Role::Former
        } else {
            Role::Present
        };
        let adding = connections.add(&self.masters, role, &command);
        let Ok(Ok(_)) = timeout(REDIS_TIMEOUT, adding).await else {
            connections.open.clear();
            return false;
        };
        let now = self.clock.now();
        self.seen(|seen| seen.accepted[n].push(now));
        true
    }
}

/// The connections of the shops to the masters, until the masters change.
#[derive(Default)]
struct Connections {
    version: u64,
    open: Vec<(Role, MultiplexedConnection)>,
}

impl Connections {
    async fn add(
        &mut self,
        masters: &Masters,
        role: Role,
        command: &redis::Cmd,
    ) -> redis::RedisResult<String> {
        let version = masters.version();
        if self.version != version {
            self.open.clear();
            self.version = version;
        }
        if let Some((_, connection)) = self.open.iter_mut().find(|(other, _)| *other == role) {
            return command.query_async(connection).await;
        }
        let client = masters.client(role).or(masters.client(Role::Present));
        let client = client.expect("there is always a master");
        let mut connection = client.get_multiplexed_async_connection().await?;
        self.open.push((role, connection.clone()));
        command.query_async(&mut connection).await
    }
}

enum NextStep {
    Nothing,
    Wait,
    Submit,
}
