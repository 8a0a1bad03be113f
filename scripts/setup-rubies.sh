#!/usr/bin/env bash
# Fetches Rubies of other Debian releases, for the tests with the build tag
# "rubies": 2.7 (bullseye), 3.3 (trixie), and what sid has. Each is a small system
# of its own, made by debootstrap from the mirror that this machine uses already,
# and kept: ${CULPRIT_RUBIES:-~/.cache/culprit/rubies}/SUITE. Needs root.
set -euo pipefail
cd "$(dirname "$0")/.."
if ((EUID != 0)); then
  echo "setup-rubies: run as root: debootstrap needs chroot" >&2
  exit 1
fi
suites=("$@")
((${#suites[@]})) || suites=(bullseye trixie sid)
home=${CULPRIT_RUBIES:-${XDG_CACHE_HOME:-$HOME/.cache}/culprit/rubies}
mkdir -p "$home"
export DEBIAN_FRONTEND=noninteractive
command -v debootstrap >/dev/null || apt-get install -y -qq --no-install-recommends debootstrap >/dev/null
# The first repository of Debian itself, without those of security updates.
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v security | sort -u | head -n 1)
packages=ruby,ruby-bundler,ruby-railties,ruby-actionpack,ruby-activejob,ruby-activerecord,ruby-sqlite3,ruby-lograge,puma
for suite in "${suites[@]}"; do
  root=$home/$suite
  if [[ -d $root ]]; then
    printf '%-9s %s (kept)\n' "$suite" "$(chroot "$root" ruby -e 'print RUBY_VERSION')"
    continue
  fi
  rm -rf "$root.partial"
  started=$SECONDS
  with=$packages
  [[ $suite == bullseye ]] || with=${with/ruby-bundler/bundler}
  if ! debootstrap --variant=minbase --include="$with" "$suite" "$root.partial" "$mirror" >"$home/$suite.log" 2>&1; then
    tail -n 5 "$home/$suite.log" >&2
    echo "setup-rubies: $suite failed; $home/$suite.log tells more" >&2
    rm -rf "$root.partial"
    exit 1
  fi
  rm -rf "$root.partial/var/cache/apt" "$root.partial/var/lib/apt/lists"
  mv "$root.partial" "$root"
  printf '%-9s %s (%d s, %s)\n' "$suite" "$(chroot "$root" ruby -e 'print RUBY_VERSION')" "$((SECONDS - started))" "$(du -sh "$root" | cut -f1)"
done
