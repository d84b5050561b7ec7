"""The demo marketplace: believable, made through the real operations, dated relative to today."""
