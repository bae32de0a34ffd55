/* Locking a data directory. */
#include "platform/system.h"

#include "platform/directory_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/descriptor.h"

#define POSTMASTER_FILE "postmaster.pid"

enum { LOCK_FILE_MODE = 0600, PID_TEXT_SIZE = 32 };

/* The number a file starts with; 0: none. */
static long read_pid(int fd)
{
    char text[PID_TEXT_SIZE] = "";
    ssize_t length = pread(fd, text, sizeof text - 1, 0);

    return length > 0 ? strtol(text, NULL, 10) : 0;
}

/* PostgreSQL's own question (CreateLockFile): a process of another user cannot be using the
   directory, and our parent is no server. */
static bool is_live(long pid)
{
    if (pid <= 0 || pid == getpid() || pid == getppid())
        return false;
    return kill((pid_t) pid, 0) == 0;
}

/* A native PostgreSQL's process number, 0 when there is none alive. A negative number in the file
   is a stand-alone backend's, such as our guests are. */
static long native_server(int directory, int guest_pid)
{
    int fd = openat(directory, POSTMASTER_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    long pid;

    if (fd < 0)
        return 0;
    pid = read_pid(fd);
    close(fd);
    if (labs(pid) == guest_pid)
        return 0;
    return is_live(labs(pid)) ? labs(pid) : 0;
}

/* Is fd still the file of this name? 1, 0, or -1 with errno. */
static int is_current(int directory, int fd)
{
    struct stat ours, named;

    if (fstat(fd, &ours) != 0)
        return -1;
    if (fstatat(directory, LOCK_FILE, &named, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? 0 : -1;
    return ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
}

static int open_lock_file(int directory)
{
    return descriptor_above_standard(openat(directory, LOCK_FILE,
                                            O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
                                            LOCK_FILE_MODE));
}

static enum status locked_by(long pid, const char *path, struct error *error)
{
    if (pid == getpid())
        return error_set(error, STATUS_LOCKED,
                         "the data directory %s is in use by another engine in this process", path);
    if (pid > 0)
        return error_set(error, STATUS_LOCKED, "the data directory %s is in use by process %ld",
                         path, pid);
    return error_set(error, STATUS_LOCKED, "the data directory %s is in use by another process",
                     path);
}

static enum status no_lock(const char *what, const char *path, struct error *error)
{
    return error_set(error, STATUS_IO, "cannot %s in the data directory %s: %s", what, path,
                     strerror(errno));
}

/* Who holds it, for the message of those who are refused. A failure is ignored: the message is shorter. */
static void write_pid(int fd)
{
    char text[PID_TEXT_SIZE];
    int length = snprintf(text, sizeof text, "%ld\n", (long) getpid());

    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t) length, 0) != length)
        return;
}

static int lock_file(int fd)
{
    int result;

    do
        result = flock(fd, LOCK_EX | LOCK_NB);
    while (result != 0 && errno == EINTR);
    return result;
}

/* flock: portable, and (unlike fcntl's own locks) not lost when another descriptor is closed. Linux makes it a lock on
   the server over NFS, which wants files open for writing: directories cannot be. */
static enum status lock_directory(int directory, const char *path, struct lock *lock,
                                  struct error *error)
{
    lock->directory = descriptor_above_standard(
        openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (lock->directory < 0)
        return no_lock("open the directory to lock it", path, error);
    if (lock_file(lock->directory) == 0 || errno == EBADF || errno == EINVAL || errno == EOPNOTSUPP
        || errno == ENOLCK)
        return STATUS_OK;
    if (errno != EWOULDBLOCK)
        return no_lock("lock the directory", path, error);

    int fd = openat(directory, LOCK_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    enum status status = locked_by(fd < 0 ? 0 : read_pid(fd), path, error);

    if (fd >= 0)
        close(fd);
    return status;
}

static enum status lock_lock_file(int directory, const char *path, struct lock *lock,
                                  struct error *error)
{
    int current;

    for (;;) {
        lock->file = open_lock_file(directory);
        if (lock->file < 0)
            return no_lock("make " LOCK_FILE, path, error);
        if (lock_file(lock->file) != 0)
            return errno == EWOULDBLOCK ? locked_by(read_pid(lock->file), path, error)
                                        : no_lock("lock " LOCK_FILE, path, error);
        current = is_current(directory, lock->file);
        if (current < 0)
            return no_lock("look at " LOCK_FILE, path, error);
        if (current)
            return STATUS_OK;
        close(lock->file); /* somebody has removed it since we opened it */
    }
}

enum status lock_open(int directory, const char *path, int guest_pid, struct lock *lock,
                      struct error *error)
{
    enum status status;
    long holder;

    *lock = LOCK_NONE;
    status = lock_directory(directory, path, lock, error);
    if (!status)
        status = lock_lock_file(directory, path, lock, error);
    if (status)
        goto fail;
    holder = native_server(directory, guest_pid);
    if (holder) {
        status = error_set(error, STATUS_LOCKED,
                           "the data directory %s is in use by a PostgreSQL server (process %ld)",
                           path, holder);
        goto fail;
    }
    write_pid(lock->file);
    return STATUS_OK;

fail:
    lock_close(lock);
    return status;
}

bool lock_is_held(const struct lock *lock)
{
    return lock->file >= 0;
}

void lock_close(struct lock *lock)
{
    if (lock->file >= 0)
        close(lock->file);
    if (lock->directory >= 0)
        close(lock->directory);
    *lock = LOCK_NONE;
}
