#!/usr/bin/env bash
# Collects every text that people read on pages, brings the catalogues up to date and compiles them.
# What is new stays empty in ipdesk/translations/<language>/LC_MESSAGES/messages.po until somebody translates it.
set -euo pipefail
cd "$(dirname "$0")/.."

mkdir -p .tools
PYTHONPATH=. .venv/bin/pybabel --quiet extract -F babel.cfg -k _l -k N_ -k lazy_gettext --no-location --sort-output --no-wrap --omit-header \
    -o .tools/messages.pot .
for language in zh_CN; do
    catalogue=ipdesk/translations/$language/LC_MESSAGES/messages.po
    if [ -f "$catalogue" ]; then
        .venv/bin/pybabel --quiet update -D messages -i .tools/messages.pot -d ipdesk/translations -l "$language" \
            --no-fuzzy-matching --no-wrap --ignore-pot-creation-date --ignore-obsolete
    else
        .venv/bin/pybabel --quiet init -D messages -i .tools/messages.pot -d ipdesk/translations -l "$language" --no-wrap
    fi
    .venv/bin/pybabel --quiet compile -D messages -d ipdesk/translations -l "$language"
    # Babel calls zh_CN by its full name, zh_Hans_CN, and Flask-Babel looks for pages' texts in a folder of that name only.
    full=ipdesk/translations/$(.venv/bin/python -c 'import sys; from babel import Locale; print(Locale.parse(sys.argv[1]))' "$language")/LC_MESSAGES
    mkdir -p "$full"
    cp "${catalogue%.po}.mo" "$full/messages.mo"
    .venv/bin/python - "$catalogue" <<'PY'
import sys
from babel.messages.pofile import read_po

with open(sys.argv[1], "rb") as file:
    catalogue = read_po(file)
open_texts = [m.id for m in catalogue if m.id and not (all(m.string) if isinstance(m.string, tuple) else m.string)]
print(f"{sys.argv[1]}: {len(catalogue)} texts, {len(open_texts)} to translate")
PY
done
