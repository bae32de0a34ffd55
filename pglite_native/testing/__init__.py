"""Drop-ins for tools that tests have their PostgreSQL from: docs/COMING_FROM.md.

Each module has the names and keyword arguments of the tool that it is called after, so that a
project changes one line. What an argument cannot mean here is refused, or said to be without effect.
"""
