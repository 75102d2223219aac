#!/bin/sh
# Says in one line what this machine lacks, before anything is installed.
set -eu

python=${PYTHON:-python3}
fail() {
    echo "$1" >&2
    exit 1
}

command -v "$python" >/dev/null || fail "Parley needs Python 3.11 or newer: there is no $python here."
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "Parley needs Python 3.11 or newer; $python is $("$python" -c 'import platform; print(platform.python_version())'). Name another: make PYTHON=python3.12 run"
command -v node >/dev/null || fail "Parley needs Node 20 or newer: there is no node here."
node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)' ||
    fail "Parley needs Node 20 or newer; this one is $(node --version)."
command -v npm >/dev/null || fail "Parley needs npm, which comes with Node 20: there is none here."
