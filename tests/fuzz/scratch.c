/* A directory of the host's, empty for each input, that nothing may leave: the only entry of another one. */
#define _GNU_SOURCE
#include "scratch.h"

#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"
#include "platform/files.h"

enum { PATH_SIZE = 256, FILES_MAX = 8 };

struct paths {
    char outside[PATH_SIZE], inside[PATH_SIZE + 2];
};

static struct paths paths(void)
{
    const char *parent = getenv("TMPDIR");
    struct paths paths;

    snprintf(paths.outside, PATH_SIZE, "%s/pgn-fuzz-%d", parent ? parent : "/tmp", (int) getpid());
    snprintf(paths.inside, sizeof paths.inside, "%s/d", paths.outside);
    return paths;
}

static int remove_one(const char *name, const struct stat *stat, int type, struct FTW *walk)
{
    (void) stat, (void) type, (void) walk;
    return remove(name);
}

int scratch_begin(void)
{
    struct paths at = paths();
    int fd;

    FUZZ_CHECK(mkdir(at.outside, 0700) == 0 && mkdir(at.inside, 0700) == 0);
    fd = files_open_directory(at.inside);
    FUZZ_CHECK(fd >= 0);
    return fd;
}

void scratch_end(void)
{
    struct paths at = paths();

    FUZZ_CHECK(chmod(at.inside, 0700) == 0);
    FUZZ_CHECK(nftw(at.inside, remove_one, FILES_MAX, FTW_DEPTH | FTW_PHYS) == 0);
    FUZZ_CHECK(rmdir(at.outside) == 0);
}
