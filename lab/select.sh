#!/usr/bin/env bash
# Takes one log format and some series of a recording into testdata, compressed.
#   lab/select.sh RECORDING TARGET gz|xz|zst LOG... -- SERIES...
# LOG is a file name under logs/ of each host (production.log) or of the proxy
# (proxy/access.log); a host that lacks it is skipped.
set -euo pipefail
if (($# < 6)); then
  sed -n '2,5s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
from=$1 to=$2 how=$3
shift 3

pack() { # FILE TARGET
  mkdir -p "$(dirname "$2")"
  case $how in
    gz) gzip -9nc "$1" >"$2.gz" ;;
    xz) xz -9ec "$1" >"$2.xz" ;;
    zst) zstd -19 -q -f -o "$2.zst" "$1" ;;
    *) echo "select: $how is none of gz, xz, zst" >&2; exit 2 ;;
  esac
}

mkdir -p "$to"
cp "$from/truth.json" "$to/truth.json"
found=0
while (($#)) && [[ $1 != -- ]]; do
  if [[ $1 == */* ]]; then
    pack "$from/logs/$1" "$to/logs/$1"
    found=1
  else
    for host in "$from"/logs/web*; do
      [[ -f $host/$1 ]] || continue
      pack "$host/$1" "$to/logs/$(basename "$host")/$1"
      found=1
    done
  fi
  shift
done
((found)) || { echo "select: no log found" >&2; exit 1; }
shift
for series; do
  pack "$from/series/$series" "$to/series/$series"
done
du -sh "$to"
