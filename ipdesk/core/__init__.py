"""What knows no feature."""
