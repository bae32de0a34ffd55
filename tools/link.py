"""Links PGlite with everything it would otherwise load at run time.

pglite.wasm, our guest objects, plpgsql, the snowball dictionaries, the encoding conversions, every
contrib module and pgvector become one module, and a report says what went where. The linker itself
is pglite_native/linker, which knows no PostgreSQL; what is particular to PGlite is here.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path, PurePosixPath

from pglite_native import linker
from tools import ROOT
from tools.guest import GUEST_OBJECTS
from tools.upstream import extension_bundles, read_bundle, read_data

# Our own objects come first: where several modules define a symbol, the first one wins.
EXPORTED = "polling"  # the one whose symbols become exports
FIRST = ("plpgsql", "dict_snowball")

# What our guest code asks of the host (docs/HANDSHAKE.md).
HOST_CALLS = "wait|sleep|wake|clone_file|keep_template|need_wal_writer|signal"
HOST_IMPORTS = rf"env\.pglite_(?:host_(?:{HOST_CALLS})|recv|send)"

# Functions that are not exported are known by their bodies.
LEB128 = rb"[\x80-\xff]*[\0-\x7f]"

# All of kill: if (pid == 42) return raise(sig);
#              errno = EPERM; return -1;
KILL = (
    rb"\0\x20\0\x41\x2a\x46\x04\x40\x20\x01\x10" + LEB128 + rb"\x0f\x0b"
    rb"\x41" + LEB128 + rb"\x41\x3f\x36\x02\0\x41\x7f\x0b"
)

# PostmasterIsAliveInternal begins: if (read(postmaster_alive_fds[0], &c, 1) < 0)
#                                       if (errno != EAGAIN) elog(FATAL, ...
POSTMASTER_IS_ALIVE = (
    rb"\x01\x02\x7f\x23\0\x41\x10\x6b\x22\0\x24\0\x02\x40"
    rb"\x41" + LEB128 + rb"\x28\x02\0\x20\0\x41\x0f\x6a\x41\x01\x10" + LEB128 + rb"\x22\x01"
    rb"\x41\0\x48\x04\x40\x41" + LEB128 + rb"\x28\x02\0\x41\x06\x46\x0d\x01\x41\x16.*"
)

# All of GUC_flex_fatal: GUC_flex_fatal_errmsg = message; siglongjmp(*GUC_flex_fatal_jmp, 1);
GUC_FLEX_FATAL = (
    rb"\0\x41"
    + LEB128
    + rb"\x20\0\x36\x02\0\x41"
    + LEB128
    + rb"\x28\x02\0\x41\x01\x10"
    + LEB128
    + rb"\0\x0b"
)

# What csrc/polling/backend.c does to make a backend of a copy of one, PostgreSQL does in functions
# that PGlite does not export. Most say their names in their errors.
PRIVATE: dict[str, linker.Mentions | linker.Contains | linker.Within] = {
    **{
        name: linker.Mentions(name)
        for name in (
            "InitPostgres",
            "InitProcess",
            "ProcArrayAdd",
            "SharedInvalBackendInit",
            "ProcSignalInit",
            "ProcessCatchupInterrupt",
            "proc_exit",
            "proc_exit_prepare",
            "ProcKill",
            "ShutdownXLOG",
            "UnlinkLockFiles",
        )
    },
    "BaseInit": linker.Mentions("InitFileAccess"),
    "PostgresMain": linker.Mentions("\nPostgreSQL stand-alone backend %s\n"),
    "AutoVacLauncherMain": linker.Mentions("autovacuum launcher started"),
    "AutoVacWorkerMain": linker.Mentions("autovacuum worker started without a worker entry"),
    "SendPostmasterSignal": linker.Contains("i32.const *; i32.load; i32.const 10; call *; drop"),
    "PostmasterPid": linker.Within(
        "SendPostmasterSignal", "i32.const ?; i32.load; i32.const 10; call *; drop"
    ),
    "whereToSendOutput": linker.Within(
        "PostgresMain", "i32.const ?; i32.load; i32.const 2; i32.eq; if"
    ),
    "HbaFileName": linker.Within(
        "pgl_startPGlite", "i32.const ?; i32.load; i32.store; i32.const *; local.get *; call errmsg"
    ),
    # All signals' handler: calls PostgreSQL's own.
    "wrapper_handler": linker.Contains("i32.const MyProcPid; i32.load; i32.const 42; i32.ne; if"),
    "CheckPointGuts": linker.Mentions("ProcessSyncRequests"),
    "LWLockReleaseAll": linker.Within("ProcKill", "call ?; call ConditionVariableCancelSleep"),
    "ProcessNotifyInterrupt": linker.Mentions("ProcessIncomingNotify"),
    "pgstat_get_entry_ref": linker.Mentions("PgStat Shared Ref"),
    "pgstat_beinit": linker.Within(
        "InitPostgres",
        "call ProcArrayAdd; i32.const *; i32.const 0; call on_shmem_exit; call ?",
    ),
    "pgstat_bestart_initial": linker.Within(
        "InitPostgres", "call ?; i32.const 0; call SharedInvalBackendInit"
    ),
    "pgstat_bestart_final": linker.Within(
        "InitPostgres", "i32.const MyBackendType; i32.load; i32.const 3; i32.eq; if; call ?"
    ),
    "pgstat_report_stat": linker.Within(
        "PostgresMainLoopOnce", "i32.const 0; call ProcessNotifyInterrupt; end; i32.const 0; call ?"
    ),
    "dsa_attach_in_place": linker.Within(
        "BaseInit",
        "i32.load; i32.load; i32.const 0; call ?; local.tee *; i32.store; local.get *; "
        "call dsa_pin_mapping",
    ),
    "pgstat_shmem": linker.Within(
        "BaseInit",
        "i32.const ?; i32.load; i32.load; i32.const 0; call *; local.tee *; i32.store; "
        "local.get *; call dsa_pin_mapping",
    ),
    "dsm_control": linker.Within(
        "dsm_attach", "i32.const ?; i32.load; local.tee *; i32.load 4; local.tee *; i32.eqz"
    ),
    "dsm_segment_list": linker.Within("GetNamedDSMSegment", "local.get *; i32.const ?; i32.eq"),
    "pgstat_entry_ref_hash": linker.Within(
        "pgstat_get_entry_ref", "end; i32.const ?; i32.load; i32.eqz; if"
    ),
    "pgaio_my_backend": linker.Within(
        "BaseInit",
        "i32.const ?; i32.const *; i32.load; i32.load 4; local.get *; i32.const 164; i32.mul; "
        "i32.add; i32.store",
    ),
    "pgaio_ctl": linker.Within(
        "BaseInit",
        "i32.const pgaio_my_backend; i32.const ?; i32.load; i32.load 4; local.get *; "
        "i32.const 164; i32.mul; i32.add; i32.store",
    ),
    "MyProcNumber": linker.Within(
        "SharedInvalBackendInit", "i32.const ?; i32.load; local.tee *; i32.const 0; i32.ge_s"
    ),
    "shmInvalBuffer": linker.Within(
        "SharedInvalBackendInit", "i32.const 0; i32.ge_s; if; i32.const ?; i32.load"
    ),
    "MyCancelKey": linker.Within(
        "InitPostgres", "i32.const ?; i32.const *; i32.load; call ProcSignalInit"
    ),
    "MyCancelKeyLength": linker.Within(
        "InitPostgres", "i32.const ?; i32.load; call ProcSignalInit"
    ),
    "before_shmem_exit_index": linker.Within(
        "before_shmem_exit", "i32.const ?; i32.load; local.tee *; i32.const 20"
    ),
    "before_shmem_exit_list": linker.Within(
        "before_shmem_exit", "i32.const ?; i32.add; local.tee *"
    ),
    "on_shmem_exit_index": linker.Within(
        "on_shmem_exit", "i32.const ?; i32.load; local.tee *; i32.const 20"
    ),
    "on_shmem_exit_list": linker.Within("on_shmem_exit", "i32.const ?; i32.add; local.tee *"),
    "on_proc_exit_index": linker.Within(
        "proc_exit_prepare", "i32.const ?; local.tee *; local.get *; i32.load; i32.const 1"
    ),
    "on_proc_exit_list": linker.Within("proc_exit_prepare", "i32.const ?; i32.add; local.tee *"),
}

# The checkpointer, and what a checkpoint of any process goes by.
PRIVATE |= {
    "CheckpointerMain": linker.Mentions(
        "checkpoints are occurring too frequently (%d second apart)"
    ),
    "AuxiliaryProcKill": linker.Mentions("AuxiliaryProcKill"),
    "CreateCheckPoint": linker.Mentions("CreateCheckPoint"),
    "RequestCheckpoint": linker.Within(
        "standard_ProcessUtility", "call *; i32.const 44; call ?; i32.const 0; call *; call *"
    ),
    **{
        name: linker.Within("CreateCheckPoint", pattern)
        for name, pattern in {
            "ControlFile": "i32.const ?; i32.load; local.tee *; i32.const 3; i32.store 16",
            "DataDir": "i32.const 3; i32.store 16; i32.const ?; i32.load; local.get *; call *",
            "update_controlfile": "i32.const 3; i32.store 16; i32.const *; i32.load; local.get *; "
            "call ?",
            "LocalXLogInsertAllowed": "call XLogFlush; local.get *; if; i32.const ?; local.get *; "
            "i32.store",
        }.items()
    },
    "AbsorbSyncRequests": linker.Within(
        "CreateCheckPoint", "call GetCurrentTimestamp; i64.store; call ?"
    ),
    "pendingUnlinks": linker.Within(
        "CreateCheckPoint", "i32.const ?; local.get *; i32.store; local.get *; i32.const 1040"
    ),
    "pendingOps": linker.Within("CheckPointGuts", "i32.const ?; i32.load; call hash_seq_init"),
    "RegisterSyncRequest": linker.Contains(
        "i32.const pendingOps; i32.load; i32.eqz; if; local.get 0; local.get 1; call *"
    ),
    "RememberSyncRequest": linker.Within(
        "RegisterSyncRequest", "end; local.get 0; local.get 1; call ?; end; i32.const 1"
    ),
    "syncsw": linker.Within(
        "CreateCheckPoint", "i32.const 12; i32.mul; i32.const ?; i32.add; i32.load 4"
    ),
    "CheckpointerShmem": linker.Within(
        "CheckpointerMain", "i32.const ?; i32.load; i32.load 20; local.set *"
    ),
    "last_checkpoint_time": linker.Within(
        "CheckpointerMain",
        "i32.const ?; local.get *; i64.store; i32.const *; local.get *; i64.store; "
        "i32.const *; i32.const *; i32.const 0; call *",
    ),
    "pgstat_report_checkpointer": linker.Contains(
        "i32.const *; local.tee *; i32.load; local.set *; "
        + "".join(f"local.get *; i32.load {at}; local.set *; " for at in range(4, 32, 4))
        + "i32.const *; i32.load; local.set *"
    ),
    "PendingCheckpointerStats": linker.Within(
        "pgstat_report_checkpointer",
        "i32.const ?; local.tee *; i32.load; local.set *; local.get *; i32.load 4; local.set *",
    ),
    "DoingCommandRead": linker.Within("ProcessInterrupts", "i32.const ?; i32.load8_u; local.set *"),
    "disable_timeout": linker.Within(
        "PostgresSendReadyForQueryIfNecessary",
        "i32.const 10; call ?; end; i32.const 2; i32.const 0; call pgstat_report_activity",
    ),
}

# Roles.
PRIVATE |= {
    "check_session_authorization": linker.Mentions(
        'permission denied to set session authorization "%s"'
    ),
    "AuthenticatedUserId": linker.Within(
        "check_session_authorization",
        "call *; local.get *; i32.const ?; i32.load; i32.eq",
    ),
}

# The WAL writer.
PRIVATE |= {
    "WalWriterMain": linker.Contains("i32.const 83886097"),  # its wait event
    "XLogSetAsyncXactLSN": linker.Contains(
        "local.get 0; i32.const *; i32.load; local.tee *; i64.load 216"
    ),
    "XLogCtl": linker.Within(
        "XLogSetAsyncXactLSN", "local.get 0; i32.const ?; i32.load; local.tee *; i64.load 216"
    ),
    "WalWriterDelay": linker.Within(
        "WalWriterMain", "i32.load; i32.const 41; i32.const ?; i32.load; local.tee *; local.get *"
    ),
}

# Functions that have PGSemaphoreLock and PGSemaphoreUnlock compiled into them.
PRIVATE |= {
    "LWLockDequeueSelf": linker.Within("LWLockAcquire", "call ?; end; i32.const *"),
    "LWLockReleaseInternal": linker.Within("LWLockRelease", "call ?; i32.const *"),
    "LWLockUpdateVar": linker.Contains(
        "local.get 1; i64.load; drop; local.get 1; local.get 2; i64.store; "
        "local.get 0; local.get 0; i32.load 4"
    ),
    "WaitXLogInsertionsToFinish": linker.Mentions(
        "request to flush past end of generated WAL; request %X/%X, current position %X/%X"
    ),
    "ProcArrayGroupClearXid": linker.Contains("i32.const 134217769; i32.store"),
    "TransactionGroupUpdateXidStatus": linker.Contains("i32.const 134217784; i32.store"),
    "pairingheap_remove": linker.Within(
        "GetTransactionSnapshot", "i32.const 52; i32.add; call ?; i32.const 0; local.set *"
    ),
    "RegisteredSnapshots": linker.Within(
        "GetTransactionSnapshot",
        "i32.const ?; local.get *; i32.const 52; i32.add; call pairingheap_remove; i32.const 0; "
        "local.set *",
    ),
    "CatalogSnapshot": linker.Within(
        "GetTransactionSnapshot",
        "i32.const 0; local.set *; i32.const ?; i32.const 0; i32.store; i32.const *; i32.load",
    ),
    "ActiveSnapshot": linker.Within(
        "GetTransactionSnapshot",
        "i32.const 0; local.set *; i32.const CatalogSnapshot; i32.const 0; i32.store; "
        "i32.const ?; i32.load",
    ),
    "TransactionXmin": linker.Within(
        "GetTransactionSnapshot",
        "i32.const ?; local.get *; i32.store; i32.const *; i32.load; local.get *; i32.store 40",
    ),
    "my_wait_event_info": linker.Within(
        "ProcArrayGroupClearXid", "i32.const ?; i32.load; i32.const 134217769; i32.store"
    ),
}

# What pgoutput asks for, and csrc/replication needs for it.
PRIVATE |= {
    "defGetStreamingMode": linker.Mentions('%s requires a Boolean value or "parallel"'),
    "get_publication_oid": linker.Mentions("get_publication_oid"),
    "GetPublication": linker.Mentions("GetPublication"),
    "GetPublicationByName": linker.Contains(
        "local.get 0; local.get 1; call get_publication_oid; local.tee *; i32.eqz; if"
    ),
    "GetRelationPublications": linker.Contains(
        "i32.const 53; i32.const 1; local.get 0; i32.const 0; i32.const 0; call SearchSysCacheList"
    ),
    "GetSchemaPublications": linker.Contains(
        "i32.const 50; i32.const 1; local.get 0; i32.const 0; i32.const 0; call SearchSysCacheList"
    ),
    "CreateTupleDescCopyConstr": linker.Within(
        "lookup_rowtype_tupdesc_copy", "i32.const 0; call *; call ?"
    ),
    "build_attrmap_by_name_if_req": linker.Within(
        "ExecConstraints", "i32.load 52; local.tee *; i32.const 0; call ?"
    ),
    "execute_attr_map_slot": linker.Within("ExecConstraints", "call MakeTupleTableSlot; call ?"),
    "build_generation_expression": linker.Mentions("build_generation_expression"),
    "expand_generated_columns_in_expr": linker.Contains(
        "i32.const 136; call palloc0; local.tee *; i32.const 101; i32.store; local.get 1; "
        "i32.load 48; i32.const 4; i32.add; i32.const 0; call makeAlias"
    ),
    "LocalExecuteInvalidationMessage": linker.Mentions("LocalExecuteInvalidationMessage"),
    "relsync_callback_count": linker.Within(
        "LocalExecuteInvalidationMessage",
        "i32.const MyDatabaseId; i32.load; i32.ne; br_if *; i32.const ?; i32.load; i32.const 0; "
        "i32.le_s",
    ),
    "relsync_callback_list": linker.Within(
        "LocalExecuteInvalidationMessage",
        "i32.const 3; i32.shl; i32.const ?; i32.add; local.tee *; i32.load 4; local.get *; "
        "local.get *; i32.load",
    ),
}

# What libpqwalreceiver asks for.
PRIVATE |= {
    "WalReceiverMain": linker.Mentions("cannot continue WAL streaming, recovery has already ended"),
    "pg_getaddrinfo_all": linker.Contains(
        "local.get 2; i32.load 4; i32.const 1; i32.eq; if; i32.const -4; local.set 0; local.get 1; "
        "call strlen"
    ),
    "pg_freeaddrinfo_all": linker.Contains(
        "local.get 1; i32.load 28; local.set 0; local.get 1; i32.load 20; call free"
    ),
    "pg_getnameinfo_all": linker.Mentions("[local]"),
    "inet_net_ntop": linker.Contains(
        "local.get 2; i32.const 32; i32.gt_u; br_if 2; local.get 5; local.get 1; i32.load8_u"
    ),
    "pg_lsn_in": linker.Mentions("pg_lsn_in"),
    "ValidateSlotSyncParams": linker.Mentions(
        'replication slot synchronization requires "%s" to be set'
    ),
    "PrimaryConnInfo": linker.Within(
        "ValidateSlotSyncParams",
        "i32.const ?; i32.load; local.tee *; if; i32.const 1; local.get *; i32.load8_u",
    ),
    "WalReceiverFunctions": linker.Within(
        "WalReceiverMain", "i32.const *; i32.const 0; call *; i32.const ?; i32.load; if"
    ),
}

# csrc/polling/semaphore.c.
REPLACES = {
    "pglite_semaphore": linker.Replace(
        "never waits: there is one process",
        "i32.load 12; drop",  # proc->sem
        {
            "LWLockAcquire": 2,
            "LWLockDequeueSelf": 2,
            "LWLockReleaseInternal": 2,
            "LWLockUpdateVar": 1,
            "XLogFlush": 2,
            "WaitXLogInsertionsToFinish": 2,
            "ProcArrayGroupClearXid": 3,
            "TransactionGroupUpdateXidStatus": 3,
        },
    )
}

# Wrapped by csrc/polling/wrapped.h.
WRAPS = {
    "kill": linker.Wrap(
        "knows one process, and refuses its group, by which PostgreSQL signals backends", KILL
    ),
    "mmap": linker.Wrap("shares nothing: there is one process"),
    "PostgresMain": linker.Wrap("begins a backend that the host wants a copy of"),
    "PostgresMainLoopOnce": linker.Wrap("does not come back while a backend begins"),
    "PostgresSendReadyForQueryIfNecessary": linker.Wrap("keeps a snapshot of the catalogs"),
    "pgl_startPGlite": linker.Wrap("says that every client is at 127.0.0.1"),
    "InitPostgres": linker.Wrap("opens the cluster once more where there is no postmaster"),
    "proc_exit": linker.Wrap("refuses a process number other than the one getpid returns"),
    "ProcKill": linker.Wrap("likewise"),
    "wrapper_handler": linker.Wrap("likewise: handles no signal then"),
    "AuxiliaryProcKill": linker.Wrap("likewise"),
    "CreateCheckPoint": linker.Wrap("relies on a checkpointer, which makes one after the other"),
    "RequestCheckpoint": linker.Wrap("likewise: is not counted"),
    "CheckPointGuts": linker.Wrap("is not told when a checkpoint of another process begins"),
    "RegisterSyncRequest": linker.Wrap("relies on a checkpointer, which remembers all requests"),
    "AbsorbSyncRequests": linker.Wrap("likewise: does nothing in another process"),
    "LWLockReleaseAll": linker.Wrap(
        "lets others checkpoint, without what one that failed remembers"
    ),
    "smgrexists": linker.Wrap("opens files after a commit, where an error is a PANIC"),
    "XLogSetAsyncXactLSN": linker.Wrap("relies on a WAL writer, which is there already"),
    "PostmasterIsAliveInternal": linker.Wrap(
        "ends the session: there is no postmaster's pipe to read", POSTMASTER_IS_ALIVE
    ),
    "WaitLatch": linker.Wrap("spins: its poll(2), which is compiled into it, returns at once"),
    "nanosleep": linker.Wrap("spins: in a browser nothing may block"),
    "GUC_flex_fatal": linker.Wrap(
        "longjmps to where a variable has another value, and traps", GUC_FLEX_FATAL
    ),
    "copy_file": linker.Wrap("copies: files in memory can have their content in common"),
}

CONNECTED = "called of a connection, and the host makes none"
OPENSSL = "called by parts of OpenSSL that no SQL function of pgcrypto reaches"
ALLOWED = {
    "pgcrypto": {
        **dict.fromkeys(("setbuf", "signal", "tcgetattr", "tcsetattr"), f"terminal: {OPENSSL}"),
        **dict.fromkeys(("madvise", "mlock", "mprotect"), f"secure heap: {OPENSSL}"),
        **dict.fromkeys(
            ("gethostbyname", "getsockname", "getsockopt", "setsockopt", "shutdown"),
            f"sockets: {OPENSSL}",
        ),
        "sleep": f"waiting for entropy and sockets: {OPENSSL}",
    },
    "libpqwalreceiver": {
        **dict.fromkeys(
            (
                *("pg_hmac_create", "pg_hmac_error", "pg_hmac_init", "pg_hmac_update"),
                *("pg_hmac_final", "pg_hmac_free", "pg_saslprep", "scram_SaltedPassword"),
                *("scram_ClientKey", "scram_ServerKey", "scram_H", "scram_build_secret"),
                *("pg_b64_dec_len", "pg_b64_decode", "pg_md5_encrypt", "timingsafe_bcmp"),
                *("getpeereid", "makeJsonLexContextCstringLen", "setJsonLexContextOwnsTokens"),
                *("pg_parse_json", "json_errdetail", "freeJsonLexContext"),
            ),
            f"authentication: {CONNECTED}",
        ),
        **dict.fromkeys(
            (
                *("pg_char_to_encoding", "pg_char_to_encoding_private", "pg_encoding_to_char"),
                *("pg_encoding_mblen", "pg_encoding_mblen_or_incomplete", "pg_encoding_dsplen"),
                *("pg_encoding_verifymbstr", "pg_encoding_set_invalid"),
            ),
            f"a server's texts: {CONNECTED}",
        ),
        **dict.fromkeys(
            ("sigemptyset", "sigaddset", "sigismember", "sigpending", "sigwait", "pthread_sigmask"),
            f"SIGPIPE: {CONNECTED}",
        ),
        "putc": f"traces: {CONNECTED}",
        "pg_get_encoding_from_locale": "libpqwalreceiver names the encoding itself",
        "pg_prng_seed": "called where there are no random numbers: the host has them",
    },
}

# PGlite's own connect does nothing, and says that it has connected.
RENAMES = {"libpqwalreceiver": {f"pgl_{name}": f"libpq_{name}" for name in ("socket", "connect")}}

POLICY = linker.Policy(
    f"{linker.INVOKE}|{HOST_IMPORTS}",
    ALLOWED,
    renames=RENAMES,
    private=PRIVATE,
    wraps=WRAPS,
    replaces=REPLACES,
)

# What the host answers, under headings that name its files.
HOST_TABLE = ROOT / "csrc" / "host" / "imports.h"
HEADING_OR_ROW = re.compile(r'/\* (\w+)\.c\b|\b(?:ENV|WASI)\("([^"]+)"')


def link(vendor_dir: Path, guest_dir: Path, out_dir: Path) -> None:
    """Write pglite.wasm, report.json and report.txt."""
    started = time.monotonic()
    modules = list(side_modules(vendor_dir, guest_dir))
    print(f"link: linking {len(modules)} modules")
    linked = linker.link(
        (vendor_dir / "pglite" / "dist" / "pglite.wasm").read_bytes(),
        modules,
        POLICY,
    )
    out_dir.mkdir(parents=True, exist_ok=True)
    output = out_dir / "pglite.wasm"
    output.write_bytes(linked.binary)
    validator = validate(output)
    (out_dir / "report.json").write_text(json.dumps(report(linked, validator), indent=1) + "\n")
    (out_dir / "report.txt").write_text("\n".join(describe(linked, validator)) + "\n")
    seconds = time.monotonic() - started
    print(f"link: {output.name} has {len(linked.binary):,} bytes, after {seconds:.1f} s")


def side_modules(vendor_dir: Path, guest_dir: Path) -> Iterator[linker.SideModule]:
    """Yield the side modules in the order they are linked."""
    for name in GUEST_OBJECTS:
        binary = (guest_dir / f"{name}.wasm").read_bytes()
        yield linker.SideModule(name, binary, export=name == EXPORTED)
    core = _libraries(read_data(vendor_dir))
    for name in (*FIRST, *sorted(core.keys() - set(FIRST))):
        yield linker.SideModule(name, core[name])
    *contrib, vector = (_libraries(read_bundle(path)) for path in extension_bundles(vendor_dir))
    contrib_modules = {name: binary for bundle in contrib for name, binary in bundle.items()}
    for name, binary in [*sorted(contrib_modules.items()), *vector.items()]:
        yield linker.SideModule(name, binary)


def _libraries(files: dict[str, bytes]) -> dict[str, bytes]:
    """Take the side modules from a file tree, by the names that dlopen's paths end in."""
    paths = [PurePosixPath(path) for path in files]
    return {path.stem: files[str(path)] for path in paths if path.suffix == ".so"}


def validate(module: Path) -> str | None:
    """Check the result with wabt, if the build environment has it: an eye that is not ours."""
    search = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
    validator = shutil.which("wasm-validate", path=search)
    if validator is None:
        print("link: wasm-validate is not installed; the result is not validated")
        return None
    subprocess.run([validator, module], check=True)
    return "wabt wasm-validate"


@cache
def subsystems() -> dict[str, str]:
    """Return the file of the host, without its ".c", that answers each import."""
    found, file = {}, ""
    for heading, name in HEADING_OR_ROW.findall(HOST_TABLE.read_text(encoding="utf-8")):
        file = heading or file
        if name:
            found[name] = file
    return found


def subsystem_of(function: str) -> str:
    """Return the part of the host that answers an import."""
    try:
        return subsystems()[re.sub(r"^invoke_\w+", "invoke_*", function)]
    except KeyError:
        raise linker.LinkError(f"nothing in the host answers the import {function}") from None


def imports_by_subsystem(linked: linker.Linked) -> dict[str, list[linker.HostFunction]]:
    groups: dict[str, list[linker.HostFunction]] = {}
    for function in linked.host_functions:
        groups.setdefault(subsystem_of(function.name), []).append(function)
    return dict(sorted(groups.items()))


def report(linked: linker.Linked, validator: str | None) -> dict[str, object]:
    """Say what was linked, for programs."""
    return {
        "size": len(linked.binary),
        "validated_by": validator,
        "heap_base": linked.heap_base,
        "table_size": linked.table_size,
        "modules": [dataclasses.asdict(module) for module in linked.modules],
        "imports": {
            subsystem: [dataclasses.asdict(function) for function in functions]
            for subsystem, functions in imports_by_subsystem(linked).items()
        },
        "allowed": [
            {"module": trap.module, "symbol": trap.symbol, "reason": trap.reason}
            for trap in linked.traps
        ],
        "wrapped": [
            {"symbol": wrapping.symbol, "by": wrapping.module, "reason": wrapping.reason}
            for wrapping in linked.wrappings
        ],
    }


def describe(linked: linker.Linked, validator: str | None) -> Iterator[str]:
    """Say what was linked, for people: the lines of report.txt."""
    yield f"pglite.wasm: {len(linked.binary):,} bytes, validated by {validator or 'nothing'}"
    yield f"heap from {linked.heap_base:,}; {linked.table_size:,} table entries"
    yield ""
    yield (
        f"{'module':<22}{'memory base':>12}{'size':>10}{'table base':>12}{'size':>6}"
        f"{'functions':>11}{'code':>11}{'symbols':>9}  symbols from"
    )
    for module in linked.modules:
        providers = {
            name: len(symbols) for name, symbols in module.providers.items() if name != module.name
        }
        yield (
            f"{module.name:<22}{module.memory_base:>12,}{module.memory_size:>10,}"
            f"{module.table_base:>12,}{module.table_size:>6,}{module.functions:>11,}"
            f"{module.code_size:>11,}{module.symbols:>9,}  "
            + ", ".join(f"{name} {count}" for name, count in providers.items())
        )
    yield from ("", "Undefined, and trap when called")
    yield from (f"  {trap.module}: {trap.symbol}: {trap.reason}" for trap in linked.traps)
    yield from ("", "Wrapped")
    yield from (f"  {item.symbol}: by {item.module}: {item.reason}" for item in linked.wrappings)
    for subsystem, functions in imports_by_subsystem(linked).items():
        yield from ("", f"Imports: {subsystem} ({len(functions)})")
        for function in functions:
            mark = "  (new)" if function.is_new else ""
            yield f"  {function.module}.{function.name} {function.type}{mark}"


def command(description: str | None, link: Callable[[Path, Path, Path], None]) -> None:
    """Run a linker of this folder as a program."""
    parser = argparse.ArgumentParser(description=description)
    build = ROOT / "build"
    parser.add_argument("--vendor", type=Path, default=build / "vendor", help="unpacked packages")
    parser.add_argument("--guest", type=Path, default=build / "guest", help="our guest objects")
    parser.add_argument("--out", type=Path, default=build / "link", help="where results go")
    arguments = parser.parse_args()
    try:
        link(arguments.vendor, arguments.guest, arguments.out)
    except linker.LinkError as error:
        sys.exit(f"link: {error}")


if __name__ == "__main__":
    command(__doc__, link)
