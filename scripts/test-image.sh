#!/usr/bin/env bash
# Builds the Asterisk image and boots it, on a machine without a container engine: buildah does both in a
# chroot, on a base made by debootstrap from this machine's own Debian mirror. Needs root.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf '%s\n' "$*"; }
fail() {
  printf 'scripts/test-image.sh: %s\n' "$*" >&2
  exit 1
}

[ "$(id -u)" -eq 0 ] || fail "needs root (buildah's chroot isolation): sudo make test-image"
missing=()
for tool in buildah debootstrap; do
  command -v "$tool" >/dev/null || missing+=("$tool")
done
if [ ${#missing[@]} -gt 0 ]; then
  say "Installing ${missing[*]}"
  apt-get -qq update
  DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 install --no-install-recommends -y \
    "${missing[@]}" >/dev/null
fi

# Debian's packages, and this machine's apt settings, in a plain folder: the base of the image.
base=.cache/bookworm.tar
if [ ! -e "$base" ]; then
  say 'Making the base image'
  mirror=$(asterisk-docker/install.sh --mirror)
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  mkdir -p .cache
  debootstrap --variant=minbase --include=ca-certificates,debian-archive-keyring bookworm "$work/base" \
    "$mirror" >.cache/debootstrap.log 2>&1 || {
    tail -n 20 .cache/debootstrap.log >&2
    fail 'debootstrap failed'
  }
  rm -rf "$work"/base/var/cache/apt/archives/*.deb
  tar -C "$work/base" -cf "$base.part" .
  mv "$base.part" "$base"
fi

export BUILDAH_ISOLATION=chroot STORAGE_DRIVER=vfs
# Images and containers of this run only, away from the machine's own.
storage=$(mktemp -d)
container=
clean_up() {
  [ -z "$container" ] || bud rm "$container" >/dev/null 2>&1 || true
  rm -rf "$storage" ${work:+"$work"}
}
trap clean_up EXIT
bud() { buildah --root "$storage/root" --runroot "$storage/run" "$@"; }

say 'Building the image'
container=$(bud from scratch)
bud add -q "$container" "$base" / >/dev/null
bud commit -q --rm "$container" bookworm >/dev/null
bud bud -q --format docker --build-arg BASE=localhost/bookworm -t contactcenter-asterisk \
  --ignorefile asterisk-docker/Dockerfile.dockerignore -f asterisk-docker/Dockerfile . >.cache/image.log 2>&1 || {
  tail -n 30 .cache/image.log >&2
  fail 'the image could not be built'
}
bud inspect --type image --format '{{.Docker.Config.Healthcheck}}' contactcenter-asterisk | grep -q waitfullybooted ||
  fail 'the image has no health check'

say 'Booting it'
container=$(bud from --pull-never contactcenter-asterisk)
# What a container engine would do: the image's own entry point, as the image's own user.
mapfile -t entrypoint < <(bud inspect --format '{{range .OCIv1.Config.Entrypoint}}{{println .}}{{end}}' "$container" |
  sed '/^$/d')
PYTHONPATH=. .venv/bin/python scripts/check_image.py "$storage" "$container" "${entrypoint[@]}"
