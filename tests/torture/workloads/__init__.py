"""The workloads by name, one module a matter.

Only those that are asked for are loaded: what a child imports delays each kill.
"""

from __future__ import annotations

import importlib

from tests.torture.workload import Workload

CLASSES = {
    "inserts": "inserts.Inserts",
    "schema": "schema.Schema",
    "indexes": "indexes.Indexes",
    "vacuum": "vacuum.Vacuum",
    "big": "big.Big",
    "two-phase": "two_phase.TwoPhase",
    "sessions": "sessions.Sessions",
    "databases": "databases.Databases",
    "tablespaces": "tablespaces.Tablespaces",
    "making": "making.Making",
    "recovery": "recovery.Recovery",
    "closing": "closing.Closing",
    "copies": "copies.Copies",
    "dump": "files.Dump",
    "load": "files.Load",
    "save": "files.Save",
    "export": "export.Export",
    "extension": "extension.ExtensionAdd",
}


def make(name: str) -> Workload:
    """Return a workload that nothing was heard of yet."""
    module, _, of_the_class = CLASSES[name].partition(".")
    found = importlib.import_module(f"tests.torture.workloads.{module}")
    workload: Workload = getattr(found, of_the_class)()
    return workload
