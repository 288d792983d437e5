//! What the fuzz targets check. Each function takes the bytes of one input and panics if a promise is broken.
#![allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a broken promise must end the process"
)]

mod answer;
mod configuration;
mod flatten;
mod history;
mod job_entry;
mod order_file;

pub use answer::answer;
pub use configuration::configuration;
pub use flatten::flatten;
pub use history::history;
pub use job_entry::job_entry;
pub use order_file::order_file;
