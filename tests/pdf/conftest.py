"""Makes ``sample`` importable and renders the whole case once for all that only read it."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import pdf_sample as sample

from ipdesk.gateways.bundles.render import render


@pytest.fixture(scope="session")
def whole(tmp_path_factory):
    """(path, report, contents) of the case with every part filled."""
    contents = sample.whole_case()
    path = tmp_path_factory.mktemp("whole") / "bundle.pdf"
    return path, render(contents, path), contents
