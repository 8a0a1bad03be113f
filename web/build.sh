#!/usr/bin/env bash
# Builds the client and puts it where the report embeds it. The same sources
# give the same bytes: file names are stable, versions are locked.
set -euo pipefail
cd "$(dirname "$0")"
out=${1:-../internal/present/html/assets}

if [ ! -d node_modules ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  npm ci --no-audit --no-fund --silent
fi
npx vite build --logLevel warn
mkdir -p "$out"
cp dist/app.js dist/index.css "$out/"
printf '%s: app.js %s bytes, index.css %s bytes\n' "$out" "$(wc -c <"$out/app.js")" "$(wc -c <"$out/index.css")"
