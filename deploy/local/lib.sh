# shellcheck shell=sh disable=SC2034 # the scripts that source this file use the variables
# Shared by the scripts of this repository: prints messages and installs the programs that a script needs.

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ] && [ "${TERM:-dumb}" != dumb ]; then
    bold=$(printf '\033[1m') dim=$(printf '\033[2m') red=$(printf '\033[31m') green=$(printf '\033[32m')
    normal=$(printf '\033[0m')
else
    bold='' dim='' red='' green='' normal=''
fi

heading() { printf '\n%s%s%s\n' "$bold" "$*" "$normal"; }
say() { printf '  %s\n' "$*"; }
fail() {
    printf '\n%s%s%s\n' "$red" "$*" "$normal" >&2
    exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }

# need PROGRAM... : installs missing programs on Debian and Ubuntu. On other systems, says how to install them and fails.
need() {
    missing=''
    for program in "$@"; do
        have "$program" || missing="$missing $program"
    done
    [ -n "$missing" ] || return 0
    have apt-get || explain_install "$missing"
    install_packages "$missing"
}

need_rust() {
    have cargo || PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
    have cargo || fail "Rust is missing. Install it from https://rustup.rs (needs no root rights), then run this script again."
    need cc
}

# need_cargo_tool NAME VERSION : installs a subcommand of Cargo unless this version is there. Replaces another version.
need_cargo_tool() { has_cargo_tool "$1" "$2" || cargo install --locked --debug --force "$1@$2"; }

# Cargo finds its subcommands also where PATH does not lead. Those that cannot print their version are in Cargo's list.
has_cargo_tool() {
    cargo "${1#cargo-}" --version 2>/dev/null | grep -qwF "$2" && return
    [ -x "${CARGO_HOME:-$HOME/.cargo}/bin/$1" ] && cargo install --list | grep -qxF "$1 v$2:"
}

need_redis() {
    need redis-server redis-cli
    version=$(redis-server --version | sed -n 's/.*v=\([0-9][0-9.]*\).*/\1/p')
    [ "${version%%.*}" -ge 7 ] || fail "redis-server $version is too old: 7.0 or later is required.
See https://redis.io/docs/latest/operate/oss_and_stack/install/ for newer packages."
}

# Python with virtual environments: Debian has them in a package of their own.
need_venv() {
    need python3
    python3 -c 'import ensurepip' 2>/dev/null || install_packages python3-venv
}

need_valkey() {
    have valkey-server || ! is_debian_12 || use_backports
    need valkey-server
}

is_debian_12() { [ -r /etc/os-release ] && grep -q '^VERSION_CODENAME=bookworm' /etc/os-release; }

# Adds the backports of Debian 12, which have Valkey, for this run only.
use_backports() {
    sources=$(mktemp -d)
    cp /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources "$sources" 2>/dev/null || :
    # shellcheck disable=SC2016 # apt-get expands this variable
    debian=$(apt-get indextargets --format '$(REPO_URI)' 'Codename: bookworm' | head -n 1)
    echo "deb $debian bookworm-backports main" >"$sources/backports.list"
    apt_options="-o Dir::Etc::sourceparts=$sources -t bookworm-backports"
}

# Prints the name of the Debian package with this program.
package_of() {
    case $1 in
    redis-cli) echo redis-tools ;;
    cc) echo gcc libc6-dev ;;
    php) echo php-cli ;;
    node) echo nodejs ;;
    c++) echo g++ ;;
    promtool) echo prometheus ;;
    amtool) echo prometheus-alertmanager ;;
    systemd-analyze) echo systemd ;;
    *) echo "$1" ;;
    esac
}

install_packages() {
    packages=''
    for program in $1; do
        packages="$packages $(package_of "$program")"
    done
    sudo=''
    if [ "$(id -u)" -ne 0 ]; then
        have sudo || fail "Missing programs:$1. Run this script as root, or install these packages first:$packages"
        sudo=sudo
    fi
    say "Installing packages with apt-get:$packages"
    # shellcheck disable=SC2086 # one argument for each package
    output=$(apt_without_services $packages 2>&1) || fail "$output
apt-get could not install$packages. Its output is above."
}

# shellcheck disable=SC2086 # several options, or none
apt_install() {
    $sudo apt-get ${apt_options:-} update &&
        $sudo env DEBIAN_FRONTEND=noninteractive apt-get ${apt_options:-} install -y --no-install-recommends "$@"
}

# Installs packages without their system services, because the scripts start their own servers. Debian starts a service
# when it installs the package, so the services are masked during the installation and disabled afterwards.
# `systemctl enable --now redis-server` enables one.
apt_without_services() {
    [ -d /run/systemd/system ] || { apt_without_init "$@"; return; }
    services=$(services_of "$@")
    [ -n "$services" ] || { apt_install "$@"; return; }
    # shellcheck disable=SC2086 # several services
    $sudo systemctl mask --runtime $services
    installed=0
    apt_install "$@" || installed=$?
    # shellcheck disable=SC2086
    $sudo systemctl unmask --runtime $services
    # shellcheck disable=SC2086
    [ "$installed" -ne 0 ] || $sudo systemctl disable $services
    return "$installed"
}

# Prints the services of these packages.
services_of() {
    for package in "$@"; do
        case $package in
        redis-server | valkey-server | prometheus | prometheus-alertmanager) echo "$package.service" ;;
        esac
    done
}

# Without systemd, Debian asks this file whether it may start a service. A file of the machine stays as it is.
apt_without_init() {
    policy=/usr/sbin/policy-rc.d
    [ ! -e "$policy" ] || { apt_install "$@"; return; }
    printf '#!/bin/sh\nexit 101\n' | $sudo tee "$policy" >/dev/null && $sudo chmod 755 "$policy"
    installed=0
    apt_install "$@" || installed=$?
    $sudo rm -f "$policy"
    return "$installed"
}

explain_install() {
    fail "Missing programs:$1. Install them, then run this script again:
  macOS          brew install redis          (cc: xcode-select --install)
  Fedora         sudo dnf install gcc curl valkey-compat-redis
  Alpine         apk add build-base curl redis
  Arch           sudo pacman -S gcc curl redis
  other          https://redis.io/docs/latest/operate/oss_and_stack/install/"
}
