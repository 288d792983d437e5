use std::{borrow::Cow, collections::HashMap, str::FromStr};

use hp_api::{CurrencyText, Money, PinKey, PinSn};
use hp_order::{FailReason, Millis, Source, Status};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::entry_reason::EntryReason;
use crate::seal::{OpenError, PrivateKey, SealedPins};

/// A result as a shop reads it. Prints without card keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderResult {
    /// The order id, as sent.
    pub order_id: String,
    /// As sent, even when invalid.
    pub product_id: String,
    /// As sent, even when invalid.
    pub quantity: String,
    /// How the order ended, unless [`ends_order`](Self::ends_order) is `false`.
    pub status: Status,
    /// Why it ended so, unless completed.
    pub reason: Option<String>,
    /// What is wrong, in words. With the reason `closed`: what HitPoints' record shows.
    pub detail: Option<String>,
    /// HitPoints' response code, if it gave one.
    pub code: Option<i64>,
    /// HitPoints' text, if it gave one.
    pub message: Option<String>,
    /// Which call proved the outcome.
    pub source: Source,
    /// Number of submissions to HitPoints.
    pub attempts: u32,
    /// When the order was admitted.
    pub accepted_at: Millis,
    /// When it ended.
    pub finished_at: Millis,
    /// The purchase, if completed.
    pub purchase: Option<Purchase>,
    /// Entry id of the first result, if this is a replay.
    pub replay_of: Option<String>,
    /// As the job had it.
    pub meta: Option<Vec<u8>>,
    /// As the job had it.
    pub traceparent: Option<String>,
}

impl OrderResult {
    /// Returns `false` if it speaks of one entry of the inbox only: another job has the order's id, or the entry was invalid.
    /// Log it, and do not store it as the status of an order.
    pub fn ends_order(&self) -> bool {
        let is_invalid = self.reason.as_deref() == Some(EntryReason::InvalidJob.as_str());
        self.status != Status::Conflict && !is_invalid
    }

    /// Returns `true` if HitPoints may have charged something for this entry: the order is completed, or an operator closed it
    /// although HitPoints' record does not fit it. Then [`detail`](Self::detail) says what the record shows.
    pub fn may_be_charged(&self) -> bool {
        let is_closed = self.reason.as_deref() == Some(FailReason::Closed.as_str());
        self.status == Status::Completed || is_closed
    }
}

/// The charge and the cards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purchase {
    /// HitPoints' own order number.
    pub hp_order_id: u64,
    /// Currency of the prices, as HitPoints wrote it, if it gave one.
    pub currency: Option<CurrencyText>,
    /// Price of one card, in major units.
    pub unit_price: Money,
    /// Price of all cards, in major units.
    pub total_price: Money,
    /// Number of cards.
    pub pin_count: u64,
    /// The cards, one for each unit of quantity.
    pub pins: Pins,
}

/// The cards of a result as they were published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pins {
    /// In clear text.
    Clear(Vec<Card>),
    /// Sealed to public keys.
    Sealed(SealedPins),
}

impl Pins {
    /// Returns the cards. Opens them with one of these keys if they are sealed.
    ///
    /// # Errors
    /// None of the keys opens the cards, or what was sealed is malformed.
    pub fn open(&self, keys: &[PrivateKey]) -> Result<Cow<'_, [Card]>, OpenError> {
        match self {
            Self::Clear(cards) => Ok(Cow::Borrowed(cards)),
            Self::Sealed(sealed) => {
                let cards = read_cards(&sealed.open(keys)?);
                cards
                    .map(Cow::Owned)
                    .map_err(|ResultError(field)| OpenError::Malformed(field))
            }
        }
    }
}

/// A card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// Serial number, not secret.
    pub pin_sn: PinSn,
    /// The secret key.
    pub pin_key: PinKey,
    /// Face value in major units, if HitPoints gave it.
    pub amount: Option<Money>,
    /// Currency of the face value, as HitPoints wrote it, if it gave one.
    pub currency: Option<CurrencyText>,
    /// HitPoints' word, such as `active`, if HitPoints gave one.
    pub status: Option<String>,
    /// When it was created, Unix seconds, if HitPoints gave it.
    pub create_time: Option<i64>,
    /// When it expires, Unix seconds, if HitPoints gave it.
    pub expire_time: Option<i64>,
}

/// An entry that is not a result of this protocol. Names the field, never its value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this entry is not a result that this version can read: `{0}` is missing or malformed")]
pub struct ResultError(pub &'static str);

type Entry = HashMap<String, Vec<u8>>;

/// Reads an entry of a result stream.
pub(super) fn read_result(mut entry: Entry) -> Result<OrderResult, ResultError> {
    let status = need(&mut entry, "status")?;
    Ok(OrderResult {
        order_id: need(&mut entry, "order_id")?,
        product_id: words(&mut entry, "product_id").ok_or(ResultError("product_id"))?,
        quantity: words(&mut entry, "quantity").ok_or(ResultError("quantity"))?,
        status,
        reason: find(&mut entry, "reason")?,
        detail: words(&mut entry, "detail"),
        code: find(&mut entry, "code")?,
        message: find(&mut entry, "message")?,
        source: need(&mut entry, "source")?,
        attempts: need(&mut entry, "attempts")?,
        accepted_at: Millis(need(&mut entry, "accepted_at")?),
        finished_at: Millis(need(&mut entry, "finished_at")?),
        purchase: if status == Status::Completed {
            Some(purchase(&mut entry)?)
        } else {
            None
        },
        replay_of: find(&mut entry, "replay_of")?,
        meta: entry.remove("meta"),
        traceparent: words(&mut entry, "traceparent"),
    })
}

/// A value as a producer sent it: replaces what is not UTF-8.
fn words(entry: &mut Entry, name: &'static str) -> Option<String> {
    let bytes = entry.remove(name)?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn find<T: FromStr>(entry: &mut Entry, name: &'static str) -> Result<Option<T>, ResultError> {
    let Some(bytes) = entry.remove(name) else {
        return Ok(None);
    };
    let text = std::str::from_utf8(&bytes).map_err(|_| ResultError(name))?;
    text.parse().map(Some).map_err(|_| ResultError(name))
}

fn need<T: FromStr>(entry: &mut Entry, name: &'static str) -> Result<T, ResultError> {
    find(entry, name)?.ok_or(ResultError(name))
}

fn purchase(entry: &mut Entry) -> Result<Purchase, ResultError> {
    let encoding: String = need(entry, "pins_encoding")?;
    let pins = entry.remove("pins").map(Zeroizing::new);
    Ok(Purchase {
        pin_count: need(entry, "pin_count")?,
        hp_order_id: need(entry, "hp_order_id")?,
        currency: find(entry, "currency")?,
        unit_price: need(entry, "unit_price")?,
        total_price: need(entry, "total_price")?,
        pins: read_pins(&encoding, &pins.ok_or(ResultError("pins"))?)?,
    })
}

fn read_pins(encoding: &str, pins: &[u8]) -> Result<Pins, ResultError> {
    match encoding {
        "json" => read_cards(pins).map(Pins::Clear),
        "sealed-box" => {
            let copies = serde_json::from_slice(pins).map_err(|_| ResultError("pins"))?;
            Ok(Pins::Sealed(SealedPins(copies)))
        }
        _ => Err(ResultError("pins_encoding")),
    }
}

fn read_cards(json: &[u8]) -> Result<Vec<Card>, ResultError> {
    let rows: Vec<CardRow> = serde_json::from_slice(json).map_err(|_| ResultError("pins"))?;
    rows.into_iter().map(card).collect()
}

#[derive(Deserialize)]
struct CardRow {
    pin_sn: String,
    pin_key: String,
    amount: Option<String>,
    currency: Option<String>,
    status: Option<String>,
    create_time: Option<i64>,
    expire_time: Option<i64>,
}

fn card(row: CardRow) -> Result<Card, ResultError> {
    Ok(Card {
        pin_sn: row.pin_sn.parse().map_err(|_| ResultError("pin_sn"))?,
        pin_key: PinKey::from(row.pin_key),
        amount: optional(row.amount, "amount")?,
        currency: optional(row.currency, "currency")?,
        status: row.status,
        create_time: row.create_time,
        expire_time: row.expire_time,
    })
}

fn optional<T: FromStr>(
    text: Option<String>,
    name: &'static str,
) -> Result<Option<T>, ResultError> {
    text.map(|text| text.parse().map_err(|_| ResultError(name)))
        .transpose()
}
