#!/usr/bin/env bash
# The tables of internal/source/rubymem/layouts: where each Ruby keeps the fields of
# its structs, from the debugging information of Ruby's own sources.
#
#   scripts/layouts.sh [VERSION...]   2.7, 3.1, 3.3, 3.4; none for all
#
# The sources are Debian's, through the mirror that this machine's apt uses already,
# with lists of their own: apt's are left alone. What was fetched and built is kept in
# ${CULPRIT_LAYOUTS:-~/.cache/culprit/layouts}. Only the object files are built that
# the structs are private to. Needs gcc, make, a Ruby of 3.0 or later, and for the
# other machine a cross compiler (gcc-aarch64-linux-gnu, libc6-dev-arm64-cross); a
# machine without compiler is left out.
#
# What a build can change, the tables have as Ruby's own configure chooses:
# - YJIT is off, as in Debian's. With it, struct rb_iseq_constant_body of 3.3 and 3.4
#   has more fields behind jit_entry_calls.
# - A jump buffer is five words on amd64. Built with -fcf-protection, as Debian's 3.3
#   and 3.4, it is the C library's of 200 bytes: in struct rb_context_struct and
#   rb_vm_tag, and so in rb_fiber_struct, what lies behind it lies 160 bytes further.
# - Locks of the C library have the size of glibc's.
set -euo pipefail
cd "$(dirname "$0")/.."
here=$PWD
tables=$here/internal/source/rubymem/layouts
home=${CULPRIT_LAYOUTS:-${XDG_CACHE_HOME:-$HOME/.cache}/culprit/layouts}
# Without .o; of these a version builds those that it has.
sources=(gc gc/default/default vm thread cont iseq symbol variable string class st hash
  io proc re compile vm_trace weakmap transient_heap shape imemo)

# suite_of says which of Debian's suites has the sources of a version.
suite_of() {
  case $1 in
    2.7) echo bullseye ;;
    3.1) echo bookworm ;;
    3.3) echo trixie ;;
    3.4) echo experimental ;;
    *)
      echo "layouts: no Ruby $1; there are 2.7, 3.1, 3.3 and 3.4" >&2
      return 1
      ;;
  esac
}

# mirror prints where apt has Debian itself from, without its security updates.
mirror() {
  apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' | sort -u | head -n 1
}

# private runs an apt command on the lists of one version.
private() {
  local folder=$1 command=$2
  shift 2
  "$command" -q -o Dir::Etc::sourcelist="$folder/sources.list" -o Dir::Etc::sourceparts=- \
    -o Dir::State::lists="$folder/lists" -o Dir::Cache="$folder/cache" -o APT::Sandbox::User=root "$@"
}

# logged runs a function with its output in a file, and shows the end of it where
# the function fails.
logged() {
  local log=$1 failed
  shift
  set +e # it would be off inside, were this a condition
  (
    set -e
    "$@"
  ) >"$log" 2>&1
  failed=$?
  set -e
  if ((failed)); then
    tail -n 15 "$log" >&2
    echo "layouts: $* failed; $log tells more" >&2
    exit 1
  fi
}

# fetch unpacks the newest source of a version that the mirror really has.
fetch() {
  local version=$1 suite=$2 folder=$home/$1 from release
  from=$(mirror)
  if [[ -z $from ]]; then
    echo "layouts: apt has no repository of Debian to take Ruby from; try apt-get update" >&2
    return 1
  fi
  rm -rf "$folder/src.partial" "$folder/apt"
  mkdir -p "$folder/src.partial" "$folder/apt/lists/partial" "$folder/apt/cache/archives/partial"
  echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $from $suite main" >"$folder/apt/sources.list"
  private "$folder/apt" apt-get update
  for release in $(private "$folder/apt" apt-cache showsrc "ruby$version" | sed -n 's/^Version: //p' | sort -urV); do
    (cd "$folder/apt" && private . apt-get source --download-only --tar-only "ruby$version=$release") || continue
    tar -xf "$folder/apt/ruby${version}_${release%-*}".orig.tar.* -C "$folder/src.partial" --strip-components=1
    rm -rf "$folder/apt"
    mv "$folder/src.partial" "$folder/src"
    return
  done
  echo "layouts: the mirror has no source of Ruby $version" >&2
  return 1
}

# host prints the compiler's name for a machine.
host() {
  case $1 in
    amd64) echo x86_64-linux-gnu ;;
    arm64) echo aarch64-linux-gnu ;;
  esac
}

# compile builds the object files of a version for a machine.
compile() {
  local folder=$1 arch=$2 name cross=()
  mkdir -p "$folder/$arch"
  cd "$folder/$arch"
  if [[ $arch != "$(dpkg --print-architecture)" ]]; then
    # A Ruby that is built on its own machine has RJIT without asking.
    cross=(--host="$(host "$arch")" --enable-rjit)
  fi
  if [[ ! -e Makefile ]]; then
    CFLAGS='-g -O1' nice ../src/configure --disable-install-doc --disable-yjit --with-baseruby="$(command -v ruby)" "${cross[@]}"
  fi
  for name in "${sources[@]}"; do
    [[ -e ../src/$name.c ]] || continue
    mkdir -p "$(dirname "$name")"
    echo "$name.o"
  done >objects
  xargs nice make -j "$(nproc)" <objects
}

# release prints the version of an unpacked source, as 3.1.2: of the C macros that
# all versions have.
release() {
  local api=$1/include/ruby/version.h
  printf '%s.%s.%s\n' "$(sed -n 's/^#define RUBY_API_VERSION_MAJOR //p' "$api")" \
    "$(sed -n 's/^#define RUBY_API_VERSION_MINOR //p' "$api")" \
    "$(sed -n 's/^#define RUBY_VERSION_TEENY //p' "$1/version.h")"
}

# table writes the table of a version for a machine.
table() {
  local version=$1 arch=$2 folder=$home/$1 objects
  if ! command -v "$(host "$arch")-gcc" >/dev/null; then
    printf '%-4s %-6s no %s-gcc here: left out\n' "$version" "$arch" "$(host "$arch")"
    return
  fi
  logged "$home/$version-$arch.log" compile "$folder" "$arch"
  mapfile -t objects < <(sed "s:^:$folder/$arch/:" "$folder/$arch/objects")
  go run ./internal/lab/cmd/genlayout -source "$(release "$folder/src")" \
    -write "$tables/ruby-$version-$arch.json" "${objects[@]}"
  printf '%-4s %-6s %s\n' "$version" "$arch" "$(release "$folder/src")"
}

if (($# == 0)); then
  set -- 2.7 3.1 3.3 3.4
fi
mkdir -p "$tables"
for version in "$@"; do
  suite=$(suite_of "$version")
  mkdir -p "$home"
  if [[ ! -d $home/$version/src ]]; then
    logged "$home/$version.log" fetch "$version" "$suite"
  fi
  for arch in amd64 arm64; do
    table "$version" "$arch"
  done
done
