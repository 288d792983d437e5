use std::collections::HashMap;

use e2e::Redis;

/// A section of `INFO`, by field.
pub(crate) async fn info(redis: &Redis, section: &str) -> HashMap<String, String> {
    let text: String = redis.command(&["INFO", section]).await;
    text.lines()
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.into(), value.into()))
        .collect()
}

/// A number of a section of `INFO`.
pub(crate) async fn number(redis: &Redis, section: &str, field: &str) -> f64 {
    info(redis, section).await[field].parse().unwrap()
}

/// The seconds of processor time that Redis has used so far.
pub(crate) async fn processor(redis: &Redis) -> f64 {
    let used = info(redis, "cpu").await;
    ["used_cpu_sys", "used_cpu_user"]
        .map(|field| used[field].parse::<f64>().unwrap())
        .iter()
        .sum()
}

/// How often clients have called a script so far.
pub(crate) async fn script_calls(redis: &Redis) -> f64 {
    let stats = info(redis, "commandstats").await;
    let scripts = stats
        .iter()
        .filter(|(name, _)| name.starts_with("cmdstat_eval") || name.starts_with("cmdstat_fcall"));
    scripts.map(|(_, stat)| calls(stat)).sum()
}

/// The field `calls` of a line such as `calls=3,usec=12,usec_per_call=4.00`.
fn calls(stat: &str) -> f64 {
    let (_, rest) = stat.split_once("calls=").unwrap();
    rest.split(',').next().unwrap().parse().unwrap()
}
