/* Status codes of every layer, and the error that travels with them. */
#ifndef PGN_BASE_STATUS_H
#define PGN_BASE_STATUS_H

#include <stddef.h>

/* One table makes the enum, the names and the messages: they cannot drift apart. */
#define STATUS_TABLE(X)                                                                            \
    X(OK, "success")                                                                               \
    X(INVALID, "invalid argument")                                                                 \
    X(NO_MEMORY, "out of memory or address space")                                                 \
    X(IO, "input/output error")                                                                    \
    X(NOT_FOUND, "not found")                                                                      \
    X(LOCKED, "the data directory is in use by another engine")                                    \
    X(BUSY, "the engine is in use by another thread")                                              \
    X(CLOSED, "the engine is closed")                                                              \
    X(FORKED, "the engine belongs to the parent process")                                          \
    X(MODULE, "not a usable WebAssembly module")                                                   \
    X(PACK, "not a usable pack file")                                                              \
    X(IMAGE, "not a usable image")                                                                 \
    X(SNAPSHOT, "not to be written down or replaced now")                                          \
    X(FILES, "not the files of a data directory")                                                  \
    X(BOOT, "PostgreSQL did not start")                                                            \
    X(POISONED, "the engine has failed and can only be closed")

enum status {
#define STATUS_ENUM(name, message) STATUS_##name,
    STATUS_TABLE(STATUS_ENUM)
#undef STATUS_ENUM
};

enum { ERROR_MESSAGE_SIZE = 1024 };

/* What happened, where, what to do: filled by the function that failed, read by its caller. */
struct error {
    enum status status;
    char message[ERROR_MESSAGE_SIZE];
};

/* "BUSY" for STATUS_BUSY. */
const char *status_name(enum status status);

/* The table's sentence. */
const char *status_message(enum status status);

/* Formats the message, truncating, and returns status, so that a failing line is one line:
   `return error_set(error, STATUS_IO, "...", ...)`. error may be NULL. */
enum status error_set(struct error *error, enum status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Of a call that gave -errno: the message ends in what that means. NO_MEMORY for ENOMEM, else IO. */
enum status error_set_errno(struct error *error, int result, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
