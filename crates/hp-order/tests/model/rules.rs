//! What a run of the checker is about: how far it looks, which vendor it meets, and which rule, if any, is left out.

/// Ticks of a lease.
pub(crate) const LEASE: u8 = 2;
/// Ticks of `retry.resubmit_after`.
pub(crate) const RESUBMIT: u8 = 3;

/// One run of the checker.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting {
    pub(crate) bounds: Bounds,
    pub(crate) vendor: Repeats,
    /// Its record of a charge may be shown later than the charge is made.
    pub(crate) late_record: bool,
    /// The rule that is left out.
    pub(crate) fault: Option<Fault>,
    /// What is not assumed.
    pub(crate) dropped: Dropped,
    /// Whether to look from every state on if the order comes to its end.
    pub(crate) looks_ahead: bool,
}

/// Which assumptions are given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dropped {
    None,
    One(Assumption),
    All,
}

/// How many of each kind of mishap there may be in one life of an order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) workers: usize,
    /// Crashes, stalls past the end of a lease, requests never sent, answers that are lost or say nothing, and
    /// claims by name, all together.
    pub(crate) mishaps: u8,
    /// Refusals by HitPoints or by the product list, and orders that a person gives up.
    pub(crate) refusals: u8,
    /// Times that Redis falls back to an earlier state.
    pub(crate) falls: u8,
    /// Times that the shop puts the order in.
    pub(crate) puts: u8,
    /// Claims of the order that are told apart.
    pub(crate) claims: u8,
    /// The order may pass `retry.give_up_after`.
    pub(crate) grows_old: bool,
}

/// What the vendor does with an order id that it has charged before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeats {
    /// Says that the id exists.
    Rejected,
    /// Gives the same order once more.
    Answered,
    /// Charges again.
    Charged,
}

/// A rule that is left out, to see that the checker notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// An order in doubt is submitted, not asked about.
    RetriesWithoutAsking,
    /// "Not found" counts whenever it comes.
    BelievesNotFoundAtOnce,
    /// Any "no" counts as "not found", not only the one that the probe got.
    BelievesAnyNo,
    /// "Not found" is held against the time at which it came, not the time at which it was asked for.
    JudgesByTheTimeOfTheAnswer,
    /// A take does not store that the order is about to be sent; only what came of it is stored.
    StoresAttemptsTooLate,
    /// An order is not taken over from a worker that holds it, though its lease has ended.
    LeasesNeverEnd,
    /// A worker that was stalled past the end of its lease sends all the same.
    SendsAfterItsLease,
    /// Settling does not compare the claim.
    SettlesWithoutClaim,
    /// Settling compares the claim, but not the epoch.
    SettlesWithoutEpoch,
    /// What is older than the last start of Redis is taken at its word.
    TrustsARestartedRedis,
    /// Only entries that are taken soon after a restart are in doubt, not all that were put in soon after it.
    DoubtsByTheTimeOfTheTake,
    /// An order may be closed as not charged by a claim of an earlier epoch, as long as nobody has claimed it since.
    EndsAcrossARestart,
    /// Nobody looks for evidence that writes were lost.
    IgnoresEvidence,
    /// Evidence of loss leaves the claims as they are that were given out before it.
    EvidenceIsNoNewEpoch,
    /// To show evidence is no event of its own: a second fall-back that erases it goes unnoticed.
    EvidenceIsNotCounted,
    /// A restart soon after another is judged by itself.
    ForgetsAnEarlierRestart,
}

/// An assumption that is given up, to see that it is needed. They are listed in the documentation of `main.rs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Assumption {
    /// A request arrives within `resubmit_after` of its claim: here, of leaving.
    TransitIncludesLease,
    /// A living worker shows its evidence of loss within a lease.
    EvidenceInTime,
    /// What a worker sent that died with Redis arrives within a lease.
    LastGaspsAreShort,
    /// A shop does not repeat an order late that Redis has forgotten altogether.
    ForgottenOrdersAreRepeatedSoon,
    /// Redis forgets nothing of a queue's very first epoch.
    NotTheFirstTake,
}

impl Setting {
    pub(crate) fn without_bounds(mut self) -> Self {
        self.bounds.claims = u8::MAX;
        self
    }

    pub(crate) fn lacks(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    pub(crate) fn assumes(&self, assumption: Assumption) -> bool {
        !matches!(self.dropped, Dropped::All) && self.dropped != Dropped::One(assumption)
    }
}
