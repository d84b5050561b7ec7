"""Intellectual-property rights and their verification."""
