"""The one door through which everything that has a state moves."""
