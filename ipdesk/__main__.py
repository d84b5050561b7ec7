"""``python -m ipdesk`` is the command ``ipdesk``."""

from ipdesk.cli import main

main()
