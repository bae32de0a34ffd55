/* What engines share: the module, mapped and parsed once, and the packs of files. */
#ifndef PGN_ENGINE_RUNTIME_H
#define PGN_ENGINE_RUNTIME_H

#include <stdatomic.h>

#include "engine/instance/module_file.h"
#include "engine/instance/types.h"
#include "guest/guest.h"
#include "platform/process.h"
#include "vfs/pack.h"

/* Exports of the linked module that the engine calls. One table makes the fields, the look-up and
   the list of what is missing. */
#define ENGINE_EXPORTS(X)                                                                          \
    X(malloc, "malloc")                                                                            \
    X(free, "free")                                                                                \
    X(set_active, "pgl_setPGliteActive")                                                           \
    X(start, "pgl_startPGlite")                                                                    \
    X(my_port, "pgl_getMyProcPort")                                                                \
    X(process_startup_packet, "ProcessStartupPacket")                                              \
    X(begin_session, "pglite_begin_session")                                                       \
    X(send_connection_data, "pgl_sendConnData")                                                    \
    X(flush, "pgl_pq_flush")                                                                       \
    X(remaining, "pq_buffer_remaining_data")                                                       \
    X(begin_copy, "pglite_begin_copy")                                                             \
    X(end_copy, "pglite_end_copy")                                                                 \
    X(loop_once, "PostgresMainLoopOnce")                                                           \
    X(long_jump, "PostgresMainLongJmp")                                                            \
    X(ready_for_query, "PostgresSendReadyForQueryIfNecessary")                                     \
    X(run_atexit, "pgl_run_atexit_funcs")                                                          \
    X(reseed, "pglite_reseed")                                                                     \
    X(keep_backend, "pglite_keep_backend")                                                         \
    X(become_backend, "pglite_become_backend")                                                     \
    X(begin_backend, "pglite_begin_backend")                                                       \
    X(begin_autovacuum, "pglite_begin_autovacuum")                                                 \
    X(autovacuum_naptime, "pglite_autovacuum_naptime")                                             \
    X(begin_checkpointer, "pglite_begin_checkpointer")                                             \
    X(begin_shutdown, "pglite_begin_shutdown")                                                     \
    X(begin_wal_writer, "pglite_begin_wal_writer")                                                 \
    X(checkpoint_timeout, "pglite_checkpoint_timeout")                                             \
    X(is_between_transactions, "pglite_is_between_transactions")                                   \
    X(raise_signals, "pglite_raise_signals")                                                       \
    X(attend, "pglite_attend")                                                                     \
    X(attend_reading, "pglite_attend_reading")                                                     \
    X(end_backend, "pglite_end_backend")                                                           \
    X(transport_install, "pglite_transport_install")

/* Those of the polling transport, absent from a guest built with PGLITE_POLLING=false. */
#define ENGINE_POLLING_EXPORTS(X)                                                                  \
    X(set_buffer_size, "pglite_set_buffer_size")                                                   \
    X(get_control, "pglite_get_control")

struct engine_exports {
#define ENGINE_EXPORT_FIELD(field, name) guest_function field;
    ENGINE_EXPORTS(ENGINE_EXPORT_FIELD)
    ENGINE_POLLING_EXPORTS(ENGINE_EXPORT_FIELD)
#undef ENGINE_EXPORT_FIELD
    bool has_polling;
    /* addresses of PostgreSQL's variables */
    uint32_t interrupt_pending, query_cancel_pending, my_latch, my_database;
};

struct pgn_runtime {
    struct module_file module_file, initdb_file;
    struct guest_module *module;
    struct pack *system, *cluster; /* cluster: NULL before there is one, in the build */
    struct engine_exports exports;
    _Atomic(struct spare *) spare; /* NULL: there is none */
    atomic_ullong images;          /* that there have been */
    struct process_note *process;  /* by which a child of fork is told: NULL where there is none */
};

/* Paths as of pgn_runtime_open. */
enum status runtime_open(const char *module, const struct guest_libraries *libraries,
                         const char *initdb, const char *system, const char *cluster,
                         pgn_runtime **runtime, struct error *error);
void runtime_close(pgn_runtime *runtime); /* NULL is fine */

/* Around fork(), in the thread that forks: no other one is changing the runtime then, whose locks the child could not get. */
void runtime_lock(pgn_runtime *runtime);
void runtime_unlock(pgn_runtime *runtime);

#endif
