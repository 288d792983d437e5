//! The part of the help that lists the faults.

use crate::fault;

/// Returns the list of all faults and how to request them, for the help of the binary.
pub fn faults_help() -> String {
    let list = fault::help();
    format!(
        "\
Faults:
{list}
Request a fault for one order with a suffix of its id, A-17~lost-answer, or for
a share of all calls with --fault. The prefix \"query:\" selects order queries.
Every part after a ~ that begins with a letter, and has only letters, digits
and hyphens, must be the name of a fault: otherwise the fetch is refused. Any
other part belongs to the id. --plain-ids takes all ids as they are.

GET /_sandbox lists the control endpoints."
    )
}
