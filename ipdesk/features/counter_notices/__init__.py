"""Counter-notifications, answers to them, and notices of court actions."""
