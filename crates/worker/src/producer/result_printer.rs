//! Prints results, or appends them to a file.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    fs::{File, OpenOptions, Permissions},
    io::{self, BufWriter, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::PathBuf,
};

use hp_queue::{Card, Delivery, OrderResult, Pins, PrivateKey, Purchase};
use serde::Serialize;

use super::private_key::read_private_key;
use crate::terminal::{
    errln, escape_control,
    format::{UNKNOWN, known, unix_seconds},
    outln,
    stdout::{is_stdout_gone, stdout},
};

/// How results are printed, and where to.
#[derive(Clone, Debug, Default)]
pub(crate) struct ResultOutput {
    /// Print card keys, too. Whoever has a key can use the card.
    pub(crate) show_pins: bool,
    /// Open sealed cards with the private keys in these files.
    pub(crate) open_with: Vec<PathBuf>,
    /// Append the results to this file as JSON lines. Only its owner may read it (mode 600).
    pub(crate) file: Option<PathBuf>,
    /// Print JSON lines.
    pub(crate) json: bool,
}

pub(super) struct ResultPrinter {
    output: ResultOutput,
    keys: Vec<PrivateKey>,
    file: Option<BufWriter<File>>,
    printed: u64,
    unreadable: u64,
}

#[derive(Serialize)]
struct ShownResult<'a> {
    entry: &'a str,
    order_id: &'a str,
    status: &'static str,
    /// `None` if it is no number, as in an invalid job.
    product_id: Option<u64>,
    quantity: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
    source: &'static str,
    attempts: u32,
    /// Unix ms.
    accepted_at: u64,
    finished_at: u64,
    #[serde(flatten)]
    purchase: Option<ShownPurchase<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    replay_of: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    meta: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    traceparent: Option<&'a str>,
}

#[derive(Serialize)]
struct ShownPurchase<'a> {
    hp_order_id: u64,
    currency: Option<String>,
    unit_price: String,
    total_price: String,
    pin_count: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pins: Option<Vec<ShownCard<'a>>>,
    /// In place of `pins`, if they are sealed and no key was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    sealed_pins: Option<BTreeMap<&'a str, &'a str>>,
}

#[derive(Serialize)]
struct ShownCard<'a> {
    pin_sn: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pin_key: Option<&'a str>,
    amount: Option<String>,
    currency: Option<String>,
    status: Option<&'a str>,
    /// Unix seconds.
    create_time: Option<i64>,
    expire_time: Option<i64>,
}

impl ResultPrinter {
    pub(super) fn open(output: ResultOutput) -> Result<Self, String> {
        let keys = output.open_with.iter().map(|path| read_private_key(path));
        let keys = keys.collect::<Result<_, _>>()?;
        let file = match &output.file {
            None => None,
            Some(path) => {
                let opened = OpenOptions::new()
                    .create(true)
                    .append(true)
                    .mode(0o600)
                    .open(path)
                    .and_then(restrict_to_owner);
                let file =
                    opened.map_err(|error| format!("cannot write {}: {error}", path.display()))?;
                Some(BufWriter::new(file))
            }
        };
        Ok(Self {
            output,
            keys,
            file,
            printed: 0,
            unreadable: 0,
        })
    }

    /// Prints a delivery. Returns `false` if the entry is no result that can be read, or if its cards cannot be opened although
    /// they were to be.
    pub(super) fn print(&mut self, delivery: &Delivery) -> io::Result<bool> {
        let entry = &delivery.entry_id;
        let result = match &delivery.result {
            Ok(result) => result,
            Err(error) => {
                self.unreadable += 1;
                errln!("worker: {entry}: {error}");
                return Ok(false);
            }
        };
        // The order is bought, whether its cards can be opened or not.
        let opened = self.open_cards(result);
        if let Err(error) = &opened {
            self.unreadable += 1;
            errln!("worker: {}: {error}", escape_control(&result.order_id));
        }
        let is_opened = opened.is_ok();
        let cards = opened.unwrap_or_default();
        self.printed += 1;
        let (cards, with_keys) = (cards.as_deref(), self.output.show_pins);
        if let Some(file) = &mut self.file {
            let shown = ShownResult::new(entry, result, cards, with_keys);
            serde_json::to_writer(&mut *file, &shown)?;
            writeln!(file)?;
        } else if self.output.json {
            let mut out = stdout();
            let shown = ShownResult::new(entry, result, cards, with_keys);
            serde_json::to_writer(&mut out, &shown)?;
            writeln!(out)?;
        } else {
            print_text(result, cards, with_keys)?;
        }
        Ok(is_opened)
    }

    /// The cards of a result, if it has some and they are not to stay sealed.
    fn open_cards<'a>(&self, result: &'a OrderResult) -> Result<Option<Cow<'a, [Card]>>, String> {
        let Some(purchase) = &result.purchase else {
            return Ok(None);
        };
        if let (Pins::Sealed(sealed), true) = (&purchase.pins, self.keys.is_empty()) {
            if self.output.show_pins {
                let names: Vec<_> = sealed.key_names().map(escape_control).collect();
                return Err(format!(
                    "these cards are sealed to {}. Give the file with a private key as --open-with FILE",
                    names.join(", ")
                ));
            }
            return Ok(None);
        }
        let cards = purchase.pins.open(&self.keys);
        cards
            .map(Some)
            .map_err(|error| escape_control(&error.to_string()).into_owned())
    }

    /// The number of results so far, and the file that has them.
    pub(super) fn printed(&self) -> (u64, Option<PathBuf>) {
        (self.printed, self.output.file.clone())
    }

    /// Returns when everything that was printed is safe: on disk, or with the reader of standard output.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        if let Some(file) = &mut self.file {
            file.flush()?;
            return file.get_ref().sync_data();
        }
        stdout().flush()
    }

    /// `true` if what is printed arrives: in the file, or at the reader of standard output.
    pub(super) fn arrives(&self) -> bool {
        self.file.is_some() || !is_stdout_gone()
    }

    /// Reports what was written. Returns `true` if every entry could be read.
    pub(super) fn finish(mut self) -> io::Result<bool> {
        self.flush()?;
        if let Some(path) = &self.output.file {
            let printed = self.printed;
            outln!("{printed} results appended to {}", path.display())?;
        }
        Ok(self.unreadable == 0)
    }
}

/// An existing file may be readable by others.
fn restrict_to_owner(file: File) -> io::Result<File> {
    let metadata = file.metadata()?;
    if metadata.is_file() && metadata.permissions().mode() & 0o777 != 0o600 {
        file.set_permissions(Permissions::from_mode(0o600))?;
    }
    Ok(file)
}

fn print_text(result: &OrderResult, cards: Option<&[Card]>, with_keys: bool) -> io::Result<()> {
    let replayed = if result.replay_of.is_some() {
        " (replayed)"
    } else {
        ""
    };
    let id = escape_control(&result.order_id);
    let status = result.status.as_str();
    outln!("{id}  {status}{replayed}  {}", summary(result))?;
    for card in cards.into_iter().flatten() {
        outln!("    {}", card_text(card, with_keys))?;
    }
    if let Some(Pins::Sealed(sealed)) = result.purchase.as_ref().map(|bought| &bought.pins)
        && cards.is_none()
    {
        let names: Vec<_> = sealed.key_names().map(escape_control).collect();
        outln!("    sealed to {}", names.join(", "))?;
    }
    Ok(())
}

/// What was charged, or why nothing was.
fn summary(result: &OrderResult) -> String {
    if let Some(bought) = &result.purchase {
        let (n, total) = (bought.pin_count, &bought.total_price);
        return format!(
            "{n} of product {} for {total} {}",
            result.product_id,
            known(bought.currency.as_ref())
        );
    }
    let code = result.code.map(|code| code.to_string());
    let said = [&result.reason, &code, &result.message, &result.detail];
    let said: Vec<_> = said
        .into_iter()
        .flatten()
        .map(|text| escape_control(text))
        .collect();
    said.join(", ")
}

fn card_text(card: &Card, with_keys: bool) -> String {
    let key = if with_keys {
        format!("key {}  ", escape_control(card.pin_key.expose()))
    } else {
        String::new()
    };
    let amount = card.amount.map(|amount| amount.to_string());
    format!(
        "card {}  {key}{} {}  {}, expires {}",
        card.pin_sn,
        known(amount),
        known(card.currency.as_ref()),
        escape_control(card.status.as_deref().unwrap_or(UNKNOWN)),
        known(card.expire_time.map(unix_seconds))
    )
}

/// A number as a producer sent it.
fn number(text: &str) -> Option<u64> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_plain)
}

impl<'a> ShownResult<'a> {
    fn new(
        entry: &'a str,
        result: &'a OrderResult,
        cards: Option<&'a [Card]>,
        with_keys: bool,
    ) -> Self {
        let meta = result.meta.as_deref();
        Self {
            entry,
            order_id: &result.order_id,
            status: result.status.as_str(),
            product_id: number(&result.product_id),
            quantity: number(&result.quantity),
            reason: result.reason.as_deref(),
            detail: result.detail.as_deref(),
            code: result.code,
            message: result.message.as_deref(),
            source: result.source.as_str(),
            attempts: result.attempts,
            accepted_at: result.accepted_at.0,
            finished_at: result.finished_at.0,
            purchase: result
                .purchase
                .as_ref()
                .map(|purchase| ShownPurchase::new(purchase, cards, with_keys)),
            replay_of: result.replay_of.as_deref(),
            meta: meta.map(|meta| String::from_utf8_lossy(meta).into_owned()),
            traceparent: result.traceparent.as_deref(),
        }
    }
}

impl<'a> ShownPurchase<'a> {
    fn new(purchase: &'a Purchase, cards: Option<&'a [Card]>, with_keys: bool) -> Self {
        let card = |card: &'a Card| ShownCard {
            pin_sn: card.pin_sn.as_str(),
            pin_key: with_keys.then(|| card.pin_key.expose()),
            amount: card.amount.map(|amount| amount.to_string()),
            currency: card.currency.as_ref().map(ToString::to_string),
            status: card.status.as_deref(),
            create_time: card.create_time,
            expire_time: card.expire_time,
        };
        Self {
            hp_order_id: purchase.hp_order_id,
            currency: purchase.currency.as_ref().map(ToString::to_string),
            unit_price: purchase.unit_price.to_string(),
            total_price: purchase.total_price.to_string(),
            pin_count: purchase.pin_count,
            pins: cards.map(|cards| cards.iter().map(card).collect()),
            sealed_pins: match &purchase.pins {
                Pins::Sealed(sealed) if cards.is_none() => Some(sealed.copies().collect()),
                _ => None,
            },
        }
    }
}
