"""Exhibits: files that parties hand in, kept byte for byte and shown only as re-rendered pixels."""
