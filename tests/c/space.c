#define _GNU_SOURCE
#include "space.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "platform/random_source.h"
#include "platform/virtual_clock.h"

bool space_commit(void *reservation, size_t size)
{
    return reservation_commit(reservation, size);
}

void space_release(void *reservation, size_t offset, size_t size)
{
    reservation_release(reservation, offset, size);
}

static void record(void *context, int fd, const void *bytes, size_t size)
{
    struct space *space = context;
    size_t length = strlen(space->log);

    snprintf(space->log + length, sizeof space->log - length, "%d:%.*s", fd, (int) size,
             (const char *) bytes);
}

static void reserve(struct space *space, size_t limit)
{
    memset(space, 0, sizeof *space);
    CHECK_TRUE(reservation_open(&space->reservation, limit));
    space->arena = (struct arena){
        .base = space->reservation.base,
        .limit = limit,
        .commit = space_commit,
        .release = space_release,
        .owner = &space->reservation,
    };
}

void space_open(struct space *space, size_t limit)
{
    struct error error;

    reserve(space, limit);
    CHECK_TRUE(arena_init(&space->arena));
    CHECK_TRUE(virtual_clock_open(&space->arena) && random_source_open(&space->arena));
    virtual_clock_resume(virtual_clock_find(&space->arena));
    CHECK_INT(vfs_open(&space->arena, record, space, &space->vfs, &error), STATUS_OK);
}

void space_close(struct space *space)
{
    vfs_close(space->vfs);
    reservation_close(&space->reservation);
}

void space_copy(const struct space *from, struct space *to)
{
    struct error error;

    reserve(to, from->reservation.limit);
    CHECK_TRUE(reservation_commit(&to->reservation, arena_size(&from->arena)));
    memcpy(to->reservation.base, from->reservation.base, arena_size(&from->arena));
    CHECK_TRUE(arena_attach(&to->arena));
    CHECK_INT(vfs_attach(&to->arena, record, to, &to->vfs, &error), STATUS_OK);
}

void temporary_open(char path[4096])
{
    const char *parent = getenv("TMPDIR");

    snprintf(path, 4096, "%s/pgn-test-XXXXXX", parent ? parent : "/tmp");
    CHECK_TRUE(mkdtemp(path));
}

static int remove_one(const char *path, const struct stat *stat, int type, struct FTW *walk)
{
    (void) stat, (void) type, (void) walk;
    return remove(path);
}

void temporary_close(const char *path)
{
    CHECK_INT(nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}
