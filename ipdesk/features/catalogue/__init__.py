"""Marketplaces, stores and listings, and the connector to the real marketplace."""
