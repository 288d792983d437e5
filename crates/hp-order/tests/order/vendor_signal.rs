//! What an event shows about HitPoints.

use std::time::Duration;

use hp_api::{DoubtKind, Outcome, RefusalKind};
use hp_order::{Event, QueryVerdict, VendorSignal};

use crate::sample::{doubt, refusal, unknown_query, vendor_record};

const PAUSE: Duration = Duration::from_secs(7);

#[test]
fn vendor_signal_tells_whether_hitpoints_answered() {
    let refused = |kind| Event::Submitted(Outcome::NotCharged(refusal(kind, None)));
    let doubted = |kind| Event::Submitted(Outcome::Unknown(doubt(kind)));
    let charged = Event::Submitted(Outcome::Charged(vendor_record()));
    let blocked = || Outcome::Unknown(doubt(DoubtKind::Blocked));
    let unsent_query = Event::Queried(QueryVerdict::Unknown(doubt(DoubtKind::NeverSent)));
    let query_refused = Event::Queried(QueryVerdict::OrderRefused(doubt(DoubtKind::Blocked)));
    let not_found = Event::Queried(QueryVerdict::NotFound);
    let cases = [
        (charged, VendorSignal::Answered),
        (refused(RefusalKind::LowBalance), VendorSignal::Answered),
        (refused(RefusalKind::NeverSent), VendorSignal::NeverSent),
        (doubted(DoubtKind::Lost), VendorSignal::NoAnswer),
        (doubted(DoubtKind::Garbled), VendorSignal::NoAnswer),
        (doubted(DoubtKind::Exists), VendorSignal::Answered),
        (doubted(DoubtKind::Blocked), VendorSignal::NoAnswer),
        (Event::AccountRefused(blocked()), VendorSignal::OwnFailure),
        (Event::OrderRefused(blocked()), VendorSignal::NoAnswer),
        (query_refused, VendorSignal::OwnFailure),
        (
            doubted(DoubtKind::Throttled(Some(PAUSE))),
            VendorSignal::Throttled(Some(PAUSE)),
        ),
        (unknown_query(), VendorSignal::NoAnswer),
        (unsent_query, VendorSignal::NeverSent),
        (not_found, VendorSignal::Answered),
        (Event::Released, VendorSignal::None),
        (Event::Panicked, VendorSignal::OwnFailure),
    ];
    for (event, signal) in cases {
        assert_eq!(event.vendor_signal(), signal, "{event:?}");
    }
}
