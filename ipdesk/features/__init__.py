"""What the desk does: one package per subject, each with the same few files."""
