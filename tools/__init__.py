"""Build time only: nothing here is imported by the package."""
