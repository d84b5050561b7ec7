"""The database: one session, one commit, types that cannot lie about time."""
