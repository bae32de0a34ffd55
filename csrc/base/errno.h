/* The errno numbers of this code base: WASI's, as musl under Emscripten uses them.
 *
 * The VFS and the host speak these, so that a number crosses into the guest unchanged; the only
 * translation from the operating system's numbers is platform/errno.c.
 * Reference: wasi_snapshot_preview1 errno; Emscripten system/lib/libc/musl/arch/emscripten.
 */
#ifndef PGN_BASE_ERRNO_H
#define PGN_BASE_ERRNO_H

enum guest_errno {
    GE_OK = 0,
    GE_2BIG = 1,
    GE_ACCES = 2,
    GE_ADDRINUSE = 3,
    GE_ADDRNOTAVAIL = 4,
    GE_AFNOSUPPORT = 5,
    GE_AGAIN = 6,
    GE_BADF = 8,
    GE_BUSY = 10,
    GE_CANCELED = 11,
    GE_CHILD = 12,
    GE_CONNREFUSED = 14,
    GE_DEADLK = 16,
    GE_DOM = 18,
    GE_DQUOT = 19,
    GE_EXIST = 20,
    GE_FAULT = 21,
    GE_FBIG = 22,
    GE_INTR = 27,
    GE_INVAL = 28,
    GE_IO = 29,
    GE_ISCONN = 30,
    GE_ISDIR = 31,
    GE_LOOP = 32,
    GE_MFILE = 33,
    GE_MLINK = 34,
    GE_NAMETOOLONG = 37,
    GE_NETUNREACH = 40,
    GE_NFILE = 41,
    GE_NODEV = 43,
    GE_NOENT = 44,
    GE_NOLCK = 46,
    GE_NOMEM = 48,
    GE_NOSPC = 51,
    GE_NOSYS = 52,
    GE_NOTCONN = 53,
    GE_NOTDIR = 54,
    GE_NOTEMPTY = 55,
    GE_NOTSOCK = 57,
    GE_NOTSUP = 138, /* Emscripten's EOPNOTSUPP, and not WASI's 58 */
    GE_NOTTY = 59,
    GE_NXIO = 60,
    GE_OVERFLOW = 61,
    GE_PERM = 63,
    GE_PIPE = 64,
    GE_RANGE = 68,
    GE_ROFS = 69,
    GE_SPIPE = 70,
    GE_SRCH = 71,
    GE_STALE = 72,
    GE_TIMEDOUT = 73,
    GE_TXTBSY = 74,
    GE_XDEV = 75
};

#endif
