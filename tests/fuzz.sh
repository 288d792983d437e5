#!/bin/sh
# Fuzzes with libFuzzer. `sh tests/fuzz.sh TARGET SECONDS`, from anywhere; without a target, all of them in turn. New inputs
# go to target/fuzz; the corpora of this repository stay as they are. Works with stable Rust.
set -eu
cd "$(dirname "$0")/.."
. deploy/local/lib.sh

need_rust
need_redis
need c++
need_cargo_tool cargo-fuzz 0.13.2

seconds=${2:-60}
# Fuzzing needs the coverage of the compiler, which is not stable yet.
export RUSTC_BOOTSTRAP=1

# fuzz TARGET : fails at the first finding, and shows how to repeat it.
fuzz() {
    heading "Fuzz $1 for $seconds s"
    mkdir -p "target/fuzz/$1"
    # Larger entries are cut when they become dead letters, which other tests check.
    case $1 in job_entry) longest=4096 ;; *) longest=16384 ;; esac
    cargo fuzz run -s none "$1" "target/fuzz/$1" "fuzz/corpus/$1" -- \
        -max_total_time="$seconds" -max_len="$longest" -rss_limit_mb=1024 -timeout=10 -print_final_stats=1
}

case ${1:-} in
'')
    # On a line of its own: a loop over the command would hide its failure.
    targets=$(cargo fuzz list)
    for target in $targets; do fuzz "$target"; done
    ;;
*) fuzz "$1" ;;
esac
