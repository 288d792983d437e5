//! Every word that `orders`, `order`, `status` and the results show, with its meaning and what to do. The matches have no
//! default, so a word without an entry does not compile. `worker reasons` prints the table, and `docs/reasons.md` is its
//! copy.

mod causes;
mod obstacles;
mod part;
mod print;
mod results;
mod states;
mod status_lines;
mod table;

pub(crate) use causes::cause;
pub(crate) use print::{help, markdown, print};
pub(crate) use status_lines::StatusLine;
