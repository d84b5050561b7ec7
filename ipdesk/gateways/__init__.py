"""Doors to the outside: intake, bundles, exchange of data, insight."""
