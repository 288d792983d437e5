#!/bin/sh
# Checks the configurations, the alert rules and their tests. `sh deploy/monitoring/check.sh`, from anywhere. Starts no server,
# but installs the one that the tests in tests/monitoring start.
set -eu
cd "$(dirname "$0")/../.."
. deploy/local/lib.sh
need promtool amtool prometheus
cd deploy/monitoring

# The example names a file with a token, which promtool wants to exist.
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
cp -R . "$copy"
umask 077
echo an-admin-token-for-the-check >"$copy/hp-worker-token"

# run COMMAND... : prints what the command says only if it fails.
run() { output=$("$@" 2>&1) || fail "$output
This failed: $*"; }

# sends SEVERITY RECEIVER : fails unless Alertmanager sends alerts of this severity to this receiver.
sends() {
    receiver=$(amtool config routes test --config.file=alertmanager.yml "severity=$1" 2>/dev/null)
    [ "$receiver" = "$2" ] || fail "Alerts of severity $1 go to '$receiver', not to $2. Check the routes in alertmanager.yml."
}

heading "Monitoring"
run promtool check rules --lint-fatal rules/*.yml
run promtool check config "$copy/prometheus.yml"
run promtool test rules tests/*.yml
run amtool check-config alertmanager.yml
sends page pager
sends ticket tickets
# shellcheck disable=SC2016 # a template
run amtool template render --template.glob='templates/*.tmpl' --template.text='{{ template "hp.title" . }}{{ template "hp.text" . }}'
say "Rules, their tests, and the configurations of Prometheus and Alertmanager are fine."
