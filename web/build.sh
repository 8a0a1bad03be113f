#!/usr/bin/env bash
# Builds the client and puts it where the report embeds it. The same sources
# give the same bytes: file names are stable, versions are locked.
set -euo pipefail
cd "$(dirname "$0")"
out=${1:-../internal/present/page/assets}

if [ ! -d node_modules ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  npm ci --no-audit --no-fund --silent
fi
npx vite build --logLevel warn
PAGE=boot npx vite build --logLevel warn
PAGE=heap npx vite build --logLevel warn
PAGE=explore npx vite build --logLevel warn
mkdir -p "$out"
for f in app.js index.css boot.js boot.css heap.js heap.css explore.js explore.css; do
  cp "dist/$f" "$out/"
  printf '%s/%s: %s bytes\n' "$out" "$f" "$(wc -c <"$out/$f")"
done
