"""Databases as Python has them: SQL and values in, rows of Python values out."""
