"""Letters: rendered when they are decided, sent after the commit, kept as proof."""
