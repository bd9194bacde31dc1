#!/bin/sh
# Builds the pages (web/static/build/), only when a source has changed since the last build.
# npm comes from PATH, else from the checkout's .venv or .node.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
web=$root/web
stamp=$web/static/build/.sources

PATH=$PATH:$root/.venv/bin:$root/.node/bin
export PATH
if ! command -v npm >/dev/null; then
    echo "web.sh: npm is missing: install Node.js 20 or newer, then run this again" >&2
    exit 1
fi

sources=$(cd "$web" && find package.json package-lock.json .npmrc build.mjs static templates \
    -path static/build -prune -o -type f -print | LC_ALL=C sort | xargs sha256sum | sha256sum)
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$sources" ]; then
    exit 0
fi

cd "$web"
if [ ! -d node_modules ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
    npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
fi
node build.mjs
printf '%s\n' "$sources" > "$stamp"
