#!/bin/sh
# Runs the tests of the workspace. `sh tests/run.sh`, from anywhere; arguments are passed to `cargo test`.
set -eu
cd "$(dirname "$0")/.."
. deploy/local/lib.sh

heading "Tests"
say "All tests of the workspace. They start their own Redis and sandbox on free ports, and stop them at the end."
say "They change nothing on this machine."
need_rust
need_redis
# The end-to-end tests wait more than they compute: four at a time for each core use the cores fully.
cores=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
export RUST_TEST_THREADS="${RUST_TEST_THREADS:-$((4 * cores))}"
exec cargo test --workspace --locked "$@"
