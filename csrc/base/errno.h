/* The errno numbers of this code base: WASI's, as musl under Emscripten uses them.
 *
 * The VFS and the host speak these, so that a number crosses into the guest unchanged; the only
 * translation from the operating system's numbers is platform/errno.c.
 * Reference: wasi_snapshot_preview1 errno; Emscripten system/lib/libc/musl/arch/emscripten.
 */
#ifndef PGN_BASE_ERRNO_H
#define PGN_BASE_ERRNO_H

/* clang-format off */
#define ERRNO_NUMBERS(X) \
    X(2BIG, 1, "argument list too long") \
    X(ACCES, 2, "permission denied") \
    X(ADDRINUSE, 3, "address in use") \
    X(ADDRNOTAVAIL, 4, "address not available") \
    X(AFNOSUPPORT, 5, "address family not supported") \
    X(AGAIN, 6, "not available now") \
    X(BADF, 8, "bad file descriptor") \
    X(BUSY, 10, "device or resource busy") \
    X(CANCELED, 11, "operation cancelled") \
    X(CHILD, 12, "no child process") \
    X(CONNREFUSED, 14, "connection refused") \
    X(DEADLK, 16, "resource deadlock") \
    X(DOM, 18, "argument out of domain") \
    X(DQUOT, 19, "disk quota exceeded") \
    X(EXIST, 20, "file exists") \
    X(FAULT, 21, "bad address") \
    X(FBIG, 22, "file too large") \
    X(INTR, 27, "interrupted") \
    X(INVAL, 28, "invalid argument") \
    X(IO, 29, "input/output error") \
    X(ISCONN, 30, "socket is connected") \
    X(ISDIR, 31, "is a directory") \
    X(LOOP, 32, "too many levels of symbolic links") \
    X(MFILE, 33, "too many open files") \
    X(MLINK, 34, "too many links") \
    X(NAMETOOLONG, 37, "file name too long") \
    X(NETUNREACH, 40, "network unreachable") \
    X(NFILE, 41, "too many open files in the system") \
    X(NODEV, 43, "no such device") \
    X(NOENT, 44, "no such file or directory") \
    X(NOLCK, 46, "no locks available") \
    X(NOMEM, 48, "out of memory") \
    X(NOSPC, 51, "no space left on device") \
    X(NOSYS, 52, "not implemented") \
    X(NOTCONN, 53, "socket is not connected") \
    X(NOTDIR, 54, "not a directory") \
    X(NOTEMPTY, 55, "directory not empty") \
    X(NOTSOCK, 57, "not a socket") \
    X(NOTSUP, 138, "not supported") \
    X(NOTTY, 59, "not a terminal") \
    X(NXIO, 60, "no such device or address") \
    X(OVERFLOW, 61, "value too large") \
    X(PERM, 63, "operation not permitted") \
    X(PIPE, 64, "broken pipe") \
    X(RANGE, 68, "result too large") \
    X(ROFS, 69, "read-only file system") \
    X(SPIPE, 70, "not seekable") \
    X(SRCH, 71, "no such process") \
    X(STALE, 72, "stale file handle") \
    X(TIMEDOUT, 73, "timed out") \
    X(TXTBSY, 74, "text file busy") \
    X(XDEV, 75, "link to another device")
/* clang-format on */
/* NOTSUP is Emscripten's EOPNOTSUPP, and not WASI's 58. */

enum guest_errno {
    GE_OK = 0,
#define ERRNO_ENUM(name, number, text) GE_##name = number,
    ERRNO_NUMBERS(ERRNO_ENUM)
#undef ERRNO_ENUM
};

/* "no space left on device": a phrase for the end of a message. */
const char *errno_text(int error);

#endif
