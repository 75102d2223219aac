#!/bin/sh
# Runs the browser tests that failed in the last run once more, alone. A page, its browser and their machine share one
# clock, so a busy machine can fail what holds on a quiet one. Anything else that failed counts at once.
set -eu

last=.pytest_cache/v/cache/lastfailed
[ -s "$last" ] || exit 1
failed=$(grep -o '"tests/[^"]*' "$last")
others=$(printf '%s\n' "$failed" | grep -v '^"tests/browser/' || true)
if [ -n "$others" ]; then
    echo "Not only browser tests failed:" >&2
    printf '%s\n' "$others" >&2
    exit 1
fi
echo "Once more, alone. Those that pass now are unsteady and want mending:"
printf '%s\n' "$failed"
.venv/bin/python -m pytest --last-failed --last-failed-no-failures none tests/browser
