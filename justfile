# The commands of this repository. `just` lists them; each one also works without just.

[private]
default:
    @just --list

# Run all tests (arguments go to cargo test)
test *args:
    sh tests/run.sh {{ args }}

# Buy 300 orders from the local sandbox, kill a worker, check all charges (--keep: keep it running)
demo *args:
    sh deploy/local/demo.sh {{ args }}

# Run what CI runs: tests, volume, format, lints, documentation, dependencies, scripts, demo
ci:
    .ci/run

# Format all code
fmt:
    cargo fmt --all

# Run Clippy with warnings as errors
lint:
    cargo clippy --workspace --all-targets --locked -- -D warnings

# Check licences, bans and sources of dependencies (needs cargo-deny)
deny:
    cargo deny --locked check bans licenses sources

# Find dependencies that no code uses (needs cargo-machete)
unused:
    cargo machete

# Measure speed and cost against a bare loop: --quick, --markdown, single parts (--help lists them)
bench *args:
    cargo bench --locked -p e2e --bench speed -- {{ args }}

# Measure what an order costs on a kept and on a new connection, over TLS
connection:
    cargo bench --locked -p e2e --bench connection

# Measure the recovery from a failure of a worker, of Redis or of the vendor; about three minutes
recovery:
    cargo bench --locked -p e2e --bench recovery

# Reconcile 100,000 stuck orders in 100 MB of memory; about ten minutes
volume:
    cargo test --locked --workspace --bench volume

# Cause all kinds of failures for some minutes, with at least 5000 orders; then check every charge and result
chaos seed="1" minutes="5" *args:
    cargo run --release --locked -p e2e --bin chaos -- {{ seed }} {{ minutes }} {{ args }}

# Fuzz the parsers of hp-api: flatten or answer (needs cargo-fuzz, works with stable Rust)
[working-directory: "crates/hp-api"]
fuzz target="flatten" seconds="60":
    RUSTC_BOOTSTRAP=1 cargo fuzz run -s none {{ target }} -- -max_total_time={{ seconds }}
