# What there is to do here. `just` lists it; each line is also a plain command that works without just.

[private]
default:
    @just --list

# Run all tests; arguments go to cargo test
test *args:
    sh tests/run.sh {{ args }}

# Buy 300 orders from the local sandbox, kill a worker, check the books (--keep: stay up)
demo *args:
    sh deploy/local/demo.sh {{ args }}

# What CI runs: tests, format, lints, documentation, dependencies, scripts, demo
ci:
    .ci/run

# Format everything
fmt:
    cargo fmt --all

# Clippy, with warnings as errors
lint:
    cargo clippy --workspace --all-targets --locked -- -D warnings

# Licences, bans, sources of dependencies (needs cargo-deny)
deny:
    cargo deny --locked check bans licenses sources

# Measure the worker against a bare loop and print the ratios; takes a while and proves nothing, so no test
bench *args:
    cargo bench --locked -p e2e --bench speed {{ args }}

# Measure how long it takes to be at work again after a worker, Redis or the vendor failed; about three minutes
recovery:
    cargo bench --locked -p e2e --bench recovery

# Reconcile 100,000 stuck orders in 100 MB of memory; about two minutes
volume:
    cargo test --locked --workspace --bench volume

# Everything goes wrong at once for so many minutes, with 5000 orders and more; then the books are compared
chaos seed="1" minutes="5" *args:
    cargo run --release --locked -p e2e --bin chaos -- {{ seed }} {{ minutes }} {{ args }}

# Fuzz the parsers of hp-api: flatten or answer (needs cargo-fuzz, not a nightly Rust)
[working-directory: "crates/hp-api"]
fuzz target="flatten" seconds="60":
    RUSTC_BOOTSTRAP=1 cargo fuzz run -s none {{ target }} -- -max_total_time={{ seconds }}
