#!/usr/bin/env bash
# Puts Asterisk 22 into a folder of its own, for the embedded server and for the image alike.
#
#   asterisk-docker/install.sh [FOLDER]        FOLDER defaults to .asterisk in the checkout
#   asterisk-docker/install.sh --mirror        only prints the Debian mirror that it would use
#
# Debian 12 has no Asterisk package, Debian sid has: its packages are downloaded with an apt configuration
# of their own (signed by Debian's archive key), unpacked, never installed. The folder holds its own C
# library too, so FOLDER/asterisk runs on any Debian or Ubuntu of the same architecture. Needs no root.
#
# DEBIAN_MIRROR   the mirror to ask, as in an apt source line; else the machine's own apt sources name it.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
needed_mib=250

# Names change with a library's version (libxml2-16 today, libxml2-17 tomorrow), so each is a pattern that
# is looked up among what the asterisk packages depend on. A library that no pattern finds is found by the
# loader's report further down; the patterns only save those rounds.
packages='asterisk|asterisk-modules|asterisk-core-sounds-en-gsm|zlib1g
libbsd[0-9]+|libc6|libcap2|libcrypt[0-9]+|libedit[0-9]+|libgcc-s[0-9]+|libgsm[0-9]+|libjansson[0-9]+|libmd[0-9]+
libnspr[0-9]+|libnss3|libopus[0-9]+|libsqlite3-[0-9]+|libsrtp2-[0-9]+|libssl[0-9.]+|libstdc[+][+][0-9]+
libsystemd[0-9]+|libtinfo[0-9]+|liburiparser[0-9]+|libuuid[0-9]+|libxml2-[0-9]+|libxslt[0-9.]+|libzstd[0-9]+'

fail() {
  printf 'asterisk-docker/install.sh: %s\n' "$*" >&2
  exit 1
}

# The mirror that this machine's own apt uses: the first source whose address ends in "debian" (or the list
# of such mirrors that cloud images use), so not the security archive and no third party's repository.
machines_mirror() {
  local lists=(/etc/apt/sources.list /etc/apt/sources.list.d/*.list)
  local deb822=(/etc/apt/sources.list.d/*.sources)
  {
    cat "${deb822[@]}" 2>/dev/null | sed -n 's/^URIs:[[:space:]]*//p' | tr -s ' ' '\n'
    cat "${lists[@]}" 2>/dev/null | sed -nE 's/^deb[[:space:]]+(\[[^]]*\][[:space:]]+)?([^[:space:]]+).*/\2/p'
  } | grep -E '/(debian/?|debian\.list)$' | head -n 1
}

# The modules that the server loads; their libraries are unpacked, other modules are not kept.
module_list=$here/../dialplans/modules.conf.j2
recipe=$(cat "${BASH_SOURCE[0]}" "$module_list" | sha256sum)
recipe=${recipe%% *}
folder=${1:-$here/../.asterisk}
if [ "$(cat "$folder/.recipe" 2>/dev/null)" = "$recipe" ]; then
  exit 0
fi

mirror=${DEBIAN_MIRROR:-$(machines_mirror || true)}
[ -n "$mirror" ] || fail "this machine's apt sources name no Debian mirror: set DEBIAN_MIRROR to one"
if [ "${1:-}" = --mirror ]; then
  printf '%s\n' "$mirror"
  exit 0
fi

for tool in apt-get apt-cache apt-config dpkg dpkg-deb sha256sum; do
  command -v "$tool" >/dev/null || fail "needs $tool, which Debian and Ubuntu have; this machine does not"
done
[ -r "$keyring" ] || fail "no $keyring: install the package debian-archive-keyring"

mkdir -p "$(dirname "$folder")" || fail "cannot create $(dirname "$folder")"
folder=$(cd "$(dirname "$folder")" && pwd)/$(basename "$folder")
free_mib=$(df -Pm "$(dirname "$folder")" | awk 'NR == 2 { print $4 }')
[ "$free_mib" -ge "$needed_mib" ] ||
  fail "the disk of $(dirname "$folder") has $free_mib MiB free, $needed_mib MiB are needed"

# Beside the folder, so that the last step is one rename on one file system.
work=$(mktemp -d "$folder.new.XXXXXX")
trap 'rm -rf "$work"' EXIT
tree=$work/tree
mkdir -p "$work/apt/state/lists/partial" "$work/apt/cache/archives/partial" "$work/debs" "$tree"
: >"$work/apt/state/status"
printf 'deb [signed-by=%s] %s sid main\n' "$keyring" "$mirror" >"$work/apt/sources.list"
{
  # The machine's proxies and certificates count; its hooks and its other sources do not.
  apt-config dump | grep -E '^Acquire::(https?|Retries|Check-Date|ForceIPv[46]|Queue-Mode)\b' || true
  cat <<CONF
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
Dir::Etc::main "/dev/null";
Dir::Etc::Parts "/dev/null";
Dir::Etc::sourcelist "$work/apt/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::State "$work/apt/state";
Dir::State::status "$work/apt/state/status";
Dir::Cache "$work/apt/cache";
Dir::Log "$work/apt";
Acquire::Languages "none";
Acquire::Check-Valid-Until "false";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
APT::Sandbox::User "root";
APT::Get::AllowUnauthenticated "false";
CONF
} >"$work/apt/apt.conf"
export APT_CONFIG=$work/apt/apt.conf LC_ALL=C

# apt-get reports an unreachable mirror as a warning, and succeeds.
if ! apt-get -qq update >"$work/update.log" 2>&1 || grep -qE '^[EW]:.*(Failed|Could not)' "$work/update.log"; then
  cat "$work/update.log" >&2
  fail "cannot read the package lists of $mirror (no network, or no mirror there? DEBIAN_MIRROR names another)"
fi
closure=$(apt-cache depends --recurse --important asterisk asterisk-modules asterisk-core-sounds-en-gsm |
  grep -E '^[a-z0-9]' | sort -u)
[ -n "$closure" ] || fail "$mirror has no package asterisk in sid for $(dpkg --print-architecture)"

# Downloads the packages named on standard input and unpacks them into the tree.
unpack() {
  (cd "$work/debs" && xargs apt-get -qq download) >"$work/download.log" 2>&1 || {
    cat "$work/download.log" >&2
    fail "cannot download the packages from $mirror"
  }
  find "$work/debs" -name '*.deb' -print0 |
    xargs -0 -I '{}' -P "$(nproc)" dpkg-deb -x '{}' "$tree" ||
    fail "cannot unpack the packages into $tree (is the disk full?)"
  rm -f "$work/debs"/*.deb
}

# What Asterisk and its modules still miss, as the tree's own loader sees it: "libxml2.so.17".
missing_libraries() {
  # The loader's exit status tells no more than its list does.
  { find "$modules" "$tree/usr/sbin/asterisk" -type f -print0 |
    xargs -0 -n 1 -P "$(nproc)" "$loader" --library-path "$libraries" --list || true; } |
    awk '/=> not found/ { print $1 }' | sort -u
}

# Debian names a library's package by its soname: libxml2.so.17 is in libxml2-17, libcap.so.2 in libcap2,
# libssl.so.3 in libssl3t64.
package_of() {
  local name=${1%%.so*} version=${1##*.so}
  version=${version#.}
  name=$(tr 'A-Z_' 'a-z-' <<<"$name")
  [[ $name =~ [0-9]$ && -n $version ]] && name+=-
  grep -Fx -e "$name$version" -e "$name${version}t64" <<<"$closure" | head -n 1
}

grep -Ex "$(tr '\n' '|' <<<"$packages" | sed -e 's/|$//' -e 's/[^|]*/(&)(t64)?/g')" <<<"$closure" | unpack
libraries=$(dirname "$(find "$tree/usr/lib" -name libc.so.6 | head -n 1)")
loader=$(find "$libraries" -maxdepth 1 -name 'ld-linux*.so.*' | head -n 1)
modules=$libraries/asterisk/modules
if ! [ -x "$loader" ] || ! [ -d "$modules" ]; then
  fail "the packages of $mirror no longer have the layout that this script expects"
fi

used_modules=$(sed -n 's/^load = //p' "$module_list")
for module in $used_modules; do
  [ -f "$modules/$module" ] || fail "Debian sid's asterisk has no $module any more: see $module_list"
done
find "$modules" -type f | grep -vE "/($(tr '\n' '|' <<<"$used_modules" | sed 's/|$//'))\$" | xargs rm -f

for _ in 1 2 3 4 5; do
  missing=$(missing_libraries)
  [ -n "$missing" ] || break
  for library in $missing; do
    package_of "$library" || fail "Debian sid's asterisk now needs $library, and no package that it depends on" \
      "is named after that: add the package to the list at the top of this script"
  done | sort -u | unpack
done
[ -z "$missing" ] || fail "these libraries are still missing: $missing"

# dpkg's maintainer scripts would have made the first link, and need a system to fill the other three.
sounds=$tree/usr/share/asterisk/sounds
rm -f "$sounds/en" "$sounds/custom" "$sounds/recordings" "$sounds/priv-callerintros"
ln -s en_US_f_Allison "$sounds/en"
(cd "$tree" && rm -rf etc var usr/lib/systemd usr/share/doc usr/share/man usr/share/lintian usr/share/locale)

# The tree's own loader, and not LD_LIBRARY_PATH, so that children of Asterisk get the machine's C library.
cat >"$tree/asterisk" <<LAUNCHER
#!/bin/sh
tree=\${0%/*}
exec "\$tree/${loader#"$tree"/}" --library-path "\$tree/${libraries#"$tree"/}" --argv0 asterisk "\$tree/usr/sbin/asterisk" "\$@"
LAUNCHER
chmod 755 "$tree" "$tree/asterisk"
chmod -R go=u,go-w "$tree"
"$tree/asterisk" -V >"$tree/.version" || fail "the unpacked Asterisk does not start"
printf '%s\n' "$recipe" >"$tree/.recipe"

if [ -e "$folder" ]; then
  mv -T "$folder" "$work/old"
fi
mv -T "$tree" "$folder"
printf '%s in %s\n' "$(cat "$folder/.version")" "$folder"
