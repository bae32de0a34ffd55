/* Preloaded into a process: counts what it syncs, and knows the files that it has written but not synced since, by any
 * descriptor. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

enum { FILES_MAX = 8192, LINK_SIZE = 32, PATH_SIZE = 256 };

struct file {
    dev_t device;
    ino_t number;
    char path[PATH_SIZE];
};

int syncs_count;
static struct file dirty[FILES_MAX];
static int dirty_count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

#define NEXT(name) ((__typeof__(&name)) dlsym(RTLD_NEXT, #name))

static int find(const struct stat *stat)
{
    for (int i = 0; i < dirty_count; i++)
        if (dirty[i].device == stat->st_dev && dirty[i].number == stat->st_ino)
            return i;
    return -1;
}

static void note_write(int fd)
{
    char link[LINK_SIZE];
    struct stat stat;

    pthread_mutex_lock(&lock);
    if (fstat(fd, &stat) == 0 && S_ISREG(stat.st_mode) && find(&stat) < 0
        && dirty_count < FILES_MAX) {
        struct file *file = &dirty[dirty_count++];

        *file = (struct file){.device = stat.st_dev, .number = stat.st_ino};
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        if (readlink(link, file->path, PATH_SIZE - 1) < 0)
            file->path[0] = '\0';
    }
    pthread_mutex_unlock(&lock);
}

static void note_sync(int fd)
{
    struct stat stat;
    int at;

    pthread_mutex_lock(&lock);
    syncs_count++;
    if (fstat(fd, &stat) == 0 && (at = find(&stat)) >= 0)
        dirty[at] = dirty[--dirty_count];
    pthread_mutex_unlock(&lock);
}

/* Files whose path has part in it, and which are still there. */
int syncs_dirty(const char *part)
{
    int count = 0;

    for (int i = 0; i < dirty_count; i++)
        if (strstr(dirty[i].path, part) && access(dirty[i].path, F_OK) == 0)
            count++;
    return count;
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset)
{
    note_write(fd);
    return NEXT(pwrite)(fd, bytes, size, offset);
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t offset)
{
    note_write(fd);
    return NEXT(pwrite64)(fd, bytes, size, offset);
}

ssize_t write(int fd, const void *bytes, size_t size)
{
    note_write(fd);
    return NEXT(write)(fd, bytes, size);
}

int fsync(int fd)
{
    note_sync(fd);
    return NEXT(fsync)(fd);
}

int fdatasync(int fd)
{
    note_sync(fd);
    return NEXT(fdatasync)(fd);
}

int syncfs(int fd)
{
    if (fd < 0) /* asks whether the system has it */
        return NEXT(syncfs)(fd);
    pthread_mutex_lock(&lock);
    syncs_count++;
    dirty_count = 0;
    pthread_mutex_unlock(&lock);
    return NEXT(syncfs)(fd);
}
