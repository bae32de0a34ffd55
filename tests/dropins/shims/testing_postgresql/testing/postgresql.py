"""What the tests of testing.postgresql import in its place."""

from pglite_native.testing.postgresql import *  # noqa: F403
