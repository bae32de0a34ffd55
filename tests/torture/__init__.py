"""What PostgreSQL promises for its worst day, put to the test for as long as one likes.

    python -m tests.torture kills                 SIGKILL at random moments
    python -m tests.torture power                 power cuts at any point of what was written
    python -m tests.torture soak                  millions of statements: memory, descriptors, maps

The three share the workloads (`workloads/`), which say aloud what has been acknowledged, and the
checks (`checks.py`): amcheck of everything, and no file that does not belong there. It stands among
the tests, not in bench/, as it is they that fail: of each part a few seconds are one of them, and
the long runs differ from it in nothing but their length.

What a run did follows from its seed, which it prints; but for kills, whose moments depend on the
machine.
"""
