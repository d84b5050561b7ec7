"""The durable engine behind one small interface."""
