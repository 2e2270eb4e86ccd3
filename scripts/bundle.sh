#!/usr/bin/env bash
# usage: bundle.sh BUILD/amalgam
# Packs the program with every library it loads except glibc's own into
# dist/amalgam-VERSION-linux-x86_64.tar.gz, then unpacks that elsewhere and checks that it runs there
# with an empty environment and finds all of its libraries inside.
set -euo pipefail
cd "$(dirname "$0")/.."
program=$1

say() { echo "bundle: $*" >&2; }
die() { say "$*"; exit 1; }
command -v patchelf >/dev/null || { say "patchelf is missing: apt-get install patchelf"; exit 2; }

version=$("$program" --version | awk '{print $NF}')
name=amalgam-$version-linux-x86_64
# Parts of glibc: those of the machine it runs on must be used.
glibc='/(ld-linux-x86-64|lib(c|m|mvec|dl|pthread|rt|resolv|util|anl|nsl|nss_[a-z]*))\.so\.'

rm -rf "dist/$name"
mkdir -p "dist/$name/bin" "dist/$name/lib" "dist/$name/licenses"
cp "$program" "dist/$name/bin/amalgam"
strip "dist/$name/bin/amalgam"
# DT_RPATH, unlike DT_RUNPATH, also serves the libraries that the libraries need.
patchelf --force-rpath --set-rpath '$ORIGIN/../lib' "dist/$name/bin/amalgam"

ldd "$program" | grep -q 'not found' && die "$program misses libraries: $(ldd "$program" | grep 'not found')"
ldd "$program" | awk '$3 ~ "^/" {print $1, $3}' | while read -r soname path; do
  [[ $path =~ $glibc ]] && continue
  cp -L "$path" "dist/$name/lib/$soname"
  package=$(dpkg-query -S "*/$(basename "$(readlink -f "$path")")" 2>/dev/null | cut -d: -f1 | head -n 1 || true)
  [ -z "$package" ] || cp "/usr/share/doc/$package/copyright" "dist/$name/licenses/$package"
done
for wheel in .deps/wheels/*.dist-info; do
  find "$wheel/" \( -iname '*licen*' -o -name 'NOTICE*' \) -type f -exec cat {} + >"dist/$name/licenses/$(basename "$wheel" .dist-info)"
done
cp LICENSE README.md CHANGELOG.md "dist/$name/"

say "packing dist/$name.tar.gz"
tar -C dist -czf "dist/$name.tar.gz" "$name"
rm -rf "dist/$name"

elsewhere=$(mktemp -d)
trap 'rm -rf "$elsewhere"' EXIT
tar -C "$elsewhere" -xzf "dist/$name.tar.gz"
env -i "$elsewhere/$name/bin/amalgam" --version >/dev/null || die "the unpacked program does not run"
outside=$(env -i ldd "$elsewhere/$name/bin/amalgam" | awk '$2 == "=>" {print $3}' | grep -v "^$elsewhere/" | grep -vE "$glibc" || true)
[ -z "$outside" ] || die "libraries from outside of the bundle:" $outside
say "dist/$name.tar.gz: $(du -h "dist/$name.tar.gz" | cut -f1), needs glibc $(
  objdump -T "$elsewhere/$name/bin/amalgam" "$elsewhere/$name"/lib/*.so* | grep -o 'GLIBC_[0-9.]*' | sort -uV | tail -n 1 | cut -c7-) or later"
