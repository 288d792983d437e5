//! What one run of the checker covers: its bounds, the vendor, and the rule or assumption that is left out.

use crate::time::{OLD_MASTER, RESUBMIT};

/// One run of the checker.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting {
    pub(crate) bounds: Bounds,
    pub(crate) repeated_id: RepeatedId,
    /// The vendor may show its record of a charge later than it charges.
    pub(crate) has_late_records: bool,
    /// What is modelled only in some runs.
    pub(crate) feature: Option<Feature>,
    /// The planted fault.
    pub(crate) fault: Option<Fault>,
    /// The assumptions that do not hold.
    pub(crate) dropped: Dropped,
    /// Whether to check in every world that the order still comes to its end.
    pub(crate) looks_ahead: bool,
}

/// What would make all other runs longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Feature {
    /// A worker may get a refusal that is not the answer to its submission.
    SurplusRefusals,
    /// Repetitions of an ended order are counted.
    Replays,
    /// The ages of the order and of the vendor's record are compared, tick by tick.
    RecordAges,
    /// A front end of the vendor may refuse the calls about this order like those of a blocked account.
    FrontEnd,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dropped {
    None,
    One(Assumption),
    All,
}

/// How often each kind of event may happen in the life of one order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) workers: usize,
    /// Crashes, stalls past the end of a lease, requests never sent, answers that are lost or prove nothing, and
    /// claims by name, all together.
    pub(crate) failures: u8,
    /// Refusals by HitPoints or by the product list, and orders that an operator closes.
    pub(crate) refusals: u8,
    /// How often Redis rolls back to an earlier state.
    pub(crate) rollbacks: u8,
    /// How often the shop enqueues the order.
    pub(crate) enqueues: u8,
    /// The highest claim number that is claimed again.
    pub(crate) claims: u8,
    /// The order may pass `retry.give_up_after`.
    pub(crate) grows_old: bool,
    /// How often a replica is promoted while the master lives on.
    pub(crate) promotions: u8,
    /// How often the clock of Redis steps.
    pub(crate) clock_steps: u8,
    /// How often the ledger forgets the ended order, so that the shop may use the id again.
    pub(crate) expiries: u8,
    /// How often the queue gets another account.
    pub(crate) account_switches: u8,
}

/// What the vendor does with an order id that it has already charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RepeatedId {
    /// It says that the id exists.
    Rejected,
    /// It returns the existing order.
    Answered,
    /// It charges again.
    Charged,
}

/// A planted fault: one rule is left out, to prove that the checker notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The worker submits an order in doubt without a query.
    ResubmitsWithoutQuery,
    /// "Not found" counts at any time.
    TrustsNotFoundAtOnce,
    /// Any denial counts as "not found", not only the answer to the probe.
    TrustsAnyDenial,
    /// "Not found" is judged by the time of the answer, not by the time of the query.
    JudgesNotFoundByAnswerTime,
    /// A claim does not store that the order is about to be sent. Only the settle call does.
    StoresAttemptsTooLate,
    /// No other worker takes over an order whose lease has ended.
    LeasesNeverEnd,
    /// A worker that stalled past the end of its lease still sends.
    SendsAfterLease,
    /// The settle call does not compare the claim.
    SettlesWithoutClaim,
    /// The settle call compares the claim but not the epoch.
    SettlesWithoutEpoch,
    /// No record counts as older than the present epoch.
    TrustsRestartedRedis,
    /// Only entries that are claimed soon after a restart are in doubt, not all that were enqueued soon after it.
    DoubtsByClaimTime,
    /// A claim of an earlier epoch may close an order as not charged if nobody has claimed it since.
    EndsAcrossRestart,
    /// Nobody looks for evidence that Redis lost writes.
    IgnoresLossEvidence,
    /// Evidence of loss does not invalidate the claims that were made before it.
    EvidenceKeepsEpoch,
    /// Evidence does not count as a claim call: if a second rollback erases it, nobody notices.
    EvidenceIsNotCounted,
    /// A restart soon after another one is judged by itself.
    ForgetsEarlierRestart,
    /// A promotion waits no longer than a restart.
    PromotionWaitsLikeRestart,
    /// After a proof of loss the wait leaves out that the old master gave out orders after the promotion.
    LossWaitIgnoresOldMaster,
    /// An entry of the inbox is in doubt by the time in its id, which the producer may have chosen.
    TrustsEntryTime,
    /// Waits that protect money are measured by the clock of Redis.
    WaitsByWallClock,
    /// A due time that lies further ahead than any delay counts.
    TrustsFarDueTime,
    /// A final refusal of the first submission ends the order without a query.
    FinalRefusalEndsAtOnce,
    /// An order that a front end refuses counts as not charged.
    TrustsFrontEnd,
    /// An order without an answer counts as turned away.
    TakesSilenceForTurnedAway,
    /// The worker pauses the queue without a control call.
    PausesWithoutControl,
    /// A record of the vendor belongs to the order however old it is.
    IgnoresRecordAge,
    /// An operator closes an order although the vendor's record fits it.
    ClosesFittingRecord,
    /// An operator closes an order while its request may still arrive and make a record that fits.
    ClosesWithoutWaiting,
    /// An order in doubt is queried on the account that the queue has now.
    QueriesNewAccount,
    /// A repetition is answered with a copy of the result, even if it was enqueued before the end.
    ReplaysEarlyRepetitions,
    /// A copy of the result counts as a first result.
    ReplaysAsFirstResult,
}

/// An assumption that can be dropped, to prove that the promises need it. `main.rs` lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Assumption {
    /// A request arrives within `resubmit_after` of its claim. Without it: within `resubmit_after` of its departure.
    TransitIncludesLease,
    /// A living worker shows its evidence of loss within a lease.
    EvidenceInTime,
    /// A request whose worker died arrives within a lease of the rollback.
    DeadWorkersRequestsArriveSoon,
    /// A shop does not repeat late an order that Redis has forgotten completely.
    ForgottenOrdersAreRepeatedSoon,
    /// Redis forgets nothing of the very first epoch of a queue.
    FirstEpochIsKept,
    /// A master whose replica was promoted soon accepts no more writes.
    OldMasterIsBounded,
    /// A refusal that is not ours comes after the vendor has processed the submission.
    SurplusRefusalsComeLate,
    /// A refusal that is not final is ours.
    OtherRefusalsAreOurs,
}

impl Setting {
    /// The same setting with any number of claims.
    pub(crate) fn without_claim_bound(mut self) -> Self {
        self.bounds.claims = u8::MAX;
        self
    }

    /// The ticks that a promotion adds to every wait.
    pub(crate) fn old_master(&self) -> u8 {
        if self.has(Fault::PromotionWaitsLikeRestart) {
            0
        } else {
            OLD_MASTER
        }
    }

    /// The longest wait after a restart or a promotion.
    pub(crate) const fn longest_wait(&self) -> u8 {
        RESUBMIT
            + if self.bounds.promotions > 0 {
                OLD_MASTER
            } else {
                0
            }
    }

    pub(crate) fn models(&self, feature: Feature) -> bool {
        self.feature == Some(feature)
    }

    pub(crate) fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    pub(crate) fn assumes(&self, assumption: Assumption) -> bool {
        !matches!(self.dropped, Dropped::All) && self.dropped != Dropped::One(assumption)
    }
}
