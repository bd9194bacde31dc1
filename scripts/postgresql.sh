#!/usr/bin/env bash
# Puts PostgreSQL into a folder of its own, for the tests, where the machine has none.
#
#   scripts/postgresql.sh [FOLDER]        FOLDER defaults to .postgresql in the checkout
#   scripts/postgresql.sh --there         only says, by its status, whether the machine or the checkout has it
#
# Debian's package would start a service on this machine: here its files and what they need beyond what is
# installed are downloaded by apt (signed as any package), unpacked, never installed. Needs no root, but for
# reading the package lists where none were read yet.
set -euo pipefail

oldest=15
checkout=$(dirname "${BASH_SOURCE[0]}")/../.postgresql

fail() {
  printf 'scripts/postgresql.sh: %s\n' "$*" >&2
  exit 1
}

# Succeeds when ROOT has a server that is new enough, with the program that makes its folders.
has_server() {
  local server version
  for server in "$1"/usr/lib/postgresql/*/bin/initdb; do
    version=${server%/bin/initdb}
    [ -x "$server" ] && [ "${version##*/}" -ge "$oldest" ] && return 0
  done
  return 1
}

case ${1:-} in
  --there) has_server "" || has_server "$checkout" && exit 0 || exit 1 ;;
  '') has_server "" && exit 0 ;;
esac
folder=${1:-$checkout}
! has_server "$folder" || exit 0
for tool in apt-get dpkg-deb; do
  command -v "$tool" >/dev/null || fail "needs $tool; or install PostgreSQL $oldest or newer"
done

mkdir -p "$(dirname "$folder")"
folder=$(cd "$(dirname "$folder")" && pwd)/$(basename "$folder")
work=$(mktemp -d "$folder.new.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir "$work/tree" "$work/debs"

# What apt would install now: the server, its programs, and the libraries that are missing here. A machine
# that has an older server, or half of one, gets the packages of the server themselves in any case.
simulated() { LC_ALL=C apt-get -s -o Debug::NoLocking=1 install --no-install-recommends postgresql; }
simulated >"$work/plan" 2>"$work/error" || {
  as_root=()
  [ "$(id -u)" = 0 ] || as_root=(sudo)
  "${as_root[@]}" apt-get -qq update >"$work/update" 2>&1 || true
  simulated >"$work/plan" 2>"$work/error" || { cat "$work/update" "$work/error" >&2 && fail "apt knows no postgresql"; }
}
server=$(LC_ALL=C apt-cache depends postgresql | sed -n 's/^ *Depends: \(postgresql-[0-9]*\)$/\1/p')
[ "${server#postgresql-}" -ge "$oldest" ] 2>/dev/null || fail "apt has ${server:-no postgresql}: $oldest or newer is needed"
packages=("$server" "${server/postgresql/postgresql-client}")
while read -r name; do
  packages+=("$name")
done < <(sed -n 's/^Inst \([^ ]*\) .*/\1/p' "$work/plan" | grep -vE '^(postgresql|perl|libperl|ssl-cert|libjson-perl|.*-locale)')

(cd "$work/debs" && apt-get -qq download "${packages[@]}") >"$work/download" 2>&1 || {
  cat "$work/download" >&2
  fail "cannot download ${packages[*]}"
}
find "$work/debs" -name '*.deb' -exec dpkg-deb -x '{}' "$work/tree" \;
has_server "$work/tree" || fail "the packages hold no server"

# The loader finds the libraries of the tree by this; a name that it misses is said now and not by a test.
libraries=$(printf '%s:' "$work/tree"/usr/lib/*-linux-gnu* "$work/tree"/lib/*-linux-gnu*)
missing=$(LD_LIBRARY_PATH=$libraries ldd "$work/tree"/usr/lib/postgresql/*/bin/{postgres,initdb} | sed -n 's/^[[:space:]]*\(.*\) => not found/\1/p')
[ -z "$missing" ] || fail "still missing: $missing"
rm -rf "$folder"
mv "$work/tree" "$folder"
