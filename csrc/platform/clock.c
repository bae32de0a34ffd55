/* Clocks and entropy. */
#include "platform/system.h"

#include "platform/clock.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

#ifdef PLATFORM_LINUX
#include <sys/syscall.h>
#else
#include <sys/random.h>
#endif

enum { NS_PER_MS = 1000000, FOREVER = -1 };

static int64_t clock_ns(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now); /* cannot fail for the two clocks below */
    return (int64_t) now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t platform_realtime_ns(void)
{
    return clock_ns(CLOCK_REALTIME);
}

int64_t platform_monotonic_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

int platform_timeout_ms(int64_t deadline_ns)
{
    int64_t left_ns;

    if (deadline_ns == INT64_MAX)
        return FOREVER;
    left_ns = deadline_ns ? deadline_ns - platform_monotonic_ns() : 0;
    if (left_ns <= 0)
        return 0;
    left_ns = (left_ns + NS_PER_MS - 1) / NS_PER_MS;
    return left_ns > INT32_MAX ? INT32_MAX : (int) left_ns;
}

#ifdef PLATFORM_LINUX

/* By its number, as glibc has getentropy since 2.25 only. */
static bool fill(unsigned char *bytes, size_t size)
{
    return syscall(SYS_getrandom, bytes, size, 0) == (long) size;
}

#else

static bool fill(unsigned char *bytes, size_t size)
{
    return getentropy(bytes, size) == 0;
}

#endif

bool platform_random(void *bytes, size_t size)
{
    enum { AT_ONCE = 256 }; /* getentropy's limit; such requests are never short or interrupted */
    unsigned char *at = bytes;

    while (size > 0) {
        size_t part = size < AT_ONCE ? size : AT_ONCE;

        if (!fill(at, part))
            return false;
        at += part;
        size -= part;
    }
    return true;
}
