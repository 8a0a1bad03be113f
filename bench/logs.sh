#!/usr/bin/env bash
# Reading logs, beside the floors and the peers of this machine, in one run.
#
#   bench/logs.sh [MB]      default 300 MB a format; needs about four times that in TMPDIR
#
# Every figure is the best of ROUNDS (default 3) interleaved runs, in seconds;
# ratios are of CPU time, which a busy machine bends least. grep writes to a
# file: with /dev/null as its output GNU grep stops at the first match.
set -euo pipefail
cd "$(dirname "$0")/.."
mb=${1:-300}
rounds=${ROUNDS:-3}
dir=$(mktemp -d "${TMPDIR:-/tmp}/culprit-logs.XXXXXX")
trap 'rm -rf "$dir"' EXIT
go build -o "$dir/readlog" ./bench/cmd/readlog
go build -o "$dir/loggen" ./internal/source/logs/loggen/cmd

# timed NAME COMMAND...: appends "NAME cpu wall" to the results.
timed() {
  local name=$1 t
  shift
  TIMEFORMAT='%U %S %R'
  t=$({ time "$@" >"$dir/out" 2>/dev/null; } 2>&1)
  awk -v n="$name" '{printf "%s %.3f %.3f\n", n, $1 + $2, $3}' <<<"$t" >>"$dir/results"
}

# report FLOOR: the best of each name, with the ratio to the floor's.
report() {
  awk -v floor="$1" '
    !($1 in cpu) || $2 < cpu[$1] { cpu[$1] = $2 }
    !($1 in wall) || $3 < wall[$1] { wall[$1] = $3 }
    !seen[$1]++ { order[++n] = $1 }
    END {
      for (i = 1; i <= n; i++) {
        k = order[i]
        printf "  %-22s cpu %7.3f  wall %7.3f  cpu ratio %6.2f  wall ratio %6.2f\n", k, cpu[k], wall[k], cpu[k] / cpu[floor], wall[k] / wall[floor]
      }
    }' "$dir/results"
}

has() { command -v "$1" >/dev/null; }

declare -A pattern=(
  [rails]='Completed '
  [lograge]=' 404 \|status=404\|"status":404'
  [json]=' 404 \|status=404\|"status":404'
  [nginx]=' 404 \|status=404\|"status":404'
)
declare -A awkwork=(
  [lograge]='{for (i = 1; i <= NF; i++) {split($i, p, "="); if (p[1] == "controller") c = p[2]; if (p[1] == "action") a = p[2]; if (p[1] == "duration") d = p[2]} n[c "#" a]++; s[c "#" a] += d} END {for (k in n) print k, n[k], s[k]}'
  [nginx]='{split($7, p, "?"); n[$6 " " p[1] " " $9]++} END {for (k in n) print k, n[k]}'
)

for f in rails lograge json nginx; do
  log=$dir/$f.log
  "$dir/loggen" -format "$f" -mb "$mb" -o "$log"
  : >"$dir/results"
  for _ in $(seq "$rounds"); do
    LC_ALL=C timed grep grep -c "${pattern[$f]}" "$log"
    timed wc wc -l "$log"
    timed culprit-1 "$dir/readlog" -workers 1 "$log"
    timed culprit-2 "$dir/readlog" -workers 2 "$log"
  done
  echo "$f, $mb MB plain"
  "$dir/readlog" -workers 2 "$log" | sed 's/^[^:]*: /  /'
  report grep

  head -c 200000000 "$log" | sed '$d' >"$dir/part.log"
  : >"$dir/results"
  timed culprit-1 "$dir/readlog" -workers 1 "$dir/part.log"
  if [ -n "${awkwork[$f]:-}" ] && has mawk; then timed mawk mawk "${awkwork[$f]}" "$dir/part.log"; fi
  if [ "$f" = nginx ] && [ -z "${NOGOACCESS:-}" ] && has goaccess; then
    timed goaccess goaccess "$dir/part.log" --log-format=COMBINED --no-global-config -o "$dir/goaccess.html"
  fi
  echo "$f, peers on the first 200 MB"
  report culprit-1

  for z in gz zst; do
    if [ $z = gz ]; then gzip -6 -c "$log" >"$log.gz"; else has zstd || continue; zstd -q -3 -f "$log" -o "$log.zst"; fi
    : >"$dir/results"
    for _ in $(seq "$rounds"); do
      timed decode "$dir/readlog" -decode "$log.$z"
      timed culprit-2 "$dir/readlog" -workers 2 "$log.$z"
    done
    echo "$f, $mb MB as $z"
    report decode
    rm -f "$log.$z"
  done
  rm -f "$log"
done
