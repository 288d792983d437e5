use std::collections::HashSet;

use hp_queue::Job;
use worker::fuzzing::read_orders;

use crate::job_entry::rules;

/// No file makes the reader panic. Each line makes one order or one fault at most, no id comes twice, and the worker would admit
/// every order.
pub fn order_file(file: &[u8]) {
    let Ok((text, orders)) = read_orders(file) else {
        return;
    };
    let lines = text.lines().filter(|line| !line.trim().is_empty()).count();
    assert!(orders.jobs.len() + orders.faults.len() <= lines);
    let ids: HashSet<_> = orders.jobs.iter().map(|job| &job.order_id).collect();
    assert_eq!(ids.len(), orders.jobs.len());
    for job in &orders.jobs {
        assert!(rules::Job::read(&fields(job)).is_sound(), "{job:?}");
    }
    let last = text.split('\n').count() as u64;
    let mut before = 0;
    for (line, why) in &orders.faults {
        assert!((before + 1..=last).contains(line), "line {line}");
        assert!(!why.is_empty());
        before = *line;
    }
}

/// The entry that a shop in Rust adds to the inbox.
fn fields(job: &Job) -> rules::Fields {
    let reply_to = job.reply_to.as_ref();
    let fields = [
        ("order_id", Some(job.order_id.to_string())),
        ("product_id", Some(job.product_id.to_string())),
        ("quantity", Some(job.quantity.to_string())),
        ("deadline", job.deadline.map(|time| time.at().0.to_string())),
        (
            "reply_to",
            reply_to.map(|name| format!("{{hp}}:results:{name}")),
        ),
        ("meta", job.meta.as_ref().map(ToString::to_string)),
        (
            "traceparent",
            job.traceparent.as_ref().map(ToString::to_string),
        ),
    ];
    let fields = fields.into_iter();
    let fields = fields.filter_map(|(name, value)| Some((name, value?)));
    fields
        .map(|(name, value)| (name.into(), value.into()))
        .collect()
}
