#!/usr/bin/env bash
# Rubies beside this system's own, for the tests with the build tag "rubies".
#
#   scripts/setup-rubies.sh [VERSION...]   2.7, 3.3, 3.4; none for all
#
# Each is a small Debian of its own, made by debootstrap from the mirror that this
# machine's apt uses already, and kept: ${CULPRIT_RUBIES:-~/.cache/culprit/rubies}/SUITE.
# 2.7 is of bullseye, 3.3 of trixie. 3.4 is in no release: it is Debian's
# experimental one on sid, which changes daily and can fail for a day.
# Needs root. Quick when everything is there; what failed goes on where it was.
set -euo pipefail
if ((EUID != 0)); then
  echo "setup-rubies: run as root: debootstrap makes systems of their own with chroot" >&2
  exit 1
fi
# Mounts of its own: whatever ends this, no /proc of a half-made system is left.
if [[ -z ${SETUP_RUBIES_MOUNTS:-} ]]; then
  SETUP_RUBIES_MOUNTS=own exec unshare --mount --propagation private "$BASH" "$0" "$@"
fi
export DEBIAN_FRONTEND=noninteractive
home=${CULPRIT_RUBIES:-${XDG_CACHE_HOME:-$HOME/.cache}/culprit/rubies}
rails=(bundler ruby-railties ruby-actionpack ruby-activejob ruby-activerecord ruby-sqlite3 ruby-lograge puma)

# suite_of says which suite has a version.
suite_of() {
  case $1 in
    2.7 | bullseye) echo bullseye ;;
    3.3 | trixie) echo trixie ;;
    3.4 | experimental) echo experimental ;;
    *)
      echo "setup-rubies: no Ruby $1; there are 2.7, 3.3 and 3.4" >&2
      return 1
      ;;
  esac
}

# mirror prints where apt has Debian itself from, without its security updates.
mirror() {
  apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' | sort -u | head -n 1
}

# inside runs a command in a system.
inside() {
  local root=$1
  shift
  env -u SETUP_RUBIES_MOUNTS PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin chroot "$root" "$@"
}

# base makes a system of a suite with more packages. What it has fetched is kept
# until the system is whole.
base() {
  local root=$1 suite=$2 packages=$3
  mkdir -p "$root.debs"
  debootstrap --variant=minbase --force-check-gpg --cache-dir="$root.debs" ${packages:+--include="$packages"} "$suite" "$root" "$from"
}

# latest adds Ruby 3.4 to a system of sid. Debian's gems with C extensions are
# built for 3.3 only: those that Rails and its tests need are built here, and what
# building needs is taken off again.
latest() {
  local root=$1
  apt-config dump | grep -E '^Acquire::(Check-|[a-z]+::[Pp]roxy)' >"$root/etc/apt/apt.conf.d/98host" || true
  printf 'APT::Install-Recommends "0";\nAcquire::Retries "3";\n' >"$root/etc/apt/apt.conf.d/99small"
  printf 'deb %s experimental main\ndeb-src %s sid main\n' "$from" "$from" >"$root/etc/apt/sources.list.d/more.list"
  mount --rbind /proc "$root/proc"
  mount --rbind /dev "$root/dev"
  inside "$root" apt-get update -q
  inside "$root" apt-get install -qy -t experimental ruby3.4
  inside "$root" apt-get install -qy "${rails[@]}"
  inside "$root" apt-get install -qy -t experimental ruby-all-dev
  inside "$root" apt-get build-dep -qy -o APT::Get::Build-Dep-Automatic=true ruby-nokogiri ruby-sqlite3
  inside "$root" env DEB_BUILD_OPTIONS="nocheck nodoc parallel=$(nproc)" DEB_BUILD_PROFILES="nocheck nodoc" \
    sh -ec 'mkdir /build; cd /build; apt-get source -q --build ruby-nokogiri ruby-sqlite3; rm -f ./*-dbgsym_*; dpkg -i ./*.deb; rm -rf /build'
  inside "$root" apt-mark auto ruby-all-dev
  inside "$root" apt-get autoremove -qy --purge -o APT::AutoRemove::RecommendsImportant=false -o APT::AutoRemove::SuggestsImportant=false
  umount -R "$root/dev" "$root/proc"
  ln -s /usr/bin/ruby3.4 "$root/usr/local/bin/ruby"
}

# make_root makes the system of a suite in a folder.
make_root() {
  local root=$1 suite=$2 packages
  if [[ $suite == experimental ]]; then
    base "$root" sid ""
    latest "$root"
  else
    packages=$(IFS=, && echo "${rails[*]}")
    base "$root" "$suite" "ruby,$packages"
  fi
  rm -rf "$root"/var/cache/apt "$root"/var/lib/apt/lists "$root"/usr/share/{doc,man,locale,ri}
  inside "$root" ruby -e 'require "bundler"; require "rails/all"; require "sqlite3"'
}

# versions prints what a system has.
versions() {
  inside "$1" ruby -e 'require "rails/version"; require "bundler/version"; print "Ruby #{RUBY_VERSION}, Rails #{Rails::VERSION::STRING}, Bundler #{Bundler::VERSION}"'
}

suites=()
for version in "${@:-2.7 3.3 3.4}"; do
  for v in $version; do
    suite=$(suite_of "$v")
    suites+=("$suite")
  done
done
mkdir -p "$home"
exec 9>"$home/.lock"
flock 9 # one at a time: the second finds all made

for suite in "${suites[@]}"; do
  root=$home/$suite
  recipe="$suite ${rails[*]}"
  if [[ $(cat "$root/.recipe" 2>/dev/null) == "$recipe" ]]; then
    printf '%-12s %s (kept)\n' "$suite" "$(versions "$root")"
    continue
  fi
  if ! command -v debootstrap >/dev/null; then
    apt-get install -qq -y --no-install-recommends debootstrap >/dev/null ||
      { apt-get update -qq && apt-get install -qq -y --no-install-recommends debootstrap >/dev/null; }
  fi
  from=$(mirror)
  [[ -n $from ]] || { apt-get update -qq && from=$(mirror); }
  if [[ -z $from ]]; then
    echo "setup-rubies: apt has no repository of Debian to take $suite from" >&2
    exit 1
  fi
  eval "$(apt-config shell http_proxy Acquire::http::Proxy https_proxy Acquire::https::Proxy)"
  export http_proxy https_proxy
  started=$SECONDS
  log=$home/$suite.log
  rm -rf "$root.partial"
  set +e # it would be off inside, were this a condition
  (
    set -e
    make_root "$root.partial" "$suite"
  ) >"$log" 2>&1
  failed=$?
  set -e
  if ((failed)); then
    tail -n 15 "$log" >&2
    echo "setup-rubies: $suite failed; $log tells more" >&2
    exit 1
  fi
  echo "$recipe" >"$root.partial/.recipe"
  rm -rf "$root" "$root.partial.debs"
  mv "$root.partial" "$root"
  printf '%-12s %s (%d s, %s)\n' "$suite" "$(versions "$root")" "$((SECONDS - started))" "$(du -sh "$root" | cut -f1)"
done
