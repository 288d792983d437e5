#!/bin/sh
# Checks that an advisory against a dependency fails the check of advisories, and that a database that cannot be reached does
# not. Gives Git databases of its own in place of the real one.
set -eu
cd "$(dirname "$0")/.."
. deploy/local/lib.sh

need git
need_rust
need_cargo_tool cargo-deny 0.20.2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# check NAME : checks the advisories in the database of this name, and nothing that was fetched before.
check() {
    mkdir -p "$folder/home"
    for part in bin registry; do ln -sfn "${CARGO_HOME:-$HOME/.cargo}/$part" "$folder/home/$part"; done
    rm -rf "$folder/home/advisory-dbs"
    env CARGO_HOME="$folder/home" GIT_CONFIG_COUNT=1 GIT_CONFIG_VALUE_0=https://github.com/RustSec/advisory-db \
        GIT_CONFIG_KEY_0="url.file://$folder/$1.insteadOf" \
        sh deploy/local/supply-chain.sh advisories >"$folder/output" 2>&1
}

# database NAME PACKAGE : makes a database with one advisory, against all versions of this package.
database() {
    mkdir -p "$folder/$1/crates/$2"
    {
        printf '```toml\n[advisory]\nid = "RUSTSEC-2026-9999"\npackage = "%s"\n' "$2"
        printf 'date = "2026-01-01"\n[versions]\npatched = []\n```\n\n# An invented advisory\n\nText.\n'
    } >"$folder/$1/crates/$2/RUSTSEC-2026-9999.md"
    git -C "$folder/$1" init -q -b main
    git -C "$folder/$1" add .
    git -C "$folder/$1" -c user.name=test -c user.email=test@example.org commit -qm advisory
}

# expect TEXT : the last check said this.
expect() { grep -q "$1" "$folder/output" || fail "no '$1' in: $(cat "$folder/output")"; }

database of-tokio tokio
if check of-tokio; then fail "an advisory against a dependency did not fail the check"; fi
expect RUSTSEC-2026-9999

database of-another no-such-dependency
check of-another || fail "an advisory against another package failed the check: $(cat "$folder/output")"
expect 'advisories ok'

check missing || fail "a database that cannot be reached failed the check: $(cat "$folder/output")"
expect 'NOT CHECKED'
say "An advisory fails the check, and an unreachable database does not."
