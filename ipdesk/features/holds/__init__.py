"""Holds on listings, what they add up to, and the instruction to the marketplace."""
