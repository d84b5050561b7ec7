"""Evidence bundles: from plain contents to one PDF, without a network and in child processes."""
