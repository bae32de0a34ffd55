"""Django: a backend for a database in a directory, and a test runner: docs/DJANGO.md.

DATABASES = {"default": {"ENGINE": "pglite_native.django", "NAME": BASE_DIR / "db"}}
TEST_RUNNER = "pglite_native.django.runner.Runner"
"""
