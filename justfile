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

# Check dependencies: licences, bans, sources, number, and published vulnerabilities if the database can be reached
deny:
    sh deploy/local/supply-chain.sh deny
    sh deploy/local/supply-chain.sh count
    sh deploy/local/supply-chain.sh advisories

# Build the programs for production, each with a list of its dependencies inside
release:
    sh deploy/local/supply-chain.sh release

# Write the bill of materials of each program (CycloneDX) to target/sbom
sbom:
    sh deploy/local/supply-chain.sh sbom

# Find dependencies that no code uses (needs cargo-machete)
unused:
    cargo machete

# Check the alerts and the dashboard, and make each alert happen in a real Prometheus
monitoring:
    sh deploy/monitoring/check.sh
    sh tests/run.sh --test monitoring -- --include-ignored

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

# Fuzz one target: flatten, answer, job_entry, configuration, history or order_file. Works with stable Rust
fuzz target="flatten" minutes="1":
    sh tests/fuzz.sh {{ target }} $(({{ minutes }} * 60))
