use std::collections::{BTreeMap, HashMap};

use hp_order::Millis;
use hp_queue::{Account, Agreement, Inspector, OpenOrderScan, QueueError, Rules, Status};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    config::Config,
    terminal::{
        CommandResult, escape_control,
        format::{duration, print_json, time},
        outln,
        table::print_pairs,
    },
};

const PAGE: usize = 256;

/// The queue, and its open orders by state.
#[derive(Serialize)]
struct QueueStatus {
    #[serde(flatten)]
    queue: Status,
    states: BTreeMap<&'static str, u64>,
    /// The HitPoints account of the queue. `None` if no worker has ever run.
    account: Option<Account>,
    /// Calls a second over all workers.
    rate: Option<f64>,
}

/// Shows the state of the queue. Returns `false` if it is paused.
pub(crate) async fn show_status(config: &Config, as_json: bool) -> CommandResult {
    let (handle, terms) = config.handle_with_terms().await?;
    let inspector = Inspector::new(handle);
    let rules = Agreement::from(Rules::from(config));
    rules.adopt(&terms)?;
    let queue = inspector.status().await?;
    let status = QueueStatus {
        states: count_states(&inspector, Millis(queue.now)).await?,
        queue,
        account: terms.account,
        rate: rules.calls_per_second(),
    };
    if as_json {
        print_json(&status.to_json()?)?;
    } else {
        status.print()?;
    }
    Ok(status.queue.paused.is_empty())
}

async fn count_states(
    inspector: &Inspector,
    now: Millis,
) -> Result<BTreeMap<&'static str, u64>, QueueError> {
    let (mut scan, mut states) = (OpenOrderScan::default(), BTreeMap::new());
    loop {
        let ids = inspector.open_orders(&mut scan, now, PAGE).await?;
        if ids.is_empty() {
            return Ok(states);
        }
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        for snapshot in inspector.snapshot(&ids).await? {
            let state = snapshot.map_or("unreadable", |snapshot| snapshot.record.state.as_str());
            *states.entry(state).or_default() += 1;
        }
    }
}

impl QueueStatus {
    /// Numbers as numbers, and the JSON values of the last run's report as JSON.
    fn to_json(&self) -> serde_json::Result<Value> {
        let mut shown = serde_json::to_value(self)?;
        let oldest = self.queue.oldest.as_ref();
        shown["oldest"] = oldest.map_or(
            Value::Null,
            |(id, at)| json!({ "order_id": id, "accepted_at": at }),
        );
        let objects = [
            ("last_run", &self.queue.last_run),
            ("breaker", &self.queue.breaker),
        ];
        for (name, fields) in objects {
            let values = fields.iter().filter(|(_, text)| !text.is_empty());
            let values = values.map(|(name, text)| (json_name(name), parse(text)));
            shown[name] = Value::Object(values.collect());
        }
        Ok(shown)
    }

    fn print(&self) -> std::io::Result<()> {
        let queue = &self.queue;
        let states = self.states.iter().map(|(state, n)| format!("{n} {state}"));
        let states: Vec<_> = states.collect();
        let mut workers: Vec<_> = queue.workers.keys().cloned().collect();
        workers.sort();
        let rate = self.rate.map_or_else(
            || "unlimited".into(),
            |rate| format!("{rate} calls a second"),
        );
        let account = self.account.as_ref().map(Account::to_string);
        print_pairs(&[
            ("account", account.unwrap_or_else(|| "none yet".into())),
            ("new", queue.new.to_string()),
            ("lost", self.lost()),
            ("open", counted(queue.open, &states)),
            ("oldest", self.oldest()),
            ("rejected", queue.rejected.to_string()),
            ("paused", self.pause()),
            ("breaker", self.breaker()),
            ("throttle", self.throttle()),
            ("held", self.holds()),
            ("rate", rate),
            ("workers", counted(workers.len(), &workers)),
            ("last run", self.last_run()),
        ])?;
        self.print_worker_faults()
    }

    /// The workers that claim no orders, one paragraph each.
    fn print_worker_faults(&self) -> std::io::Result<()> {
        for (worker, fault) in &self.queue.worker_faults {
            let since = duration(self.now().since(Millis(fault.since)));
            let reason = escape_control(&fault.reason);
            outln!("\nworker {worker} claims no orders since {since}:\n  {reason}")?;
        }
        Ok(())
    }

    fn lost(&self) -> String {
        match self.queue.lost {
            0 => String::new(),
            lost => format!("{lost} entries before a worker took them; see `worker doctor`"),
        }
    }

    fn oldest(&self) -> String {
        let age = |at: u64| duration(self.now().since(Millis(at)));
        let oldest = self.queue.oldest.as_ref();
        oldest.map_or_else(String::new, |(id, at)| format!("{id}, {}", age(*at)))
    }

    fn pause(&self) -> String {
        let paused = &self.queue.paused;
        if paused.is_empty() {
            return "no".into();
        }
        format!("{} (by {})", field(paused, "reason"), field(paused, "by"))
    }

    fn breaker(&self) -> String {
        let breaker = &self.queue.breaker;
        if !breaker.contains_key("until") {
            return "closed".into();
        }
        let since = field(breaker, "since").parse().unwrap_or(self.queue.now);
        let open_for = duration(self.now().since(Millis(since)));
        format!("open: no answers for {open_for}")
    }

    fn throttle(&self) -> String {
        let throttle = &self.queue.throttle;
        let value = |name| throttle.get(name).copied().unwrap_or_default();
        let mut parts = Vec::new();
        let left = Millis(value("until")).since(self.now());
        if !left.is_zero() {
            parts.push(format!("no calls for {}", duration(left)));
        }
        if value("interval") > 0 {
            let rate = 1_000_000 / value("interval");
            parts.push(format!("at most {} calls a second", rate.max(1)));
        }
        if parts.is_empty() {
            return "no".into();
        }
        let (count, limits) = (value("count"), parts.join(", then "));
        format!("{limits}: a front end of HitPoints answered 429 or 503 ({count} times)")
    }

    fn holds(&self) -> String {
        let holds = self.queue.holds.iter().map(|(currency, until)| {
            let left = duration(Millis(*until).since(self.now()));
            match self.queue.held.get(currency) {
                Some(orders) => format!("{currency} for {left} ({orders} orders)"),
                None => format!("{currency} for {left}"),
            }
        });
        holds.collect::<Vec<_>>().join(", ")
    }

    fn last_run(&self) -> String {
        let run = &self.queue.last_run;
        let Ok(at) = field(run, "finished_at").parse() else {
            return "none yet".into();
        };
        let (checked, review) = (field(run, "looked_at"), field(run, "for_a_person"));
        let at = time(Millis(at));
        match field(run, "incomplete") {
            "" => format!("{at}: {checked} checked, {review} need review"),
            reason => format!("{at}: {checked} checked, {review} need review; {reason}"),
        }
    }

    fn now(&self) -> Millis {
        Millis(self.queue.now)
    }
}

/// The name of a field in the JSON output, which keeps its names when Redis' own change.
fn json_name(name: &str) -> String {
    match name {
        "failures" => "silences".into(),
        name => name.into(),
    }
}

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| text.into())
}

fn field<'a>(fields: &'a HashMap<String, String>, name: &str) -> &'a str {
    fields.get(name).map_or("", String::as_str)
}

/// A number, and its parts.
fn counted(number: impl std::fmt::Display, parts: &[String]) -> String {
    match parts {
        [] => number.to_string(),
        parts => format!("{number}: {}", parts.join(", ")),
    }
}
