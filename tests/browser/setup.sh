#!/bin/sh
# Makes sure that there is a Chromium, and the library that drives it.
set -eu
cd "$(dirname "$0")"

found() {
    [ -n "${CHROMIUM:-}" ] && [ -x "$CHROMIUM" ] && return 0
    command -v chromium || command -v chromium-browser || command -v google-chrome
}

if ! found >/dev/null; then
    if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
        echo "Installing Chromium, once."
        apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null
    fi
    found >/dev/null || {
        echo "The browser tests need Chromium. Install your system's package (Debian: apt-get install chromium)," >&2
        echo "or set CHROMIUM to the program." >&2
        exit 1
    }
fi

if [ ! -d node_modules ] || [ package-lock.json -nt node_modules ]; then
    npm ci --silent --no-audit --no-fund
    touch node_modules
fi
