#!/bin/sh
# Checks and describes what the programs are built from. `sh deploy/local/supply-chain.sh COMMAND`, from anywhere:
#   deny        licences, bans and sources of all dependencies; fails if one is not allowed
#   count       compares the number of crates in the worker with the one in docs/adr/0029-dependencies.md
#   advisories  published vulnerabilities; fails if one concerns a dependency; passes if the database cannot be reached
#   release     builds the programs, each with a list of its dependencies inside
#   sbom        writes a CycloneDX file for each program to target/sbom
# Installs the tools that a command needs.
set -eu
cd "$(dirname "$0")/../.."
. deploy/local/lib.sh

deny() {
    need_cargo_tool cargo-deny 0.20.2
    cargo deny --locked check --hide-inclusion-graph bans licenses sources
}

# A new crate in the worker is a decision: whoever adds one changes the number, and the table there.
count() {
    found=$(cargo tree --locked -e normal -p worker --target x86_64-unknown-linux-gnu --prefix none |
        sed -e '/ (\//d' -e 's/ (.*//' | sort -u | wc -l)
    said=$(sed -n 's/^The worker for Linux has \([0-9]*\) crates.*/\1/p' docs/adr/0029-dependencies.md)
    [ "$found" -eq "${said:-0}" ] || fail "The worker has $found crates, but docs/adr/0029-dependencies.md says ${said:-nothing}.
If the change is wanted, write the new number there."
    say "The worker has $found crates of others."
}

advisories() {
    need_cargo_tool cargo-deny 0.20.2
    if output=$(cargo deny --locked fetch db 2>&1); then
        cargo deny --locked check --hide-inclusion-graph advisories
        return
    fi
    say "$output"
    case $output in
    *"failed to fetch advisory database"*)
        say "NOT CHECKED: the database of advisories cannot be reached at https://github.com/RustSec/advisory-db." ;;
    *) return 1 ;;
    esac
}

release() {
    need_cargo_tool cargo-auditable 0.7.7
    # /metrics names it. Empty outside of a repository.
    HP_BUILD_COMMIT=$(git rev-parse HEAD || true)
    export HP_BUILD_COMMIT
    cargo auditable build --release --locked -p worker -p hp-sandbox
    for program in worker hp-sandbox; do has_dependency_list "target/release/$program"; done
}

# Stripping symbols must not remove the list. The name of its section stands in the file.
has_dependency_list() {
    grep -qa '\.dep-v0' "$1" || fail "$1 contains no list of its dependencies."
    say "$1 contains the list of its dependencies. Read it with: cargo audit bin $1"
}

sbom() {
    need_cargo_tool cargo-cyclonedx 0.5.9
    mkdir -p target/sbom
    cargo cyclonedx --format json --spec-version 1.5 --target all --no-build-deps --override-filename sbom
    for crate in worker hp-sandbox; do
        # The tool writes the folder of this repository into it.
        sed "s#file://$PWD#file:.#g" "crates/$crate/sbom.json" >"target/sbom/$crate.cdx.json"
        say "target/sbom/$crate.cdx.json"
    done
    rm -f crates/*/sbom.json tests/sbom.json tests/*/sbom.json
}

case ${1:-} in
deny | count | advisories | release | sbom) need_rust && "$1" ;;
*) fail "Give one of: deny, count, advisories, release, sbom." ;;
esac
