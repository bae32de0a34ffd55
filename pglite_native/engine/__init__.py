"""Engines: a cluster in this process and its sessions, as bytes of the wire protocol."""
