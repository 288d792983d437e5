//! Doors to internal functions for the fuzz targets. Not a part of the interface.

use hp_queue::Job;

use crate::{config::Config, producer::order_file};

/// Checks the text of a configuration file and these variables of the environment. Returns the configuration as
/// `worker config` prints it.
///
/// # Errors
///
/// The error is what the operator reads.
pub fn load_config<'a>(
    file: &str,
    variables: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<String, String> {
    let variables = variables.into_iter();
    let variables = variables.map(|(name, value)| (name.into(), value.into()));
    let config = Config::from_text(file, variables).map_err(|fault| fault.to_string())?;
    Ok(config.to_string())
}

/// The orders of a file, and the lines that are none, with the reason.
#[derive(Debug)]
pub struct Orders {
    /// The orders.
    pub jobs: Vec<Job>,
    /// Line numbers from 1, and what is wrong.
    pub faults: Vec<(u64, String)>,
}

/// Reads a file of orders as `worker enqueue` does. Returns its text, too.
///
/// # Errors
///
/// The line and the reason, if the bytes are no text.
pub fn read_orders(file: &[u8]) -> Result<(String, Orders), (u64, String)> {
    let text = order_file::decode(file)?;
    let checked = order_file::check(&text);
    let faults = checked.faults.into_iter();
    let orders = Orders {
        jobs: checked.jobs,
        faults: faults.map(|fault| (fault.line, fault.why)).collect(),
    };
    Ok((text, orders))
}
