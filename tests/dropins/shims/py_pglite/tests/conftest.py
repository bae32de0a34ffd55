"""The plugin, which is not installed."""

pytest_plugins = ["pglite_native.testing.py_pglite"]
