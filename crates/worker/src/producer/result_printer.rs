//! How results are shown and written down.

use std::{
    fs::{File, OpenOptions, Permissions},
    io::{self, BufWriter, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::PathBuf,
};

use clap::Args;
use hp_queue::{Card, Delivery, OrderResult};
use serde::Serialize;

use crate::{
    out::{escape_control, outln},
    show::seconds,
};

/// In which form, and where to.
#[derive(Clone, Debug, Args)]
pub(super) struct Form {
    /// Show the cards' keys, too: whoever sees one can use the card.
    #[arg(long)]
    show_pins: bool,
    /// Add the results to a file, as JSON, a line each. Only its owner may read it (mode 600).
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Print as JSON, a line each.
    #[arg(long)]
    pub(super) json: bool,
}

pub(super) struct Printer {
    form: Form,
    file: Option<BufWriter<File>>,
    printed: u64,
    unreadable: u64,
}

#[derive(Serialize)]
struct Shown<'a> {
    entry: &'a str,
    order_id: &'a str,
    status: &'static str,
    product_id: &'a str,
    quantity: &'a str,
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
    currency: String,
    unit_price: String,
    total_price: String,
    pins: Vec<ShownCard<'a>>,
}

#[derive(Serialize)]
struct ShownCard<'a> {
    pin_sn: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pin_key: Option<&'a str>,
    amount: String,
    currency: String,
    status: &'a str,
    /// Unix seconds.
    create_time: i64,
    expire_time: i64,
}

impl Form {
    /// Whether it has anything to say of results only.
    pub(super) fn is_of_results(&self) -> bool {
        self.show_pins || self.out.is_some()
    }
}

impl Printer {
    pub(super) fn open(form: Form) -> Result<Self, String> {
        let file = match &form.out {
            None => None,
            Some(path) => {
                let opened = OpenOptions::new()
                    .create(true)
                    .append(true)
                    .mode(0o600)
                    .open(path)
                    .and_then(owners_only);
                let file = opened.map_err(|error| format!("{}: {error}", path.display()))?;
                Some(BufWriter::new(file))
            }
        };
        Ok(Self {
            form,
            file,
            printed: 0,
            unreadable: 0,
        })
    }

    /// Prints a delivery. `false`: it is none that can be read, and nothing was printed but that.
    pub(super) fn print(&mut self, delivery: &Delivery) -> io::Result<bool> {
        let entry = &delivery.entry_id;
        let result = match &delivery.result {
            Ok(result) => result,
            Err(error) => {
                self.unreadable += 1;
                eprintln!("worker: {entry}: {error}");
                return Ok(false);
            }
        };
        self.printed += 1;
        let with_keys = self.form.show_pins;
        if let Some(file) = &mut self.file {
            serde_json::to_writer(&mut *file, &shown(entry, result, with_keys))?;
            writeln!(file)?;
        } else if self.form.json {
            let mut out = io::stdout().lock();
            serde_json::to_writer(&mut out, &shown(entry, result, with_keys))?;
            writeln!(out)?;
        } else {
            in_words(result, with_keys)?;
        }
        Ok(true)
    }

    /// Returns when everything is where it cannot be lost any more.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        if let Some(file) = &mut self.file {
            file.flush()?;
            return file.get_ref().sync_data();
        }
        io::stdout().flush()
    }

    /// Says what was done. Whether all could be read.
    pub(super) fn finish(mut self) -> io::Result<bool> {
        self.flush()?;
        if let Some(path) = &self.form.out {
            let printed = self.printed;
            outln!("{printed} results are added to {}", path.display())?;
        }
        Ok(self.unreadable == 0)
    }
}

/// A file that is there already may be open to others.
fn owners_only(file: File) -> io::Result<File> {
    let metadata = file.metadata()?;
    if metadata.is_file() && metadata.permissions().mode() & 0o777 != 0o600 {
        file.set_permissions(Permissions::from_mode(0o600))?;
    }
    Ok(file)
}

fn in_words(result: &OrderResult, with_keys: bool) -> io::Result<()> {
    let again = if result.replay_of.is_some() {
        " again"
    } else {
        ""
    };
    let id = escape_control(&result.order_id);
    let status = result.status.as_str();
    outln!("{id}  {status}{again}  {}", what(result))?;
    for card in result.purchase.iter().flat_map(|bought| &bought.pins) {
        outln!("    {}", card_in_words(card, with_keys))?;
    }
    Ok(())
}

/// What was bought, or why nothing was.
fn what(result: &OrderResult) -> String {
    if let Some(bought) = &result.purchase {
        let (n, total, currency) = (bought.pins.len(), &bought.total_price, bought.currency);
        return format!(
            "{n} of product {} for {total} {currency}",
            result.product_id
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

fn card_in_words(card: &Card, with_keys: bool) -> String {
    let key = if with_keys {
        format!("key {}  ", escape_control(card.pin_key.expose()))
    } else {
        String::new()
    };
    format!(
        "card {}  {key}{} {}  {}, expires {}",
        card.pin_sn,
        card.amount,
        card.currency,
        escape_control(&card.status),
        seconds(card.expire_time)
    )
}

fn shown<'a>(entry: &'a str, result: &'a OrderResult, with_keys: bool) -> Shown<'a> {
    let card = |card: &'a Card| ShownCard {
        pin_sn: card.pin_sn.as_str(),
        pin_key: with_keys.then(|| card.pin_key.expose()),
        amount: card.amount.to_string(),
        currency: card.currency.to_string(),
        status: &card.status,
        create_time: card.create_time,
        expire_time: card.expire_time,
    };
    let meta = result.meta.as_deref();
    Shown {
        entry,
        order_id: &result.order_id,
        status: result.status.as_str(),
        product_id: &result.product_id,
        quantity: &result.quantity,
        reason: result.reason.as_deref(),
        detail: result.detail.as_deref(),
        code: result.code,
        message: result.message.as_deref(),
        source: result.source.as_str(),
        attempts: result.attempts,
        accepted_at: result.accepted_at.0,
        finished_at: result.finished_at.0,
        purchase: result.purchase.as_ref().map(|bought| ShownPurchase {
            hp_order_id: bought.hp_order_id,
            currency: bought.currency.to_string(),
            unit_price: bought.unit_price.to_string(),
            total_price: bought.total_price.to_string(),
            pins: bought.pins.iter().map(card).collect(),
        }),
        replay_of: result.replay_of.as_deref(),
        meta: meta.map(|meta| String::from_utf8_lossy(meta).into_owned()),
        traceparent: result.traceparent.as_deref(),
    }
}
