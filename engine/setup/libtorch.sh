#!/bin/sh
# Puts libtorch into the cache folder and links it as .libtorch, where .cargo/config.toml looks for it.
#
#   WINDLASS_CACHE      the cache folder (default: ~/.cache/windlass)
#   WINDLASS_LIBTORCH   cuda or cpu (default: cuda where there is an NVIDIA driver). With cuda a box without a card
#                       prepares what one with a card will run: the engine opens the CUDA libraries when it runs.
#   LIBTORCH            a libtorch of your own: then nothing is done here
set -eu
cd "$(dirname "$0")/../.."

if [ -n "${LIBTORCH:-}" ]; then
    [ -d "$LIBTORCH/lib" ] || { echo "LIBTORCH is $LIBTORCH, which has no lib folder." >&2; exit 1; }
    exit 0
fi

cache=${WINDLASS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/windlass}
version=2.11.0
if [ -e /proc/driver/nvidia/version ]; then kind=cuda; else kind=cpu; fi
kind=${WINDLASS_LIBTORCH:-$kind}
case $kind in
    cpu) size="1.2 GB" ;;
    cuda) size="4.6 GB" ;;
    *) echo "WINDLASS_LIBTORCH is $kind: give cuda or cpu." >&2; exit 1 ;;
esac
folder=$cache/libtorch-$version-$kind

if [ ! -e "$folder/complete" ]; then
    echo "Fetching libtorch $version for $kind into $folder: once, $size there."
    rm -rf "$folder"
    mkdir -p "$folder"
    # The CPU libraries find nvidia/cu13 relative to themselves, so these two belong to every install.
    if [ $kind = cpu ]; then
        set -- --no-deps "torch==$version" nvidia-cuda-runtime==13.0.96 nvidia-cuda-cupti==13.0.85
    else
        set -- "torch==$version"
    fi
    python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --target "$folder" "$@" || {
        echo "libtorch could not be fetched. On a box without internet, unpack libtorch $version yourself and set LIBTORCH to it." >&2
        exit 1
    }
    touch "$folder/complete"
fi

ln -sfn "$folder/torch" .libtorch
