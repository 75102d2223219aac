#!/bin/sh
# Finds a Chromium or Chrome for the browser tests, or installs Debian's where that is allowed.
set -eu

for name in "${CHROMIUM:-}" chromium-headless-shell chromium chromium-browser google-chrome google-chrome-stable chrome; do
    if [ -n "$name" ] && command -v "$name" >/dev/null; then exit 0; fi
done
if [ -x "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome" ]; then exit 0; fi

if [ "$(id -u)" = 0 ]; then root=""; else root="sudo -n"; fi
if command -v apt-get >/dev/null && $root true 2>/dev/null; then
    echo "Installing chromium for the browser tests..."
    $root apt-get update -qq
    # The same engine without a desktop's window costs half as much to run; not every distribution has it.
    for package in chromium-headless-shell chromium; do
        $root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$package" >/dev/null && exit 0
    done
fi
echo "The browser tests need Chromium or Chrome: install one, or set CHROMIUM to its path." >&2
exit 1
