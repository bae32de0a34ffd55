"""`python -m pglite_native serve`."""

from __future__ import annotations

import argparse
import signal
import ssl
import sys
import threading
from pathlib import Path

from pglite_native.cli.database import add_arguments, open_engine, run_file_quietly
from pglite_native.engine.engine import Engine
from pglite_native.server.server import PORT_MAX, Server

DESCRIPTION = """\
Serve PostgreSQL's wire protocol: any PostgreSQL client connects. All connections
have sessions of one cluster, as with a PostgreSQL server.

With --isolated each connection has a fork of it to itself instead: what a
connection does no other one sees, and it is gone when the connection ends.

Connections that ask for a database scratch_<anything> share the fork of that
name, which stays until the server stops.
"""

EPILOG = """\
examples:
  serve                                 on a Unix socket, for this user alone
  serve --sql schema.sql                with that schema
  serve --sql schema.sql --isolated     each connection finds that schema, untouched
  serve --host 127.0.0.1 --trust        on TCP, for everybody on this machine
  serve --host 127.0.0.1 --port 5432 --password-file secret
  serve --data-dir ./shop               a durable cluster

and then, with the address it prints:
  psql "postgresql://postgres@/postgres?host=..."
  psql "postgresql://postgres@/scratch_mine?host=..."

The address is the one line on standard output, as soon as clients can connect.
SIGTERM or SIGINT (Ctrl-C) stops the server: statements are cancelled, clients
told (SQLSTATE 57P01). Exit status: 0 stopped, 1 could not start, 2 wrong usage.
"""

SHARED = "All connections share this cluster; Ctrl-C stops the server."
ISOLATED = "Each connection has a database of its own; Ctrl-C stops the server."


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the command line's."""
    serve = commands.add_parser(
        "serve",
        help="serve any PostgreSQL client",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    serve.set_defaults(command=run)
    template = serve.add_argument_group("what connections find")
    template.add_argument(
        "--isolated",
        action="store_true",
        help="a fork for each connection, which is gone when the connection ends",
    )
    template.add_argument(
        "--sql", metavar="FILE", action="append", default=[], help="run first; may be repeated"
    )
    where = serve.add_argument_group("where it listens")
    where.add_argument(
        "--socket-dir",
        metavar="DIR",
        help="directory of the Unix socket (default: a temporary one)",
    )
    where.add_argument("--host", help="an address, for TCP; without --socket-dir only for TCP")
    where.add_argument(
        "--port", type=_port, help="the port (default: 5432 for the Unix socket, any for TCP)"
    )
    who = serve.add_argument_group("who may connect by TCP")
    who.add_argument(
        "--password-file",
        metavar="FILE",
        help="its first line is the password (SCRAM-SHA-256) of roles that have none of their own",
    )
    who.add_argument("--trust", action="store_true", help="ask for no password; loopback only")
    who.add_argument("--tls-cert", metavar="FILE", help="certificate (PEM), to offer TLS with")
    who.add_argument("--tls-key", metavar="FILE", help="its key (default: in the same file)")
    limits = serve.add_argument_group("limits")
    limits.add_argument(
        "--max-connections", metavar="N", type=_count, default=200, help="(default: %(default)s)"
    )
    limits.add_argument(
        "--authentication-timeout",
        metavar="SECONDS",
        type=_seconds,
        default=60.0,
        help="until a client must be let in (default: %(default)g)",
    )
    add_arguments(serve)


def run(options: argparse.Namespace) -> bool:
    """Serve until a signal comes."""
    stopping = threading.Event()
    handlers = {
        number: signal.signal(number, lambda *_: stopping.set())
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        with open_engine(options) as engine:
            for name in options.sql:
                run_file_quietly(engine, name)
            copied = options.isolated and options.data_dir is not None
            source = engine.copy_to_memory() if copied else engine
            with source, _server(source, options) as server:
                print(server.url_of(server.database, with_password=False), flush=True)
                if sys.stderr.isatty():
                    print(ISOLATED if options.isolated else SHARED, file=sys.stderr, flush=True)
                stopping.wait()
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    return True


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > PORT_MAX:
        raise argparse.ArgumentTypeError(f"a port is a number from 0 to {PORT_MAX}: {text!r}")
    return int(text)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"a number of connections, from 1: {text!r}")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"a number of seconds, more than 0: {text!r}")
    return seconds


def _server(engine: Engine, options: argparse.Namespace) -> Server:
    password = None
    if options.password_file is not None:
        password = Path(options.password_file).read_text(encoding="utf-8").partition("\n")[0]
    return Server(
        engine,
        shared=not options.isolated,
        host=options.host,
        port=options.port,
        unix_socket_dir=options.socket_dir,
        password=password,
        trust=options.trust,
        tls=_tls(options),
        max_connections=options.max_connections,
        authentication_timeout=options.authentication_timeout,
    )


def _tls(options: argparse.Namespace) -> ssl.SSLContext | None:
    if options.tls_cert is None:
        if options.tls_key is not None:
            raise ValueError("--tls-key needs --tls-cert")
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(options.tls_cert, options.tls_key)
    except ssl.SSLError as error:
        raise ValueError(
            f"{options.tls_cert}: no certificate in PEM, with its key there or in --tls-key"
        ) from error
    except OSError as error:  # which of the two, OpenSSL does not say
        places = " or ".join(filter(None, (options.tls_cert, options.tls_key)))
        raise OSError(error.errno, f"{places}: {error.strerror}") from None
    return context
