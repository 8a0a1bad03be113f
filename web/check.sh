#!/usr/bin/env bash
# Fails when the committed client is not what its sources build, or when its
# sources do not pass the type checker.
set -euo pipefail
cd "$(dirname "$0")"
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT

bash build.sh "$fresh"
for f in app.js index.css boot.js boot.css heap.js heap.css explore.js explore.css; do
  if ! cmp -s "$fresh/$f" "../internal/present/page/assets/$f"; then
    echo "internal/present/page/assets/$f is not what web/ builds: run bash web/build.sh and commit it" >&2
    exit 1
  fi
done
npx svelte-check --tsconfig ./tsconfig.json --threshold warning --fail-on-warnings
