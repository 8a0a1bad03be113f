#!/usr/bin/env bash
# Runs every fuzz target for FUZZTIME, one after the other.
set -euo pipefail
cd "$(dirname "$0")/.."
time=${FUZZTIME:-20s}
count=0
while IFS=: read -r file line; do
  name=${line#func } name=${name%%(*}
  echo "fuzz: $name in $(dirname "$file") for $time"
  go test "./$(dirname "$file")" -run '^$' -fuzz "^${name}\$" -fuzztime "$time"
  count=$((count + 1))
done < <(git grep -E '^func Fuzz[A-Za-z0-9_]+\(' -- '*_test.go')
echo "fuzz: $count targets, nothing found"
