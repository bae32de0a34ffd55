/* Files of the operating system, relative to open directories.
 *
 * name is always one component (or "."), and a symbolic link in its place is never followed: who
 * follows links is the VFS, in its own name space. Results are >= 0 or -GE_*; interrupted calls are
 * repeated and short transfers continued. Every descriptor made here is close-on-exec.
 */
#ifndef PGN_PLATFORM_FILES_H
#define PGN_PLATFORM_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/errno.h"

enum {
    FILES_WRITE = 1,     /* for reading and writing; without it for reading only */
    FILES_CREATE = 2,    /* when missing, with exactly the given permissions */
    FILES_EXCLUSIVE = 4, /* it must have been missing */
    FILES_TRUNCATE = 8,
    FILES_DIRECTORY = 16, /* nothing else will do */
    FILES_WRITE_ONLY = 32 /* with FILES_WRITE: a file that may not be read is fine */
};

enum files_type { FILES_REGULAR, FILES_IS_DIRECTORY, FILES_LINK, FILES_OTHER };

struct files_stat {
    enum files_type type;
    uint32_t permissions;
    uint64_t inode, links, size, blocks; /* blocks of 512 bytes */
    bool own_user, own_group;            /* this process's */
    int64_t atime_ns, mtime_ns, ctime_ns;
};

struct files_statfs {
    uint64_t block_size, blocks, blocks_free, files, files_free;
};

/* A directory by a path of the operating system, links followed: what a mount starts from. */
int files_open_directory(const char *path);

/* Makes one by such a path, with permissions as the umask leaves them; -GE_EXIST. */
int files_make_directory_by_path(const char *path, uint32_t permissions);

/* Regular files and directories only: -GE_NXIO for anything else; with FILES_CREATE -GE_ISDIR for a
   directory. */
int files_open(int directory, const char *name, int flags, uint32_t permissions,
               enum files_type *type);

/* A directory to go on from, which need not be readable. -GE_NOTDIR also for a link. */
int files_enter(int directory, const char *name);

int files_duplicate(int fd);
void files_close(int fd);

int64_t files_read(int fd, void *bytes, size_t size, uint64_t offset);
int64_t files_write(int fd, const void *bytes, size_t size, uint64_t offset);
int64_t files_size(int fd); /* cheaper than files_stat */
int files_sync(int fd, bool data_only);
bool files_can_sync_all(void);
int files_sync_all(int fd); /* the file system it is on, for many files at once; or -GE_NOSYS */
int files_truncate(int fd, uint64_t size);
int files_allocate(int fd, uint64_t offset, uint64_t size);
int files_stat(int fd, struct files_stat *stat);
int files_statfs(int fd, struct files_statfs *stat);
int files_chmod(int fd, uint32_t permissions);

int files_stat_at(int directory, const char *name, struct files_stat *stat);
int files_access_at(int directory, const char *name, int mode); /* R_OK 4, W_OK 2, X_OK 1 */
int files_chmod_at(int directory, const char *name, uint32_t permissions);
/* INT64_MIN leaves a time as it is. */
int files_utimens(int fd, int64_t atime_ns, int64_t mtime_ns);
int files_utimens_at(int directory, const char *name, int64_t atime_ns, int64_t mtime_ns);
int files_make_directory(int directory, const char *name, uint32_t permissions);
int files_unlink(int directory, const char *name);
int files_remove_directory(int directory, const char *name);
int files_rename(int from, const char *from_name, int to, const char *to_name);
int files_link(int from, const char *from_name, int to, const char *to_name);
int files_symlink(const char *target, int directory, const char *name);
int files_readlink(int directory, const char *name, char *target, size_t size);

/* The names in a directory as they were at one time, with "." and "..". */
struct files_entry {
    uint64_t inode;
    enum files_type type;
    char *name;
};

struct files_listing {
    struct files_entry *entries;
    size_t count;
};

int files_list(int fd, struct files_listing *listing);
void files_list_free(struct files_listing *listing);

/* The next range of the file from `offset` on that may hold anything but zeros: 1, with [*start, *end); 0: there
   is none; negative errno. */
int files_next_data(int fd, uint64_t offset, uint64_t *start, uint64_t *end);

#endif
