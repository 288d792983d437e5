# shellcheck shell=sh disable=SC2034 # some of the variables are for those who read this file
# For the scripts of this repository: how they speak, and how they get the programs that they need.

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ] && [ "${TERM:-dumb}" != dumb ]; then
    bold=$(printf '\033[1m') dim=$(printf '\033[2m') red=$(printf '\033[31m') green=$(printf '\033[32m')
    plain=$(printf '\033[0m')
else
    bold='' dim='' red='' green='' plain=''
fi

heading() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
say() { printf '  %s\n' "$*"; }
fail() {
    printf '\n%s%s%s\n' "$red" "$*" "$plain" >&2
    exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }

# need PROGRAM... : sees to it that they are there. Debian and Ubuntu get what is missing; others are told how.
need() {
    missing=''
    for program in "$@"; do
        have "$program" || missing="$missing $program"
    done
    [ -n "$missing" ] || return 0
    have apt-get || how_to_get "$missing"
    install_packages "$missing"
}

need_rust() {
    have cargo || PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
    have cargo || fail "Rust is missing. https://rustup.rs installs it without root rights; then run this again."
    need cc
}

need_redis() {
    need redis-server redis-cli
    version=$(redis-server --version | sed -n 's/.*v=\([0-9][0-9.]*\).*/\1/p')
    [ "${version%%.*}" -ge 7 ] || fail "redis-server here is $version, and 7.0 or later is needed.
https://redis.io/docs/latest/operate/oss_and_stack/install/ has newer packages for older systems."
}

need_valkey() {
    have valkey-server || ! is_debian_12 || use_backports
    need valkey-server
}

is_debian_12() { [ -r /etc/os-release ] && grep -q '^VERSION_CODENAME=bookworm' /etc/os-release; }

# For this run only: Debian 12 has Valkey among its backports.
use_backports() {
    sources=$(mktemp -d)
    cp /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources "$sources" 2>/dev/null || :
    # shellcheck disable=SC2016 # apt-get's own variable
    debian=$(apt-get indextargets --format '$(REPO_URI)' 'Codename: bookworm' | head -n 1)
    echo "deb $debian bookworm-backports main" >"$sources/backports.list"
    apt_options="-o Dir::Etc::sourceparts=$sources -t bookworm-backports"
}

# Debian's name for the package with this program.
package_of() {
    case $1 in
    redis-cli) echo redis-tools ;;
    cc) echo gcc libc6-dev ;;
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
        have sudo || fail "Missing:$1. Run this as root, or install first:$packages"
        sudo=sudo
    fi
    say "Installing with apt-get:$packages"
    case $1 in
    *redis-server* | *valkey-server*) apt=apt_without_service ;;
    *) apt=apt_install ;;
    esac
    # shellcheck disable=SC2086 # one word for each package
    words=$($apt $packages 2>&1) || fail "$words
apt-get could not install$packages; its own words are above."
}

# shellcheck disable=SC2086 # several options, or none
apt_install() {
    $sudo apt-get ${apt_options:-} update &&
        $sudo env DEBIAN_FRONTEND=noninteractive apt-get ${apt_options:-} install -y --no-install-recommends "$@"
}

# Debian starts a service as soon as it is installed. What runs here brings its own Redis, so that of the system is masked
# meanwhile and left switched off; `systemctl enable --now redis-server` is how to have it.
apt_without_service() {
    [ -d /run/systemd/system ] || { apt_install "$@"; return; }
    case " $* " in
    *" redis-server "*) service=redis-server.service ;;
    *) service=valkey-server.service ;;
    esac
    $sudo systemctl mask --runtime "$service"
    installed=0
    apt_install "$@" || installed=$?
    $sudo systemctl unmask --runtime "$service"
    [ "$installed" -ne 0 ] || $sudo systemctl disable "$service"
    return "$installed"
}

how_to_get() {
    fail "Missing:$1. Get it, then run this again:
  macOS          brew install redis          (cc: xcode-select --install)
  Fedora         sudo dnf install gcc curl valkey-compat-redis
  Alpine         apk add build-base curl redis
  Arch           sudo pacman -S gcc curl redis
  elsewhere      https://redis.io/docs/latest/operate/oss_and_stack/install/"
}
