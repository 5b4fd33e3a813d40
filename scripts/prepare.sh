# What a machine needs before anything of ours can run. Sourced by quickstart.sh and test.sh, under any POSIX shell.

root=$(CDPATH='' cd "$(dirname "$0")/.." && pwd -P)

# Debian has a static busybox and one with libraries under the same name; only the static one runs in an empty image.
has_static_busybox() {
  command -v busybox >/dev/null && ! ldd "$(command -v busybox)" >/dev/null 2>&1
}

has_tool() {
  case $1 in
    busybox) has_static_busybox ;;
    # A library, and of Debian's own Python: the one in PATH may be another.
    python3-kubernetes) /usr/bin/python3 -c 'import kubernetes' >/dev/null 2>&1 ;;
    *) command -v "$1" >/dev/null ;;
  esac
}

# require_tools TOOL:PACKAGE... installs the Debian packages whose tools are missing; where it cannot, it says what to
# install and fails.
require_tools() {
  missing=
  for entry in "$@"; do
    has_tool "${entry%%:*}" || missing="$missing ${entry#*:}"
  done
  [ -z "$missing" ] && return 0
  if ! command -v apt-get >/dev/null; then
    echo "error: this machine lacks what these Debian packages have; install their like:$missing" >&2
    return 1
  fi
  if [ "$(id -u)" != 0 ]; then
    echo "error: install these packages first: sudo apt-get install$missing" >&2
    return 1
  fi
  echo "==> apt-get install$missing"
  # shellcheck disable=SC2086 # the names are separate words
  if ! (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $missing) >/tmp/stowage-apt.$$ 2>&1; then
    cat /tmp/stowage-apt.$$ >&2
    rm -f /tmp/stowage-apt.$$
    echo "error: apt-get could not install$missing" >&2
    return 1
  fi
  rm -f /tmp/stowage-apt.$$
}

# npm ci, unless what is installed is what package-lock.json says.
install_packages() {
  if [ ! -f "$root/node_modules/.package-lock.json" ] ||
    [ "$root/package-lock.json" -nt "$root/node_modules/.package-lock.json" ]; then
    echo "==> npm ci"
    (cd "$root" && npm ci --no-progress --loglevel=error)
  fi
}
