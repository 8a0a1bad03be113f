#!/usr/bin/env bash
# Installs what the tests need beyond Go. Quick when everything is there.
# Works as root or through sudo, on Debian and its descendants. The demo and the
# tool itself need none of it.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v dpkg-query >/dev/null; then
  echo "setup: not a Debian system; install by hand what scripts/setup.sh lists" >&2
  exit 1
fi

wanted=(
  build-essential git          # race detector, C extensions, a program with leaks
  ruby ruby-dev puma           # the victim application, see lab/README.md
  ruby-railties ruby-actionpack ruby-activejob ruby-activerecord ruby-sqlite3 ruby-lograge
  bundler ruby-derailed-benchmarks          # apps with a bundle, and the peer of boot
  chromium                     # browser tests of the report
  prometheus influxdb          # live servers for the pulls
  mawk goaccess ruby-heapy     # peers of the benchmarks
  zstd xz-utils bzip2          # compressed inputs
  ruby-rbtrace                 # asks a process for a dump of its heap
  gdb                          # writes core files of processes (gcore)
  graphviz                     # dot, which draws what heap --dot writes
)
command -v nginx >/dev/null || wanted+=(nginx-light)   # stands before the victim
command -v node >/dev/null || wanted+=(nodejs npm)     # builds the report's client: 20.19 or later

missing=()
for package in "${wanted[@]}"; do
  status=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) || true
  [[ $status == installed ]] || missing+=("$package")
done

if ((${#missing[@]} == 0)); then
  echo "setup: everything is there"
  exit 0
fi
sudo=()
if ((EUID != 0)); then
  command -v sudo >/dev/null || { echo "setup: run as root, or install sudo; missing: ${missing[*]}" >&2; exit 1; }
  sudo=(sudo)
fi

echo "setup: installing ${missing[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# Servers must not start by themselves: the tests start their own.
export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1
install() {
  "${sudo[@]}" apt-get -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 "$@" >>"$log" 2>&1
}
if ! { install update -qq && install install -y -qq --no-install-recommends "${missing[@]}"; }; then
  tail -n 30 "$log" >&2
  echo "setup: apt-get failed; the log's end stands above" >&2
  exit 1
fi
echo "setup: done"
