#!/usr/bin/env bash
# Rewrites golden files: runs the packages whose tests have an -update flag.
set -euo pipefail
cd "$(dirname "$0")/.."
mapfile -t packages < <(git grep -lE 'flag\.Bool\("update"' -- '*_test.go' | xargs -r -n1 dirname | sort -u | sed 's|^|./|')
if ((${#packages[@]} == 0)); then
  echo "golden: no package has golden files"
  exit 0
fi
go test -count=1 "${packages[@]}" -update
git status --short
