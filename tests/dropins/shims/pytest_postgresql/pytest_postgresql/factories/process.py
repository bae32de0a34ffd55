"""How a program is found: internal."""

_pg_exe = _pg_port = _prepare_dir = None
