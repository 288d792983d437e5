use prometheus_client::{metrics::info::Info, registry::Registry};

/// The commit that the program was built from, if the build has set it.
const COMMIT: Option<&str> = option_env!("HP_BUILD_COMMIT");

pub(super) fn register(registry: &mut Registry) {
    let commit = COMMIT.filter(|commit| !commit.is_empty());
    let labels = [
        ("version", env!("CARGO_PKG_VERSION")),
        ("commit", commit.unwrap_or("unknown")),
    ];
    let help = "The version of this program, and the commit that it was built from. Always 1";
    registry.register("build", help, Info::new(labels));
}
