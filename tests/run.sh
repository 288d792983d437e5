#!/bin/sh
# Runs all tests of the workspace. `sh tests/run.sh`, from anywhere; arguments are passed to `cargo test`.
set -eu
cd "$(dirname "$0")/.."
. deploy/local/lib.sh

heading "Tests"
say "All tests of the workspace. They start Redis and the sandbox themselves, on ports that the kernel chooses,"
say "and stop them again; nothing of this machine is touched."
need_rust
need_redis
exec cargo test --workspace --locked "$@"
