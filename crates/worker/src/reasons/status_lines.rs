use super::part::{Meaning, NOTHING, Part, means};

/// A line of `worker status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StatusLine {
    New,
    Lost,
    Open,
    Oldest,
    Rejected,
    Paused,
    Breaker,
    Throttle,
    Held,
    Rate,
    Workers,
    LastRun,
    Notifications,
}

impl StatusLine {
    const ALL: [Self; 13] = [
        Self::New,
        Self::Lost,
        Self::Open,
        Self::Oldest,
        Self::Rejected,
        Self::Paused,
        Self::Breaker,
        Self::Throttle,
        Self::Held,
        Self::Rate,
        Self::Workers,
        Self::LastRun,
        Self::Notifications,
    ];

    /// The name of the line.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Lost => "lost",
            Self::Open => "open",
            Self::Oldest => "oldest",
            Self::Rejected => "rejected",
            Self::Paused => "paused",
            Self::Breaker => "breaker",
            Self::Throttle => "throttle",
            Self::Held => "held",
            Self::Rate => "rate",
            Self::Workers => "workers",
            Self::LastRun => "last run",
            Self::Notifications => "notified",
        }
    }
}

pub(super) fn part() -> Part {
    Part::new(
        "status",
        "Lines of the status",
        "The lines of `worker status`, below the obstacles.",
        StatusLine::ALL.map(|line| (line.as_str(), line_meaning(line))),
    )
}

const fn line_meaning(line: StatusLine) -> Meaning {
    match line {
        StatusLine::New => means(
            "Entries of the inbox that no worker has taken yet.",
            "If the number grows, start more workers.",
        ),
        StatusLine::Lost => means(
            "Entries that have left the inbox before a worker took them.",
            "Run `worker doctor`: it says how that happens.",
        ),
        StatusLine::Open => means(
            "Orders that have not ended, by state.",
            "`worker orders` lists them, and says what each waits for.",
        ),
        StatusLine::Oldest => means(
            "The open order that was admitted first, and its age.",
            "`worker order ID` shows it.",
        ),
        StatusLine::Rejected => means(
            "Dead letters: inbox entries that name no usable order.",
            "`worker rejected list` lists them.",
        ),
        StatusLine::Paused => means(
            "Whether the queue is paused, why, and by whom.",
            "Fix the cause, then run `worker resume`.",
        ),
        StatusLine::Breaker => means(
            "Open while HitPoints gives no usable answers: only one order at a time calls it.",
            "Nothing. It closes with the first usable answer. The obstacle says what is wrong.",
        ),
        StatusLine::Throttle => means(
            "A front end of HitPoints asked to send less, with HTTP 429 or 503: until when no call is made, and at what rate calls go on.",
            "Nothing. If it happens often, lower `worker.rate`, or ask HitPoints for a higher limit.",
        ),
        StatusLine::Held => means(
            "Balance holds: currencies whose balance is too low, and until when.",
            "Top up the account at HitPoints.",
        ),
        StatusLine::Rate => means(
            "Calls to HitPoints in a second, over all workers together.",
            "`worker.rate` changes it.",
        ),
        StatusLine::Workers => means("The workers that are alive.", NOTHING),
        StatusLine::Notifications => means(
            "Events that were sent to notify.url, those that were given up, and how the last delivery fails.",
            "`worker notify test` sends a message and says what to correct. `worker events` lists all events.",
        ),
        StatusLine::LastRun => means(
            "The last reconciliation run: when it ended, and how many orders it checked.",
            NOTHING,
        ),
    }
}
