"""Notices, the complaints they open per store, and the claims that move."""
