"""A project of GeoDjango's, with one application."""
