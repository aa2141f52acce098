#!/bin/sh
# Makes dist/windlass-VERSION-KIND and a .tar.gz of it, which runs where there is nothing else: dist.sh PROGRAMS
#
#   PROGRAMS         the folder of the release programs
#   WINDLASS_CACHE   the cache folder, whose weights go along (default: ~/.cache/windlass)
#   LIBTORCH         a libtorch of your own (default: .libtorch)
#
# Programs find the rest from where they are: windlass its weights/, the engine libtorch/lib, libtorch ../nvidia.
set -eu
cd "$(dirname "$0")/../.."

programs=$1
cache=${WINDLASS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/windlass}
libtorch=$(readlink -f "${LIBTORCH:-.libtorch}")
fetched=$(dirname "$libtorch")
if find "$fetched/nvidia" "$libtorch/lib" -name 'libcudnn.so*' 2>/dev/null | grep -q .; then
    kind=cuda
    unused='libtorch_python'
else
    kind=cpu
    unused='libtorch_python|libtorch_cuda'
fi
name=windlass-$("$programs/windlass" --version | cut -d ' ' -f 2)-$kind
folder=$PWD/dist/$name

rm -rf "$folder"
mkdir -p "$folder/libtorch/lib" "$folder/weights"
for program in windlass windlass-engine; do
    strip --strip-debug -o "$folder/$program" "$programs/$program"
done
for library in "$libtorch"/lib/*.so*; do
    echo "$library" | grep -qE "$unused" || cp -a "$library" "$folder/libtorch/lib"
done
if [ -d "$fetched/nvidia" ]; then
    (cd "$fetched" && find nvidia -name '*.so*' -exec cp -a --parents {} "$folder" \;)
fi
for licences in "$fetched"/torch-*.dist-info/licenses "$fetched"/nvidia_*.dist-info/licenses; do
    [ -d "$licences" ] || continue
    mkdir -p "$folder/licences"
    cp -r "$licences" "$folder/licences/$(basename "${licences%-*.dist-info/licenses}")"
done
cp "$cache"/*.safetensors "$folder/weights"
commit=$(git describe --always --dirty 2>/dev/null || echo unknown)
echo "$("$programs/windlass" --version) for $kind, commit $commit, $(getconf GNU_LIBC_VERSION)" >"$folder/VERSION"
cp -r README.md CHANGELOG.md LICENSE docs experiments "$folder"

tar -C dist --owner 0 --group 0 -czf "$folder.tar.gz" "$name"
echo "dist/$name.tar.gz is ready: $(du -h "$folder.tar.gz" | cut -f 1), unpacked $(du -sh "$folder" | cut -f 1)."
