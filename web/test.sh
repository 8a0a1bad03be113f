#!/usr/bin/env bash
# Runs the browser tests on freshly written reports. Needs Go, Node and Chromium.
set -euo pipefail
cd "$(dirname "$0")"

chromium=${CHROMIUM:-/usr/bin/chromium}
if [ ! -x "$chromium" ]; then
  echo "web/test.sh: no Chromium at $chromium; install it, or name one with CHROMIUM" >&2
  exit 1
fi
if [ ! -d node_modules ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  npm ci --no-audit --no-fund --silent
fi
samples=$(mktemp -d)
trap 'rm -rf "$samples"' EXIT
(cd .. && CULPRIT_SAMPLES="$samples" go test -count=1 -run '^TestSamples$' ./internal/present/html ./internal/present/bootpage ./internal/present/heappage)
(cd .. && CGO_ENABLED=0 go build -o "$samples/culprit" ./cmd/culprit)
CULPRIT_SAMPLES="$samples" node --test test/*.test.mjs
