#!/usr/bin/env bash
# Formatting, go.mod and lint. The tools are pinned in tools/go.mod.
set -euo pipefail
cd "$(dirname "$0")/.."
tool() { go tool -modfile=tools/go.mod "$@"; }

unformatted=$(git ls-files '*.go' | xargs -r -d '\n' go tool -modfile=tools/go.mod gofumpt -l)
if [[ -n $unformatted ]]; then
  printf 'lint: not formatted (make fmt):\n%s\n' "$unformatted" >&2
  exit 1
fi
go mod tidy -diff
tool golangci-lint run ./...
