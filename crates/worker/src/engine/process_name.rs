use crate::random::Random;

/// Returns the host name, the process id and a random part. In containers the first two may be the same on two machines.
pub(super) fn process_name(random: &Random) -> String {
    let host = std::fs::read_to_string("/etc/hostname").unwrap_or_default();
    let host = if host.trim().is_empty() {
        "worker"
    } else {
        host.trim()
    };
    format!("{host}:{}:{}", std::process::id(), random.alphanumeric(6))
}

#[cfg(test)]
mod tests {
    use super::process_name;
    use crate::random::Random;

    #[test]
    fn process_name_differs_with_the_same_host_and_id() {
        let name = || process_name(&Random::from_entropy());
        assert_ne!(name(), name());
    }
}
