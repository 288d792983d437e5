//! What all processes of a queue must agree on: the account, the rules, and the version of the protocol.

mod rule_fields;
mod switch;

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use redis::Value;
use serde::Serialize;

pub use switch::{AccountSwitch, OrderInDoubt};

#[cfg(test)]
pub(crate) use switch::SwitchAccount;

use crate::{
    error::QueueError, fields::FieldReader, handle::Handle, protocol::PROTOCOL, rules::Rules,
    script::script, seal::Recipients,
};

script! {
    JoinQueue<'a> = "join_queue.lua";
    queue: queue;
    order: ;
    arguments: account: &'a str, protocol: u32, mode: &'a str;
}

/// A HitPoints account: `app_id@scheme://host[:port]`. Holds no secret.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Account(String);

impl Account {
    /// Names the account `app_id` at the HitPoints of this origin, `scheme://host[:port]`.
    pub fn new(app_id: &str, origin: &str) -> Self {
        Self(format!("{app_id}@{origin}"))
    }

    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Account {
    fn from(name: &str) -> Self {
        Self(name.into())
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The account and the rules that this process uses. Cheap to clone; all copies see a change of the rules.
#[derive(Clone, Debug)]
pub struct Agreement(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    account: Account,
    /// The account of the queue. Differs from `account` only while an operator resolves an order of an earlier account.
    queue_account: Account,
    /// The keys of this process' own settings.
    own_seal_to: Recipients,
    rules: RwLock<Rules>,
}

impl Agreement {
    /// Creates the agreement of a process that works for `account`.
    pub fn new(account: Account, rules: Rules) -> Self {
        Self::of_earlier_account(account.clone(), account, rules)
    }

    /// Creates the agreement of a process that uses `account` to resolve orders that were submitted there, while the queue
    /// has another account by now.
    pub fn of_earlier_account(account: Account, queue_account: Account, rules: Rules) -> Self {
        Self(Arc::new(Shared {
            account,
            queue_account,
            own_seal_to: rules.seal_to.clone(),
            rules: RwLock::new(rules),
        }))
    }

    /// The account with which this process calls HitPoints.
    pub fn account(&self) -> &Account {
        &self.0.account
    }

    /// The account that the queue must have: otherwise nothing is claimed.
    pub(crate) fn queue_account(&self) -> &str {
        self.0.queue_account.as_str()
    }

    /// Fails if a script has found that this process must not call HitPoints for the queue.
    pub(crate) fn check_fence(&self, answer: &FieldReader<'_>) -> Result<(), QueueError> {
        check_protocol(
            answer
                .parse("newer_protocol")
                .map_err(QueueError::Protocol)?,
        )?;
        match answer.text("other_account") {
            Some(queue) => Err(self.other_account(queue)),
            None => Ok(()),
        }
    }

    /// Fails if the queue belongs to another account.
    pub fn check_account(&self, terms: &QueueTerms) -> Result<(), QueueError> {
        match &terms.account {
            Some(queue) if queue != self.account() => Err(self.other_account(queue.as_str())),
            _ => Ok(()),
        }
    }

    fn other_account(&self, queue: &str) -> QueueError {
        QueueError::OtherAccount {
            queue: queue.into(),
            own: self.account().to_string(),
        }
    }

    /// The account that an order was submitted on, if it is not the account of this process. `stored` is what its record
    /// says.
    pub(crate) fn other_account_of(&self, stored: Option<&str>) -> Option<String> {
        let submitted_on = stored.unwrap_or_else(|| self.queue_account());
        (submitted_on != self.account().as_str()).then(|| submitted_on.to_owned())
    }

    /// The rules in force.
    pub fn rules(&self) -> Rules {
        let rules = self.0.rules.read();
        rules.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The most calls a second over all workers, if there is a limit.
    pub fn calls_per_second(&self) -> Option<f64> {
        rule_fields::rate(&self.rules())
    }

    /// The keys of this process' own settings.
    pub fn own_seal_to(&self) -> &Recipients {
        &self.0.own_seal_to
    }

    /// Replaces the rules that all processes share by those that the queue has stored. Returns what has changed.
    ///
    /// A process whose own settings name keys to seal to keeps them if the queue has none: one worker with old settings must
    /// not make all others publish cards in clear text.
    pub fn adopt(&self, stored: &QueueTerms) -> Result<Vec<RuleChange>, QueueError> {
        let Some(fields) = &stored.rules else {
            return Ok(Vec::new());
        };
        let old = self.rules();
        let mut new = rule_fields::read(fields, &old).map_err(QueueError::Protocol)?;
        if new.seal_to.is_empty() {
            new.seal_to = self.0.own_seal_to.clone();
        }
        let changes = changes(&rule_fields::write(&old), &rule_fields::write(&new));
        *self.0.rules.write().unwrap_or_else(PoisonError::into_inner) = new;
        Ok(changes)
    }
}

/// An agreement without an account: for a process that calls nobody.
impl From<Rules> for Agreement {
    fn from(rules: Rules) -> Self {
        Self::new(Account::default(), rules)
    }
}

/// What a queue has stored about its account and its rules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueueTerms {
    /// The account. `None` if no worker has ever run on this queue.
    pub account: Option<Account>,
    /// The rules by name. `None` if no worker has ever run on this queue.
    rules: Option<BTreeMap<String, String>>,
}

/// A rule that has another value now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleChange {
    /// The key of the setting, such as `results.retention`.
    pub name: String,
    /// The former value, as a setting is written. `None`: it was not set.
    pub old: Option<String>,
    /// The new value.
    pub new: Option<String>,
}

/// What a process that joins a queue wants to store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Join {
    /// Its own rules, in place of those of the queue: a worker starts.
    WithOwnRules,
    /// Its rules only if the queue has none: Redis may have lost them.
    IfForgotten,
}

impl Handle {
    /// Reads the account and the rules of the queue. Fails if a newer program uses it.
    pub async fn terms(&self) -> Result<QueueTerms, QueueError> {
        let mut command = redis::cmd("HGETALL");
        command.arg(&self.keys.queue);
        let fields: Vec<Value> = command.query_async(&mut self.connection.clone()).await?;
        read_terms(&Value::Array(fields))
    }

    /// Stores public keys of a worker again, if Redis has lost those of the queue.
    pub async fn restore_seal_to(&self, keys: &Recipients) -> Result<(), QueueError> {
        let mut command = redis::cmd("HSET");
        command.arg(&self.keys.queue);
        for (name, key) in rule_fields::seal_to_fields(keys) {
            command.arg(name).arg(key);
        }
        Ok(command.query_async(&mut self.connection.clone()).await?)
    }

    /// Stores the account and the rules of a worker, unless the queue has another account or belongs to a newer program.
    /// Returns what was stored before.
    pub async fn join(&self, agreement: &Agreement, join: Join) -> Result<QueueTerms, QueueError> {
        let mut call = JoinQueue {
            account: agreement.account().as_str(),
            protocol: PROTOCOL,
            mode: match join {
                Join::WithOwnRules => "own_rules",
                Join::IfForgotten => "if_forgotten",
            },
        }
        .call(&self.keys);
        for (name, value) in rule_fields::write(&agreement.rules()) {
            call.arg(name).arg(value);
        }
        let before: Value = call.run(&mut self.connection.clone()).await?;
        read_terms(&before)
    }
}

impl QueueTerms {
    /// The public keys to which the queue seals cards. Fails if one cannot be used.
    pub fn seal_to(&self) -> Result<Recipients, QueueError> {
        let fields = self.rules.as_ref();
        fields
            .map_or_else(|| Ok(Recipients::default()), rule_fields::seal_to)
            .map_err(QueueError::Protocol)
    }

    /// Returns how the rules of a process differ from these. A process without public keys keeps those of the queue.
    pub fn changes_to(&self, agreement: &Agreement) -> Vec<RuleChange> {
        let Some(stored) = &self.rules else {
            return Vec::new();
        };
        let mut own = rule_fields::write(&agreement.rules());
        if agreement.own_seal_to().is_empty() {
            let keys = stored.iter().filter(|(name, _)| rule_fields::is_key(name));
            own.extend(keys.map(|(name, key)| (name.clone(), key.clone())));
        }
        changes(stored, &own)
    }
}

fn read_terms(value: &Value) -> Result<QueueTerms, QueueError> {
    let fields = FieldReader::new(value);
    let protocol = fields.parse("protocol").map_err(QueueError::Protocol)?;
    check_protocol(protocol)?;
    let rules = rule_fields::select(value);
    Ok(QueueTerms {
        account: fields.text("account").map(Account::from),
        rules: (!rules.is_empty()).then_some(rules),
    })
}

/// Fails if this version of the protocol is newer than the program.
pub(crate) fn check_protocol(stored: Option<u32>) -> Result<(), QueueError> {
    match stored {
        Some(stored) if stored > PROTOCOL => Err(QueueError::NewerProtocol(stored)),
        _ => Ok(()),
    }
}

fn changes(old: &BTreeMap<String, String>, new: &BTreeMap<String, String>) -> Vec<RuleChange> {
    let names = old
        .keys()
        .chain(new.keys().filter(|name| !old.contains_key(*name)));
    names
        .filter(|name| old.get(*name) != new.get(*name))
        .map(|name| RuleChange {
            name: name.clone(),
            old: old.get(name).map(|value| rule_fields::display(name, value)),
            new: new.get(name).map(|value| rule_fields::display(name, value)),
        })
        .collect()
}
