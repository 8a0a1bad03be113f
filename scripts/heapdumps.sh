#!/usr/bin/env bash
# Makes testdata/heapdumps anew: dumps of real Rubies, of what types.rb and rails.rb
# in that folder make. Needs root, Ruby 3.1 with Rails (make setup) and the Rubies of
# scripts/setup-rubies.sh 2.7 3.3; 3.4 is taken along when it is there.
set -euo pipefail
cd "$(dirname "$0")/../testdata/heapdumps"
rubies=${CULPRIT_RUBIES:-${XDG_CACHE_HOME:-$HOME/.cache}/culprit/rubies}
work=/srv/app # what stands in the dumps is not this machine's
mkdir -p "$work"
trap 'rm -rf "$work"' EXIT
cp types.rb rails.rb "$work"
clean=(env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME="$work" LANG=C.UTF-8)

pack() { (cd "$work" && tar c --sort=name --mtime=@0 --owner=0 --group=0 "$@") | zstd -q -19 --long=27 >"$out"; }

(cd "$work" && "${clean[@]}" ruby rails.rb "$work")
out=$PWD/rails-3.1.tar.zst
pack a.json b.json c.json
rm "$work"/?.json

(cd "$work" && "${clean[@]}" ruby types.rb "$work/types.json")
out=$PWD/types-3.1.tar.zst
pack types.json
for suite in bullseye:2.7 trixie:3.3 experimental:3.4; do
  root=$rubies/${suite%:*}
  [[ -d $root ]] || continue
  mkdir -p "$root$work"
  cp types.rb "$root$work"
  "${clean[@]}" chroot "$root" sh -c "cd $work && ruby types.rb $work/types.json"
  mv "$root$work/types.json" "$work"
  rm -r "${root:?}$work"
  out=$PWD/types-${suite#*:}.tar.zst
  pack types.json
done
ls -l -- *.zst
