/* The guest's structures: sizes and offsets of the fields we touch, as Emscripten's musl lays
 * them out for wasm32. Reference: upstream's JS library reads and writes the same offsets.
 */
#ifndef PGN_HOST_LAYOUT_H
#define PGN_HOST_LAYOUT_H

enum {
    STAT_SIZE = 96,
    STAT_DEV = 0,
    STAT_MODE = 4,
    STAT_NLINK = 8,
    STAT_UID = 12,
    STAT_GID = 16,
    STAT_RDEV = 20,
    STAT_FILE_SIZE = 24, /* i64 */
    STAT_BLKSIZE = 32,
    STAT_BLOCKS = 36,
    STAT_ATIME = 40, /* three struct timespec */
    STAT_MTIME = 56,
    STAT_CTIME = 72,
    STAT_INO = 88 /* u64 */
};

enum {
    TIMESPEC_SIZE = 16,
    TIMESPEC_SEC = 0, /* i64 */
    TIMESPEC_NSEC = 8,
    TIMESPEC_NOW = 0x3fffffff, /* in nsec: UTIME_NOW, UTIME_OMIT */
    TIMESPEC_OMIT = 0x3ffffffe
};

enum {
    STATFS_SIZE = 88,
    STATFS_BSIZE = 4,
    STATFS_BLOCKS = 8, /* u64, and so the four after it */
    STATFS_BFREE = 16,
    STATFS_BAVAIL = 24,
    STATFS_FILES = 32,
    STATFS_FFREE = 40,
    STATFS_NAMELEN = 56,
    STATFS_FRSIZE = 60
};

enum {
    DIRENT_SIZE = 280,
    DIRENT_INO = 0,     /* u64 */
    DIRENT_OFF = 8,     /* u64: where the next entry is */
    DIRENT_RECLEN = 16, /* u16 */
    DIRENT_TYPE = 18,   /* u8: the type bits of st_mode, shifted down */
    DIRENT_NAME = 19,
    DIRENT_TYPE_SHIFT = 12
};

enum { IOVEC_SIZE = 8, IOVEC_BASE = 0, IOVEC_LEN = 4, IOVEC_COUNT_MAX = 1024 /* IOV_MAX */ };

enum {
    POLLFD_SIZE = 8,
    POLLFD_FD = 0,
    POLLFD_EVENTS = 4, /* i16 */
    POLLFD_REVENTS = 6 /* i16 */
};

enum { FLOCK_SIZE = 32, FLOCK_TYPE = 0 /* i16 */ };

enum {
    FDSTAT_SIZE = 24,
    FDSTAT_FILETYPE = 0, /* u8 */
    FDSTAT_FLAGS = 2     /* u16 */
};

/* struct tm: i32 fields */
enum {
    TM_SIZE = 40,
    TM_SEC = 0,
    TM_MIN = 4,
    TM_HOUR = 8,
    TM_MDAY = 12,
    TM_MON = 16,
    TM_YEAR = 20,
    TM_WDAY = 24,
    TM_YDAY = 28,
    TM_ISDST = 32,
    TM_GMTOFF = 36
};

enum {
    SOCKADDR_FAMILY = 0, /* u16 */
    SOCKADDR_PORT = 2,   /* u16, big endian */
    SOCKADDR_IN_SIZE = 16,
    SOCKADDR_IN_ADDR = 4,
    SOCKADDR_IN6_SIZE = 28,
    SOCKADDR_IN6_ADDR = 8
};

enum {
    ADDRINFO_SIZE = 32,
    ADDRINFO_FLAGS = 0,
    ADDRINFO_FAMILY = 4,
    ADDRINFO_SOCKTYPE = 8,
    ADDRINFO_PROTOCOL = 12,
    ADDRINFO_ADDRLEN = 16,
    ADDRINFO_ADDR = 20,
    ADDRINFO_CANONNAME = 24,
    ADDRINFO_NEXT = 28
};

enum { DSO_NAME = 36 }; /* struct dso: the path, NUL-terminated */

#endif
