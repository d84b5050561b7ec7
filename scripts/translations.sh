#!/usr/bin/env bash
# Collects every text that people read on pages ("messages") and in bundles ("pdf"), brings the catalogues up to date and compiles them.
# What is new stays empty in ipdesk/translations/<language>/LC_MESSAGES/<catalogue>.po until somebody translates it.
# `scripts/translations.sh pdf` does one catalogue only.
set -euo pipefail
cd "$(dirname "$0")/.."

mkdir -p .tools
declare -A sources=([messages]=babel.cfg [pdf]=babel-pdf.cfg)

bring_up_to_date() {
    local domain=$1 language=$2 template=.tools/$1.pot
    local catalogue=ipdesk/translations/$language/LC_MESSAGES/$domain.po
    if [ -f "$catalogue" ]; then
        .venv/bin/pybabel --quiet update -D "$domain" -i "$template" -d ipdesk/translations -l "$language" \
            --no-fuzzy-matching --no-wrap --ignore-pot-creation-date --ignore-obsolete
    else
        .venv/bin/pybabel --quiet init -D "$domain" -i "$template" -d ipdesk/translations -l "$language" --no-wrap
    fi
    .venv/bin/pybabel --quiet compile -D "$domain" -d ipdesk/translations -l "$language"
    .venv/bin/python - "$catalogue" <<'PY'
import sys
from babel.messages.pofile import read_po

with open(sys.argv[1], "rb") as file:
    catalogue = read_po(file)
open_texts = [m.id for m in catalogue if m.id and not (all(m.string) if isinstance(m.string, tuple) else m.string)]
print(f"{sys.argv[1]}: {len(catalogue)} texts, {len(open_texts)} to translate")
PY
}

for domain in ${@:-messages pdf}; do
    PYTHONPATH=. .venv/bin/pybabel --quiet extract -F "${sources[$domain]}" -k _l -k N_ -k lazy_gettext --no-location --sort-output \
        --no-wrap --omit-header -o ".tools/$domain.pot" .
    for language in zh_CN; do
        bring_up_to_date "$domain" "$language"
    done
done
# Babel calls zh_CN by its full name, zh_Hans_CN, and Flask-Babel looks for pages' texts in a folder of that name only.
for language in zh_CN; do
    full=ipdesk/translations/$(.venv/bin/python -c 'import sys; from babel import Locale; print(Locale.parse(sys.argv[1]))' "$language")/LC_MESSAGES
    mkdir -p "$full"
    cp "ipdesk/translations/$language/LC_MESSAGES/messages.mo" "$full/messages.mo"
done
