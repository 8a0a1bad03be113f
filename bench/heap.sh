#!/usr/bin/env bash
# Heap dumps: culprit beside the floors and the peers of this machine, in one run.
#
#   bench/heap.sh [OBJECTS]     default 1200000: three dumps of about 370 MB in TMPDIR
#   bench/heap.sh A B C         on dumps that are there already
#
# Every figure is the best of ROUNDS (default 3) interleaved runs; the peers, which
# take long, run once. Ratios are of CPU time, which a busy machine bends least.
# grep writes to a file: with /dev/null as its output GNU grep stops at the first
# match. PEERS= (empty) leaves the peers out.
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=${ROUNDS:-3}
peers=${PEERS-yes}
dir=$(mktemp -d "${TMPDIR:-/tmp}/culprit-heap.XXXXXX")
trap 'rm -rf "$dir"' EXIT
CGO_ENABLED=0 go build -trimpath -o "$dir/culprit" ./cmd/culprit
go build -o "$dir/heapstages" ./bench/cmd/heapstages

if (($# == 3)); then
  for name in a b c; do
    ln -s "$(realpath "$1")" "$dir/$name.json"
    shift
  done
else
  ruby bench/heapdumps.rb "${1:-1200000}" "$dir"
fi
a=$dir/a.json b=$dir/b.json c=$dir/c.json

# timed NAME COMMAND...: appends "NAME cpu wall peak-MB" to the results.
timed() {
  local name=$1
  shift
  python3 -c 'import os, resource, subprocess, sys, time
start = time.time()
code = subprocess.call(sys.argv[2:], stdout=open(os.environ["OUT"], "w"), stderr=subprocess.DEVNULL)
r = resource.getrusage(resource.RUSAGE_CHILDREN)
print(sys.argv[1], round(r.ru_utime + r.ru_stime, 3), round(time.time() - start, 3), r.ru_maxrss // 1024)
sys.exit(code)' "$name" "$@" >>"$dir/results"
}
export OUT=$dir/out

report() {
  awk -v floor="$1" '
    !($1 in cpu) || $2 < cpu[$1] { cpu[$1] = $2 }
    !($1 in wall) || $3 < wall[$1] { wall[$1] = $3 }
    $4 > peak[$1] { peak[$1] = $4 }
    !seen[$1]++ { order[++n] = $1 }
    END {
      for (i = 1; i <= n; i++) {
        k = order[i]
        printf "  %-26s cpu %8.3f  wall %8.3f  peak %6d MB  cpu ratio %7.2f  wall ratio %7.2f\n", k, cpu[k], wall[k], peak[k], cpu[k] / cpu[floor], wall[k] / wall[floor]
      }
    }' "$dir/results"
  : >"$dir/results"
}

: >"$dir/results"
for _ in $(seq "$rounds"); do
  timed wc-l wc -l "$a"
  LC_ALL=C timed grep-c grep -c '"type":"STRING"' "$a"
  timed culprit-parse-1 "$dir/heapstages" -parse -workers 1 "$a"
  timed culprit-parse-2 "$dir/heapstages" -parse -workers 2 "$a"
  timed culprit-dominators "$dir/heapstages" "$a"
  timed culprit-heap "$dir/culprit" heap --json --no-index "$a"
  rm -f "$a.culprit-heap"
  timed culprit-heap+index "$dir/culprit" heap --json "$a"
  timed culprit-heap-again "$dir/culprit" heap --json "$a"
done
if [[ -n $peers ]]; then
  timed ruby-json ruby -rjson -e 'n = Hash.new(0); File.foreach(ARGV[0]) { |l| o = JSON.parse(l); n[o["class"]] += o["memsize"].to_i }; p n.size' "$a"
  timed heapy-read heapy read "$a"
fi
printf 'one dump, %d MB, %d lines\n' "$(($(stat -L -c %s "$a") / 1000000))" "$(wc -l <"$a")"
report grep-c
echo "stages"
"$dir/heapstages" "$a"

for _ in $(seq "$rounds"); do
  timed culprit-diff "$dir/culprit" heap diff --json "$a" "$b" "$c"
done
[[ -z $peers ]] || timed heapy-diff heapy diff "$a" "$b" "$c"
echo "three dumps"
report culprit-diff
