/* Those types of the C interface (pglite_native.h) that all strata know. Read by cffi as well. */
#ifndef PGLITE_NATIVE_TYPES_H
#define PGLITE_NATIVE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* cffi: begin */

/* The guest's code and files, loaded once and shared by all engines of a process. */
typedef struct pgn_runtime pgn_runtime;

/* A session of a cluster: a backend of PostgreSQL. */
typedef struct pgn_session pgn_session;

/* An idle engine written down: all that an engine is mapped from, by any number of them. */
typedef struct pgn_image pgn_image;

/* A client program in a guest of its own. */
typedef struct pgn_program pgn_program;

enum {
    PGN_TRANSPORT_ANY = 0, /* polling, where the guest was built with it */
    PGN_TRANSPORT_POLLING = 1,
    PGN_TRANSPORT_CALLBACK = 2
};

/* Where a client is. */
typedef struct {
    int version; /* of the Internet protocol, 4 or 6 */
    int port;
    uint64_t high, low; /* the address's bytes, the first at high's top */
} pgn_address;

typedef struct {
    const char *data_dir; /* NULL: in memory */
    const char *user;
    const char *database;
    const char *const *settings;         /* "name=value" strings, NULL-terminated; NULL: none */
    const char *const *initdb_arguments; /* NULL: a new database starts from the packaged cluster */
    uint32_t buffer_size;                /* of each handshake buffer, bytes */
    uint32_t transport;                  /* PGN_TRANSPORT_* */
    uint64_t memory_limit; /* bytes of in-memory files; 0: the largest, or the image's */
    bool clock_frozen;     /* PostgreSQL's clocks stand, as after pgn_set_time */
    bool seeded;           /* its random numbers follow from the seed */
    int64_t clock_ns;      /* since 1970-01-01 UTC, >= 0 */
    uint64_t seed;
    pgn_session *copy_of; /* NULL, or an idle session whose files to start from, in memory */
    bool loads; /* the files come by pgn_load_*; options are borrowed until pgn_load_end */
    pgn_image *
        image; /* to start from, as it is: only memory_limit, clock and seed count beside it. NULL: boot */
} pgn_options;

/* Where the time went and what it took; counters run from the engine's opening. */
typedef struct {
    int64_t load_ns, boot_ns, session_ns; /* phases of pgn_open */
    uint64_t bytes_in, bytes_out;
    uint64_t guest_memory; /* bytes of linear memory */
    uint64_t file_memory;  /* bytes of in-memory files and host state */
    int64_t guest_ns;      /* in the guest, with the host calls it makes: after pgn_measure_guest */
} pgn_statistics;

/* An entry of a data directory: a regular file or a directory. */
typedef struct {
    char path[4096]; /* from the data directory on; "": there are no more */
    bool is_directory;
    uint64_t size;
    int64_t mtime_ns; /* since 1970-01-01 UTC */
} pgn_file;

/* What a client program has done in a turn. Bytes are the program's, valid until its next turn. */
typedef struct {
    const uint8_t *request;  /* for its server */
    const uint8_t *output;   /* what it has written to stdout; */
    const uint8_t *messages; /* and to stderr */
    size_t request_size, output_size, messages_size;
    bool ended;
    int exit_code; /* once it has ended */
} pgn_turn;

/* cffi: end */

#endif
