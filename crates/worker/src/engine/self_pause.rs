use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use tracing::{info, warn};

/// The reasons why this process alone claims no orders. Other workers go on, because the fault may be only here. A reason
/// that ends is removed, and the process goes on by itself.
#[derive(Debug, Default)]
pub(crate) struct SelfPause {
    reasons: Mutex<BTreeMap<Subject, String>>,
}

/// What a reason is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Subject {
    /// Account, rules and protocol version of the queue.
    Terms,
    /// The safety of Redis.
    Redis,
    /// The product list, which was never fetched.
    Products,
    /// The connection to HitPoints.
    Link,
}

impl SelfPause {
    /// Sets or removes the reason of one subject. Logs a change.
    pub(crate) fn set(&self, subject: Subject, reason: Option<String>) {
        let mut reasons = self.reasons.lock().unwrap_or_else(PoisonError::into_inner);
        if reasons.get(&subject) == reason.as_ref() {
            return;
        }
        if let Some(reason) = reason {
            warn!(%reason, "this process claims no orders until the cause is fixed");
            reasons.insert(subject, reason);
            return;
        }
        reasons.remove(&subject);
        if reasons.is_empty() {
            info!("the cause is fixed: this process claims orders again");
        }
    }

    /// All reasons to claim no orders, if there are any.
    pub(crate) fn reason(&self) -> Option<String> {
        let reasons = self.reasons.lock().unwrap_or_else(PoisonError::into_inner);
        let all: Vec<_> = reasons.values().map(String::as_str).collect();
        (!all.is_empty()).then(|| all.join("; "))
    }

    /// The reason that this subject gives, if it does.
    pub(crate) fn reason_of(&self, subject: Subject) -> Option<String> {
        let reasons = self.reasons.lock().unwrap_or_else(PoisonError::into_inner);
        reasons.get(&subject).cloned()
    }

    /// `true` if there is a reason to claim no orders.
    pub(crate) fn is_paused(&self) -> bool {
        let reasons = self.reasons.lock().unwrap_or_else(PoisonError::into_inner);
        !reasons.is_empty()
    }
}
