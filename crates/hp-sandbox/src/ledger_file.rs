//! The file that keeps the ledger over a restart: one JSON object a line, appended.
//!
//! A line that a kill has cut off was never confirmed to a client, and is dropped.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::catalogue;
use crate::order::{Defect, Order};

/// The first line. The keys of the cards follow from the seed.
#[derive(Debug, Serialize, Deserialize)]
struct Header {
    hp_sandbox_ledger: u32,
    seed: u64,
}

const VERSION: u32 = 1;

/// A line of the file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Entry {
    /// The balance of an account, from now on.
    Balance { currency: String, amount: Decimal },
    /// A charge. The position among the charges is its number.
    Charge(ChargeEntry),
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ChargeEntry {
    out_trade_id: String,
    product_id: u64,
    quantity: u32,
    total_price: Decimal,
    /// Unix milliseconds.
    created: u64,
    /// Milliseconds.
    record_delay: u64,
    record_defect: Option<Defect>,
}

pub(crate) struct LedgerFile {
    file: File,
    path: PathBuf,
    /// Its length after the last complete line.
    length: u64,
}

impl Entry {
    pub(crate) fn of_balance(currency: &str, amount: Decimal) -> Self {
        Self::Balance {
            currency: currency.to_owned(),
            amount,
        }
    }

    pub(crate) fn of_charge(order: &Order) -> Self {
        let created = order.created.duration_since(UNIX_EPOCH);
        Self::Charge(ChargeEntry {
            out_trade_id: order.out_trade_id.as_ref().to_owned(),
            product_id: order.product.id,
            quantity: order.quantity,
            total_price: order.total,
            created: millis(created.unwrap_or_default()),
            record_delay: millis(order.record_delay),
            record_defect: order.record_defect,
        })
    }
}

impl ChargeEntry {
    /// The order with this number.
    pub(crate) fn order(&self, number: u64) -> io::Result<Order> {
        let product = catalogue::find(self.product_id).ok_or_else(|| {
            let text = format!(
                "the ledger file has an order of product {}, which this sandbox does not sell",
                self.product_id
            );
            io::Error::new(ErrorKind::InvalidData, text)
        })?;
        Ok(Order {
            out_trade_id: Arc::from(self.out_trade_id.as_str()),
            number,
            product,
            quantity: self.quantity,
            total: self.total_price,
            created: SystemTime::UNIX_EPOCH + Duration::from_millis(self.created),
            record_delay: Duration::from_millis(self.record_delay),
            record_defect: self.record_defect,
        })
    }
}

impl LedgerFile {
    /// Opens the file, or creates it, and reads its entries.
    pub(crate) fn open(path: &Path, seed: u64) -> io::Result<(Self, Vec<Entry>)> {
        let named = |error: io::Error| {
            let text = format!("cannot use the ledger file {}: {error}", path.display());
            io::Error::new(error.kind(), text)
        };
        let mut file = Self::create(path).map_err(named)?;
        let entries = file.read(seed).map_err(named)?;
        Ok((file, entries))
    }

    fn create(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(path)?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::other("it is no regular file"));
        }
        file.try_lock()
            .map_err(|_| io::Error::other("another sandbox uses it"))?;
        Ok(Self {
            file,
            path: path.to_owned(),
            length: 0,
        })
    }

    fn read(&mut self, seed: u64) -> io::Result<Vec<Entry>> {
        let mut text = String::new();
        self.file.read_to_string(&mut text)?;
        let complete = text.rfind('\n').map_or("", |end| &text[..=end]);
        self.length = complete.len() as u64;
        self.file.set_len(self.length)?;
        let mut lines = complete.lines().enumerate();
        let Some((_, header)) = lines.next() else {
            let hp_sandbox_ledger = VERSION;
            self.append(&Header {
                hp_sandbox_ledger,
                seed,
            })?;
            return Ok(Vec::new());
        };
        check_header(header, seed)?;
        lines.map(|(index, line)| parse(index, line)).collect()
    }

    /// Appends a line, all of it or nothing.
    pub(crate) fn append(&mut self, entry: &impl Serialize) -> io::Result<()> {
        let mut line = serde_json::to_vec(entry)?;
        line.push(b'\n');
        if let Err(error) = self.file.write_all(&line) {
            // What a full disk has cut off must not be continued by the next line.
            let _ = self.file.set_len(self.length);
            let text = format!("cannot write {}: {error}", self.path.display());
            return Err(io::Error::new(error.kind(), text));
        }
        self.length += line.len() as u64;
        Ok(())
    }
}

fn check_header(line: &str, seed: u64) -> io::Result<()> {
    let invalid = |text: String| io::Error::new(ErrorKind::InvalidData, text);
    let header: Header = serde_json::from_str(line)
        .map_err(|_| invalid("it is no ledger of a sandbox".to_owned()))?;
    if header.hp_sandbox_ledger != VERSION {
        let version = header.hp_sandbox_ledger;
        return Err(invalid(format!("its version {version} is not known")));
    }
    if header.seed != seed {
        let first = header.seed;
        return Err(invalid(format!(
            "its cards were made with the seed {first}; start with --seed {first}"
        )));
    }
    Ok(())
}

fn parse(index: usize, line: &str) -> io::Result<Entry> {
    serde_json::from_str(line).map_err(|error| {
        let text = format!("line {} cannot be read: {error}", index + 1);
        io::Error::new(ErrorKind::InvalidData, text)
    })
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
