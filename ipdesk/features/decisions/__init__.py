"""Decisions with their statements of reasons, and the second pair of eyes."""
