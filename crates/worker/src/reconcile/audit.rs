use std::collections::BTreeMap;

use futures_util::{StreamExt, stream::FuturesUnordered};
use hp_api::Order;
use hp_order::{Millis, QueryVerdict, State};
use hp_queue::{Charge, Inspector, OrderSnapshot, QueueError};
use rust_decimal::Decimal;
use serde::Serialize;

use super::run::{Run, Stopped};
use crate::patience::retry_while_unreachable;

/// What the comparison of ended orders with HitPoints' records saw.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Audit {
    /// Orders that ended since then, Unix ms, were compared.
    pub(crate) since: u64,
    pub(crate) compared: u64,
    pub(crate) agreed: u64,
    pub(crate) disagreed: u64,
    /// HitPoints gave no definite answer.
    pub(crate) unanswered: u64,
    /// The first hundred.
    pub(crate) disagreements: Vec<Disagreement>,
    /// What was charged, by HitPoints' records that fit their orders, whether the ledger agrees or not.
    pub(crate) totals: Totals,
}

/// An ended order of which ledger and HitPoints tell different things.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Disagreement {
    pub(crate) order_id: String,
    pub(crate) what: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Totals {
    pub(crate) by_currency: BTreeMap<String, Sum>,
    /// By product id, then by currency.
    pub(crate) by_product: BTreeMap<u64, BTreeMap<String, Sum>>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Sum {
    pub(crate) orders: u64,
    pub(crate) cards: u64,
    /// In major units.
    pub(crate) amount: Decimal,
}

enum Verdict {
    /// With what was charged, if it was.
    Agreed(Option<Box<Order>>),
    Disagreed(String, Option<Box<Order>>),
    Unanswered,
}

const AT_A_TIME: usize = 16;
const NAMED: usize = 100;

impl Run<'_> {
    /// Compares all orders that have ended since then.
    pub(crate) async fn audit(&mut self, since: Millis) -> Result<(), Stopped> {
        self.report.audit = Some(Audit {
            since: since.0,
            ..Audit::default()
        });
        // Redis may name an order twice while it grows or shrinks its table.
        let mut seen = std::collections::HashSet::new();
        let mut cursor = 0;
        loop {
            self.may_go_on()?;
            let (mut page, further) =
                retry_while_unreachable(|| recorded(&self.processor.inspector, cursor)).await?;
            cursor = further;
            page.retain(|id| seen.insert(fingerprint(id)));
            for ids in page.chunks(AT_A_TIME) {
                self.compare(ids, since).await?;
            }
            if cursor == 0 {
                break;
            }
        }
        match self
            .report
            .audit
            .as_ref()
            .map_or(0, |audit| audit.unanswered)
        {
            0 => Ok(()),
            unanswered => Err(Stopped::Unanswered(unanswered)),
        }
    }

    async fn compare(&mut self, ids: &[String], since: Millis) -> Result<(), Stopped> {
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let mut ended = Vec::new();
        let inspector = &self.processor.inspector;
        for looked in retry_while_unreachable(|| inspector.snapshot(&ids)).await? {
            match looked {
                Ok(looked) if is_ended_since(&looked, since) => ended.push(looked),
                Ok(_) => {}
                Err((id, why)) => self.report.add_unreadable(&id, &why),
            }
        }
        let mut left = &ended[..];
        while !left.is_empty() {
            let calls = self.leave(left.len()).await?;
            let (now, later) = left.split_at(calls);
            let processor = self.processor;
            // The time is of no matter here: of what has ended, no request is waited for.
            let mut verdicts: FuturesUnordered<_> =
                now.iter()
                    .map(|looked| async move {
                        (looked, processor.look_up(&looked.record, since).await)
                    })
                    .collect();
            let mut end = Ok(());
            while let Some((looked, finding)) = verdicts.next().await {
                end = end.and(self.hear_alone(&finding));
                self.take_in(looked, judge(looked, finding));
            }
            end?;
            self.progress.advance(now.len());
            left = later;
        }
        Ok(())
    }

    fn take_in(&mut self, looked: &OrderSnapshot, verdict: Verdict) {
        let id = looked.record.wanted.order_id.as_str();
        if matches!(verdict, Verdict::Disagreed(..)) {
            self.report.name(id);
        }
        if let Some(audit) = &mut self.report.audit {
            audit.add(looked, id, verdict);
        }
    }
}

async fn recorded(
    inspector: &Inspector,
    mut cursor: u64,
) -> Result<(Vec<String>, u64), QueueError> {
    let page = inspector.recorded_orders(&mut cursor).await?;
    Ok((page, cursor))
}

fn fingerprint(id: &str) -> u64 {
    use std::hash::{BuildHasher, RandomState};
    static KEY: std::sync::LazyLock<RandomState> = std::sync::LazyLock::new(RandomState::new);
    KEY.hash_one(id)
}

fn is_ended_since(looked: &OrderSnapshot, since: Millis) -> bool {
    looked.record.state.has_ended() && looked.finished_at.is_none_or(|at| at >= since)
}

fn judge(looked: &OrderSnapshot, finding: QueryVerdict) -> Verdict {
    let state = looked.record.state;
    match (state, finding) {
        (_, QueryVerdict::Unknown(_)) => Verdict::Unanswered,
        (State::Completed, QueryVerdict::Found(order)) => match looked.charge.as_ref() {
            Some(told) => against(told, order),
            None => Verdict::Agreed(Some(order)),
        },
        (State::Completed, QueryVerdict::Mismatch(mismatch)) => {
            let what = format!("completed, but HitPoints' record differs: {mismatch}");
            Verdict::Disagreed(what, None)
        }
        (State::Completed, QueryVerdict::NotFound) => {
            let what = "completed, but HitPoints has no record of it";
            Verdict::Disagreed(what.into(), None)
        }
        (_, QueryVerdict::NotFound) => Verdict::Agreed(None),
        (_, QueryVerdict::Found(order)) => {
            let (currency, price) = (order.currency, order.total_price);
            let what = format!("{state}, but HitPoints has charged {currency} {price}");
            Verdict::Disagreed(what, Some(order))
        }
        (_, QueryVerdict::Mismatch(mismatch)) => {
            let what = format!("{state}, but HitPoints has a record of this id: {mismatch}");
            Verdict::Disagreed(what, None)
        }
    }
}

/// The first result against the record.
fn against(told: &Charge, order: Box<Order>) -> Verdict {
    let recorded = Charge {
        total_price: order.total_price.to_string(),
        currency: order.currency.to_string(),
        pin_count: order.cards.len().to_string(),
    };
    if *told == recorded {
        return Verdict::Agreed(Some(order));
    }
    let what = format!(
        "the result told of {} cards for {} {}, HitPoints' record tells of {} for {} {}",
        told.pin_count,
        told.currency,
        told.total_price,
        recorded.pin_count,
        recorded.currency,
        recorded.total_price
    );
    Verdict::Disagreed(what, Some(order))
}

impl Audit {
    pub(super) fn figures(&self) -> [(&'static str, u64); 4] {
        [
            ("compared", self.compared),
            ("agreed", self.agreed),
            ("disagreed", self.disagreed),
            ("unanswered", self.unanswered),
        ]
    }

    pub(super) fn rows(&self) -> Vec<[String; 3]> {
        let figures = self
            .figures()
            .map(|(name, figure)| [format!("audit_{name}"), String::new(), figure.to_string()]);
        let by_currency = self
            .totals
            .by_currency
            .iter()
            .flat_map(|(currency, sum)| sum.rows(currency));
        let by_product = self.totals.by_product.iter().flat_map(|(product, sums)| {
            sums.iter()
                .flat_map(move |(currency, sum)| sum.rows(&format!("product {product} {currency}")))
        });
        let found = self.disagreements.iter().map(|found| {
            [
                "audit_disagreement".into(),
                found.order_id.clone(),
                found.what.clone(),
            ]
        });
        figures
            .into_iter()
            .chain(by_currency)
            .chain(by_product)
            .chain(found)
            .collect()
    }

    fn add(&mut self, looked: &OrderSnapshot, id: &str, verdict: Verdict) {
        self.compared += 1;
        match verdict {
            Verdict::Agreed(order) => {
                self.agreed += 1;
                if let Some(order) = order {
                    self.totals.add(&order);
                }
            }
            Verdict::Disagreed(what, order) => {
                self.disagreed += 1;
                if let Some(order) = order {
                    self.totals.add(&order);
                }
                tracing::warn!(order = id, state = %looked.record.state, what, "ledger and HitPoints disagree");
                if self.disagreements.len() < NAMED {
                    let order_id = id.into();
                    self.disagreements.push(Disagreement { order_id, what });
                }
            }
            Verdict::Unanswered => self.unanswered += 1,
        }
    }
}

impl Sum {
    fn rows(&self, key: &str) -> [[String; 3]; 3] {
        let row = |name: &str, value: String| [name.into(), key.into(), value];
        [
            row("audit_orders", self.orders.to_string()),
            row("audit_cards", self.cards.to_string()),
            row("audit_amount", self.amount.to_string()),
        ]
    }
}

impl Totals {
    fn add(&mut self, order: &Order) {
        let currency = || order.currency.to_string();
        let product = self.by_product.entry(order.product_id.get()).or_default();
        for sum in [
            self.by_currency.entry(currency()).or_default(),
            product.entry(currency()).or_default(),
        ] {
            sum.orders += 1;
            sum.cards += order.cards.len() as u64;
            sum.amount += order.total_price.amount();
        }
    }
}
