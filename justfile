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
