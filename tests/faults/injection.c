/* Preloaded into a process: makes the n-th call of the kinds asked for fail, as a full or broken disk, or a system
 * without memory, would.
 *
 * What is to fail stands in a file that the environment names (FAULTS), mapped by this process and by those that it
 * starts: struct control, which tests/faults/injection.py has as well. Calls for files count when their path begins
 * with the prefix; those for memory when a library whose name has `caller` in it has made them. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind {
    OPEN,
    READ,
    WRITE,
    SYNC,
    TRUNCATE,
    ALLOCATE,
    RENAME,
    UNLINK,
    MKDIR,
    STAT,
    MALLOC,
    MMAP,
    MPROTECT,
    MEMFD,
    THREAD,
    KINDS
};

enum { PATH_SIZE = 512, NAME_SIZE = 64, SHORT = -1 };

struct control {
    uint32_t kinds;  /* bits: what is counted, and fails; 0: nothing */
    int32_t error;   /* the errno, or SHORT: half of what was to be moved is */
    uint64_t first;  /* the number of the call that fails, from 1; 0: none */
    uint32_t lasts;  /* all calls after it fail, too */
    uint32_t failed; /* how many have */
    uint64_t seen;   /* calls since the caller has set this to 0 */
    char prefix[PATH_SIZE];
    char caller[NAME_SIZE];
    char path[PATH_SIZE]; /* of the first call that has failed, and its kind */
    uint32_t kind;
};

static struct control nothing;
static struct control *control = &nothing;

__attribute__((constructor)) static void attach(void)
{
    const char *path = getenv("FAULTS");
    int fd = path ? (int) syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC) : -1;
    void *shared;

    if (fd < 0)
        return;
    shared = (void *) syscall(SYS_mmap, NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED,
                              fd, 0);
    if (shared != MAP_FAILED)
        control = shared;
    syscall(SYS_close, fd);
}

static bool counts(enum kind kind)
{
    return control->kinds & 1u << kind;
}

/* One more call that counts: is it to fail? *error is the errno, or SHORT. */
static bool is_due(enum kind kind, const char *path, int *error)
{
    uint64_t number = __atomic_add_fetch(&control->seen, 1, __ATOMIC_SEQ_CST);

    if (control->first == 0
        || (control->lasts ? number < control->first : number != control->first))
        return false;
    if (__atomic_fetch_add(&control->failed, 1, __ATOMIC_SEQ_CST) == 0) {
        control->kind = kind;
        snprintf(control->path, PATH_SIZE, "%s", path);
    }
    *error = control->error;
    return true;
}

/* --- files -------------------------------------------------------------------------------- */

static bool path_of(int fd, char path[PATH_SIZE])
{
    char link[NAME_SIZE];
    ssize_t length;

    if (fd == AT_FDCWD)
        return getcwd(path, PATH_SIZE);
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    length = syscall(SYS_readlinkat, AT_FDCWD, link, path, PATH_SIZE - 1);
    path[length < 0 ? 0 : length] = '\0';
    return length > 0;
}

static bool is_below(const char *path)
{
    size_t length = strlen(control->prefix);

    return length > 0 && strncmp(path, control->prefix, length) == 0;
}

static bool file_fails(enum kind kind, int fd, int *error)
{
    char path[PATH_SIZE];
    int before = errno;
    bool fails = counts(kind) && path_of(fd, path) && is_below(path) && is_due(kind, path, error);

    errno = before;
    return fails;
}

static bool name_fails(enum kind kind, int directory, const char *name, int *error)
{
    char path[PATH_SIZE] = "";
    int before = errno;
    size_t length;
    bool fails;

    if (!counts(kind))
        return false;
    if (name[0] != '/' && path_of(directory, path))
        strncat(path, "/", PATH_SIZE - strlen(path) - 1);
    length = strlen(path);
    snprintf(path + length, PATH_SIZE - length, "%s", name);
    fails = is_below(path) && is_due(kind, path, error);
    errno = before;
    return fails;
}

#define NEXT(name)                                                                                 \
    static __typeof__(&name) next;                                                                 \
    int error = 0;                                                                                 \
    if (!next)                                                                                     \
        next = (__typeof__(&name)) dlsym(RTLD_NEXT, #name);

#define FAIL(result)                                                                               \
    do {                                                                                           \
        errno = error == SHORT ? EIO : error;                                                      \
        return result;                                                                             \
    } while (0)

/* A call by descriptor, and one by directory and name. */
#define BY_FILE(kind, name, parameters, arguments)                                                 \
    int name parameters                                                                            \
    {                                                                                              \
        NEXT(name)                                                                                 \
        if (file_fails(kind, fd, &error))                                                          \
            FAIL(-1);                                                                              \
        return next arguments;                                                                     \
    }
#define BY_NAME(kind, name, directory, path, parameters, arguments)                                \
    int name parameters                                                                            \
    {                                                                                              \
        NEXT(name)                                                                                 \
        if (name_fails(kind, directory, path, &error))                                             \
            FAIL(-1);                                                                              \
        return next arguments;                                                                     \
    }

/* The mode is passed on where there is none, too: it is not looked at. */
#define OPENS(name, parameters, arguments, directory, path)                                        \
    int name parameters                                                                            \
    {                                                                                              \
        NEXT(name)                                                                                 \
        va_list rest;                                                                              \
        mode_t mode;                                                                               \
        va_start(rest, flags);                                                                     \
        mode = va_arg(rest, mode_t);                                                               \
        va_end(rest);                                                                              \
        if (name_fails(OPEN, directory, path, &error))                                             \
            FAIL(-1);                                                                              \
        return next arguments;                                                                     \
    }
OPENS(open, (const char *path, int flags, ...), (path, flags, mode), AT_FDCWD, path)
OPENS(open64, (const char *path, int flags, ...), (path, flags, mode), AT_FDCWD, path)
OPENS(openat, (int at, const char *path, int flags, ...), (at, path, flags, mode), at, path)
OPENS(openat64, (int at, const char *path, int flags, ...), (at, path, flags, mode), at, path)

/* Half of the bytes of a transfer, if it has more than one. */
#define MOVES(kind, name, parameters, arguments, half)                                             \
    ssize_t name parameters                                                                        \
    {                                                                                              \
        NEXT(name)                                                                                 \
        if (file_fails(kind, fd, &error)) {                                                        \
            if (error != SHORT)                                                                    \
                FAIL(-1);                                                                          \
            half;                                                                                  \
        }                                                                                          \
        return next arguments;                                                                     \
    }
#define HALF size = size > 1 ? size / 2 : size
#define FIRST count = count > 1 ? count / 2 : count
MOVES(READ, read, (int fd, void *bytes, size_t size), (fd, bytes, size), HALF)
MOVES(READ, pread, (int fd, void *bytes, size_t size, off_t at), (fd, bytes, size, at), HALF)
MOVES(READ, pread64, (int fd, void *bytes, size_t size, off64_t at), (fd, bytes, size, at), HALF)
MOVES(READ, preadv, (int fd, const struct iovec *parts, int count, off_t at),
      (fd, parts, count, at), FIRST)
MOVES(WRITE, write, (int fd, const void *bytes, size_t size), (fd, bytes, size), HALF)
MOVES(WRITE, pwrite, (int fd, const void *bytes, size_t size, off_t at), (fd, bytes, size, at),
      HALF)
MOVES(WRITE, pwrite64, (int fd, const void *bytes, size_t size, off64_t at), (fd, bytes, size, at),
      HALF)
MOVES(WRITE, pwritev, (int fd, const struct iovec *parts, int count, off_t at),
      (fd, parts, count, at), FIRST)

BY_FILE(SYNC, fsync, (int fd), (fd))
BY_FILE(SYNC, fdatasync, (int fd), (fd))
BY_FILE(SYNC, syncfs, (int fd), (fd))
BY_FILE(TRUNCATE, ftruncate, (int fd, off_t size), (fd, size))
BY_FILE(TRUNCATE, ftruncate64, (int fd, off64_t size), (fd, size))
BY_FILE(STAT, fstat, (int fd, struct stat *found), (fd, found))
BY_FILE(STAT, fstat64, (int fd, struct stat64 *found), (fd, found))
BY_NAME(STAT, fstatat, at, path, (int at, const char *path, struct stat *found, int flags),
        (at, path, found, flags))
BY_NAME(STAT, fstatat64, at, path, (int at, const char *path, struct stat64 *found, int flags),
        (at, path, found, flags))
BY_NAME(STAT, stat, AT_FDCWD, path, (const char *path, struct stat *found), (path, found))
BY_NAME(STAT, lstat, AT_FDCWD, path, (const char *path, struct stat *found), (path, found))
BY_NAME(RENAME, renameat, at, path, (int at, const char *path, int to, const char *name),
        (at, path, to, name))
BY_NAME(RENAME, rename, AT_FDCWD, path, (const char *path, const char *name), (path, name))
BY_NAME(UNLINK, unlinkat, at, path, (int at, const char *path, int flags), (at, path, flags))
BY_NAME(UNLINK, unlink, AT_FDCWD, path, (const char *path), (path))
BY_NAME(UNLINK, rmdir, AT_FDCWD, path, (const char *path), (path))
BY_NAME(MKDIR, mkdirat, at, path, (int at, const char *path, mode_t mode), (at, path, mode))
BY_NAME(MKDIR, mkdir, AT_FDCWD, path, (const char *path, mode_t mode), (path, mode))

/* These return the errno. */
int posix_fallocate(int fd, off_t offset, off_t size)
{
    NEXT(posix_fallocate)
    return file_fails(ALLOCATE, fd, &error) ? error : next(fd, offset, size);
}

int posix_fallocate64(int fd, off64_t offset, off64_t size)
{
    NEXT(posix_fallocate64)
    return file_fails(ALLOCATE, fd, &error) ? error : next(fd, offset, size);
}

/* --- memory ------------------------------------------------------------------------------- */

/* What glibc's own functions are called besides: dlsym would allocate. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *bytes, size_t size);

static bool memory_fails(enum kind kind, const void *caller)
{
    Dl_info library;
    int error = 0;

    if (!counts(kind) || !dladdr(caller, &library) || !strstr(library.dli_fname, control->caller))
        return false;
    if (!is_due(kind, library.dli_sname ? library.dli_sname : "", &error))
        return false;
    errno = error;
    return true;
}

#define CALLER __builtin_return_address(0)

void *malloc(size_t size)
{
    return memory_fails(MALLOC, CALLER) ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return memory_fails(MALLOC, CALLER) ? NULL : __libc_calloc(count, size);
}

void *realloc(void *bytes, size_t size)
{
    return memory_fails(MALLOC, CALLER) ? NULL : __libc_realloc(bytes, size);
}

char *strdup(const char *string)
{
    size_t size = strlen(string) + 1;
    char *copy = memory_fails(MALLOC, CALLER) ? NULL : __libc_malloc(size);

    return copy ? memcpy(copy, string, size) : NULL;
}

void *mmap(void *start, size_t size, int protection, int flags, int fd, off_t offset)
{
    if (memory_fails(MMAP, CALLER))
        return MAP_FAILED;
    return (void *) syscall(SYS_mmap, start, size, protection, flags, fd, offset);
}

void *mmap64(void *start, size_t size, int protection, int flags, int fd, off64_t offset)
{
    if (memory_fails(MMAP, CALLER))
        return MAP_FAILED;
    return (void *) syscall(SYS_mmap, start, size, protection, flags, fd, offset);
}

int mprotect(void *start, size_t size, int protection)
{
    return memory_fails(MPROTECT, CALLER) ? -1
                                          : (int) syscall(SYS_mprotect, start, size, protection);
}

int memfd_create(const char *name, unsigned flags)
{
    return memory_fails(MEMFD, CALLER) ? -1 : (int) syscall(SYS_memfd_create, name, flags);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *),
                   void *argument)
{
    static __typeof__(&pthread_create) next;

    if (memory_fails(THREAD, CALLER))
        return EAGAIN;
    if (!next)
        next = (__typeof__(&pthread_create)) dlsym(RTLD_NEXT, "pthread_create");
    return next(thread, attributes, start, argument);
}
