#!/bin/sh
# Collects every translatable word into locale/*/LC_MESSAGES/*.po.
set -eu
cd "$(dirname "$0")/.."
command -v xgettext >/dev/null || {
    echo "Collecting words needs GNU gettext: install it (Debian: apt install gettext)." >&2
    exit 1
}
ignored="--ignore node_modules --ignore var --ignore .venv --ignore tests --ignore bench"
mkdir -p locale
# shellcheck disable=SC2086 # a list of words
.venv/bin/python manage.py makemessages --locale ko --no-location --no-obsolete --verbosity 0 $ignored
# shellcheck disable=SC2086
.venv/bin/python manage.py makemessages --locale ko --domain djangojs --no-location --no-obsolete --verbosity 0 $ignored
