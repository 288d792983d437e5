use std::collections::{BTreeMap, HashMap};

use hp_order::Millis;
use hp_queue::{Account, Agreement, QueueError, QueueTerms, Rules, Status, without_password};
use serde::Serialize;
use serde_json::{Value, json};

use super::obstacles::{print_note, print_obstacles};
use crate::{
    config::Config,
    notify::summary,
    obstacle::{Facts, Obstacle, of_queue},
    reasons::StatusLine,
    terminal::{
        CommandResult,
        format::{duration, print_json, time},
        table::print_pairs,
    },
};

/// The queue, and its open orders by state.
#[derive(Serialize)]
pub(super) struct QueueStatus {
    /// The start of its keys.
    prefix: String,
    /// The address of Redis, without a password.
    redis: String,
    #[serde(flatten)]
    pub(super) queue: Status,
    states: BTreeMap<&'static str, u64>,
    /// The HitPoints account of the queue. `None` if no worker has ever run.
    account: Option<Account>,
    /// Calls a second over all workers.
    rate: Option<f64>,
    /// What keeps orders from going on, the most urgent first.
    pub(super) obstacles: Vec<Obstacle>,
}

/// Shows the state of the queue. Returns `false` if it needs an operator.
pub(crate) async fn show_status(config: &Config, as_json: bool) -> CommandResult {
    let (handle, terms) = config.handle_with_terms().await?;
    let facts = Facts::read_with_states(&handle).await?;
    let status = QueueStatus::new(config, &terms, facts)?;
    if as_json {
        print_json(&status.to_json()?)?;
    } else {
        status.print()?;
    }
    let mut obstacles = status.obstacles.iter();
    Ok(!obstacles.any(|obstacle| obstacle.kind.is_urgent()))
}

impl QueueStatus {
    pub(super) fn new(
        config: &Config,
        terms: &QueueTerms,
        facts: Facts,
    ) -> Result<Self, QueueError> {
        let rules = Agreement::from(Rules::from(config));
        rules.adopt(terms)?;
        Ok(Self {
            prefix: config.prefix.to_string(),
            redis: without_password(config.redis_access.url.expose()),
            obstacles: of_queue(&facts),
            states: facts.states,
            queue: facts.status,
            account: terms.account.clone(),
            rate: rules.calls_per_second(),
        })
    }

    /// Numbers as numbers, and the JSON values of the last run's report as JSON.
    pub(super) fn to_json(&self) -> serde_json::Result<Value> {
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
        if let Ok(since) = field(&self.queue.paused, "since").parse::<u64>() {
            shown["paused"]["since"] = since.into();
        }
        for (name, fields) in objects {
            let values = fields.iter().filter(|(_, text)| !text.is_empty());
            let values = values.map(|(name, text)| (json_name(name), parse(text)));
            shown[name] = Value::Object(values.collect());
        }
        Ok(shown)
    }

    /// Which queue it is.
    pub(super) fn place(&self) -> String {
        let account = self.account.as_ref().map(Account::to_string);
        let account = account.map_or_else(
            || "no account yet".into(),
            |account| format!("account {account}"),
        );
        format!("{} at {}, {account}", self.prefix, self.redis)
    }

    fn print(&self) -> std::io::Result<()> {
        print_pairs(&[("queue", self.place())])?;
        if self.is_empty() {
            let unused = "nothing is here yet: no order, no worker and no account. If you expected some, check queue.prefix and redis.url";
            return print_note(unused);
        }
        print_obstacles(&self.obstacles)?;
        print_pairs(&self.details())
    }

    /// Nobody has ever used this prefix.
    fn is_empty(&self) -> bool {
        let queue = &self.queue;
        let orders = queue.new + queue.scheduled + queue.open + queue.rejected;
        let has_obstacle = self.obstacles.iter().any(|one| one.kind.is_urgent());
        self.account.is_none()
            && orders == 0
            && !has_obstacle
            && queue.workers.is_empty()
            && queue.paused.is_empty()
            && queue.last_run.is_empty()
    }

    /// The lines below the obstacles. Empty values are left out.
    pub(super) fn details(&self) -> [(&'static str, String); 13] {
        let queue = &self.queue;
        let states = self.states.iter().map(|(state, n)| format!("{n} {state}"));
        let states: Vec<_> = states.collect();
        let mut workers: Vec<_> = queue.workers.keys().cloned().collect();
        workers.sort();
        let rate = self.rate.map_or_else(
            || "unlimited".into(),
            |rate| format!("{rate} calls a second"),
        );
        let lines = [
            (StatusLine::New, queue.new.to_string()),
            (StatusLine::Lost, self.lost()),
            (StatusLine::Open, counted(queue.open, &states)),
            (StatusLine::Oldest, self.oldest()),
            (StatusLine::Rejected, queue.rejected.to_string()),
            (StatusLine::Paused, self.pause()),
            (StatusLine::Breaker, self.breaker()),
            (StatusLine::Throttle, self.throttle()),
            (StatusLine::Held, self.holds()),
            (StatusLine::Rate, rate),
            (StatusLine::Workers, counted(workers.len(), &workers)),
            (StatusLine::LastRun, self.last_run()),
            (StatusLine::Notifications, summary(&queue.notifications)),
        ];
        lines.map(|(line, value)| (line.as_str(), value))
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

    /// The obstacles say why calls fail.
    fn breaker(&self) -> String {
        let breaker = &self.queue.breaker;
        let number = |name| field(breaker, name).parse().ok();
        match (breaker.contains_key("until"), number("failures")) {
            (true, _) => {
                let since = Millis(number("since").unwrap_or(self.queue.now));
                let open_for = duration(self.now().since(since));
                format!("open for {open_for}: one order at a time calls HitPoints")
            }
            (false, None | Some(0)) => "closed".into(),
            (false, Some(failures)) => format!("closed; failed calls in a row: {failures}"),
        }
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

    /// Only what the run did: how many orders need review now is not its business.
    fn last_run(&self) -> String {
        let run = &self.queue.last_run;
        let Ok(at) = field(run, "finished_at").parse() else {
            return "none yet".into();
        };
        let at = time(Millis(at));
        let review = match field(run, "for_a_person") {
            "" | "0" => String::new(),
            review => format!(", {review} of them needed review"),
        };
        let text = format!("{at}: {} checked{review}", field(run, "looked_at"));
        match field(run, "incomplete") {
            "" => text,
            reason => format!("{text}; {reason}"),
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
