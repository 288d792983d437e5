use super::{causes, obstacles, part::Part, results, states, status_lines};

/// The whole table.
pub(super) fn parts() -> Vec<Part> {
    let [statuses, reasons, sources, dead_letters] = results::parts();
    vec![
        states::part(),
        obstacles::part(),
        causes::part(),
        status_lines::part(),
        statuses,
        reasons,
        sources,
        dead_letters,
    ]
}
