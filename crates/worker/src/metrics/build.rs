use prometheus_client::{metrics::info::Info, registry::Registry};

/// The commit that the program was built from, if the build has set it.
const COMMIT: &str = match option_env!("HP_BUILD_COMMIT") {
    None | Some("") => "unknown",
    Some(commit) => commit,
};

pub(super) fn register(registry: &mut Registry) {
    let labels = [
        ("version", env!("CARGO_PKG_VERSION")),
        ("commit", COMMIT),
    ];
    let help = "The version of this program, and the commit that it was built from. Always 1";
    registry.register("build", help, Info::new(labels));
}
