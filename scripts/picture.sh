#!/usr/bin/env bash
# Takes the picture of the demo's report that README.md shows. Needs Chromium.
set -euo pipefail
cd "$(dirname "$0")/.."
make --no-print-directory demo >/dev/null 2>&1
[[ -d web/node_modules ]] || (cd web && npm ci --no-audit --no-fund --silent)
node web/screenshot.mjs bin/report.html docs/report.png --width 1200 --height 1180
ls -l docs/report.png
