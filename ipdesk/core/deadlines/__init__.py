"""Deadlines: legal time, the timers kept in the database, and the sheet that shows the count."""
