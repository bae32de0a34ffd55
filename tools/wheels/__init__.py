"""Wheels for every platform, made on one Linux machine (docs/PLATFORMS.md)."""
