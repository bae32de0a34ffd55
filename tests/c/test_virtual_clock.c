/* The guest's clocks as a state machine; its random source against published numbers. */
#include <string.h>
#include <time.h>

#include "base/generator.h"
#include "check.h"
#include "platform/clock.h"
#include "platform/random_source.h"
#include "platform/virtual_clock.h"
#include "space.h"

#define MS INT64_C(1000000)
#define SECOND (1000 * MS)
#define Y2024 INT64_C(1704067200000000000)

static struct virtual_clock *clock_of(const struct space *space)
{
    return virtual_clock_find(&space->arena);
}

static struct random_source *random_of(const struct space *space)
{
    return random_source_find(&space->arena);
}

/* Real time that passes, whatever the virtual clocks do. */
static void pass(int64_t duration_ns)
{
    int64_t until_ns = platform_monotonic_ns() + duration_ns;
    struct timespec part = {0, (long) (duration_ns < SECOND ? duration_ns : SECOND - 1)};

    while (platform_monotonic_ns() < until_ns)
        nanosleep(&part, NULL);
}

/* xoshiro256**'s first outputs from the state 1, 2, 3, 4, as the crate rand_xoshiro tests itself
   against the authors' C. */
static void generator_is_xoshiro(void)
{
    static const uint64_t expected[] = {
        11520U,
        0U,
        1509978240U,
        1215971899390074240U,
        1216172134540287360U,
        607988272756665600U,
        16172922978634559625U,
        8476171486693032832U,
        10595114339597558777U,
        2904607092377533576U,
    };
    struct generator generator = {{1, 2, 3, 4}};

    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        CHECK_INT(generator_next(&generator), expected[i]);
}

/* The first outputs of splitmix64 from 1234567 are published at rosettacode.org. */
static void generator_is_seeded_by_splitmix(void)
{
    static const uint64_t expected[] = {6457827717110365317U, 3203168211198807973U,
                                        9817491932198370423U, 4593380528125082431U};
    struct generator generator;

    generator_seed(&generator, 1234567);
    for (int i = 0; i < 4; i++)
        CHECK_INT(generator.state[i], expected[i]);
}

static void generator_fills_any_size(void)
{
    struct generator generator, numbers;
    unsigned char bytes[32], expected[8];

    for (size_t size = 0; size <= 24; size++) {
        generator_seed(&generator, size);
        numbers = generator;
        memset(bytes, 0xEE, sizeof bytes);
        generator_fill(&generator, bytes, size);
        for (size_t i = 0; i < size; i++) {
            if (i % 8 == 0) {
                uint64_t number = generator_next(&numbers);
                for (int byte = 0; byte < 8; byte++)
                    expected[byte] = (unsigned char) (number >> 8 * byte);
            }
            CHECK_INT(bytes[i], expected[i % 8]);
        }
        for (size_t i = size; i < sizeof bytes; i++)
            CHECK_INT(bytes[i], 0xEE);
        CHECK_BYTES(&generator, &numbers, sizeof generator);
    }
}

static void the_seed_decides(void)
{
    struct space a, b;
    unsigned char from_a[64], from_b[64];

    space_open(&a, SPACE_LIMIT);
    space_open(&b, SPACE_LIMIT);
    CHECK_TRUE(random_source_fill(random_of(&a), from_a, 64)
               && random_source_fill(random_of(&b), from_b, 64));
    CHECK_TRUE(memcmp(from_a, from_b, 64) != 0); /* the system's entropy */

    CHECK_TRUE(!random_source_is_seeded(random_of(&a)));
    random_source_seed(random_of(&a), 1);
    CHECK_TRUE(random_source_is_seeded(random_of(&a)));
    random_source_seed(random_of(&b), 1);
    CHECK_TRUE(random_source_fill(random_of(&a), from_a, 64)
               && random_source_fill(random_of(&b), from_b, 64));
    CHECK_BYTES(from_a, from_b, 64);
    random_source_seed(random_of(&b), 2);
    CHECK_TRUE(random_source_fill(random_of(&b), from_b, 64));
    CHECK_TRUE(memcmp(from_a, from_b, 64) != 0);
    space_close(&a);
    space_close(&b);
}

static void running_clocks_are_the_systems(void)
{
    struct space space;
    struct virtual_clock *clock;
    int64_t realtime_ns, monotonic_ns;

    space_open(&space, SPACE_LIMIT);
    clock = clock_of(&space);
    realtime_ns = platform_realtime_ns();
    monotonic_ns = virtual_clock_monotonic_ns(clock);
    CHECK_TRUE(monotonic_ns > 0);
    pass(2 * MS);
    CHECK_TRUE(virtual_clock_realtime_ns(clock) >= realtime_ns + 2 * MS);
    CHECK_TRUE(virtual_clock_realtime_ns(clock) <= platform_realtime_ns());
    CHECK_TRUE(virtual_clock_monotonic_ns(clock) >= monotonic_ns + 2 * MS);
    CHECK_INT(virtual_clock_is_frozen(clock), false);
    CHECK_INT(virtual_clock_advance(clock, 0), false);
    CHECK_INT(virtual_clock_skip_to(clock, monotonic_ns), false);
    space_close(&space);
}

static void deadlines_on_the_systems_clock(void)
{
    struct space space;
    struct virtual_clock *clock;
    int64_t system_ns;

    space_open(&space, SPACE_LIMIT);
    clock = clock_of(&space);
    system_ns = platform_monotonic_ns() + SECOND;
    system_ns = virtual_clock_system_ns(clock, virtual_clock_deadline_ns(clock, SECOND))
                - system_ns;
    CHECK_TRUE(system_ns >= 0 && system_ns < SECOND / 2);
    CHECK_INT(virtual_clock_deadline_ns(clock, INT64_MAX), INT64_MAX);
    CHECK_INT(virtual_clock_system_ns(clock, INT64_MAX), INT64_MAX);
    virtual_clock_freeze(clock, Y2024); /* no waiting makes it come */
    CHECK_INT(virtual_clock_system_ns(clock, virtual_clock_deadline_ns(clock, SECOND)), INT64_MAX);
    space_close(&space);
}

static void frozen_clocks_stand_and_move_together(void)
{
    struct space space;
    struct virtual_clock *clock;
    int64_t monotonic_ns;

    space_open(&space, SPACE_LIMIT);
    clock = clock_of(&space);
    monotonic_ns = virtual_clock_monotonic_ns(clock);
    virtual_clock_freeze(clock, Y2024);
    CHECK_TRUE(virtual_clock_is_frozen(clock));
    CHECK_TRUE(virtual_clock_monotonic_ns(clock) >= monotonic_ns);
    monotonic_ns = virtual_clock_monotonic_ns(clock);
    pass(2 * MS);
    CHECK_INT(virtual_clock_realtime_ns(clock), Y2024);
    CHECK_INT(virtual_clock_monotonic_ns(clock), monotonic_ns);

    CHECK_TRUE(virtual_clock_advance(clock, SECOND));
    CHECK_INT(virtual_clock_realtime_ns(clock), Y2024 + SECOND);
    CHECK_INT(virtual_clock_monotonic_ns(clock), monotonic_ns + SECOND);

    CHECK_TRUE(virtual_clock_skip_to(clock, monotonic_ns + 3 * SECOND));
    CHECK_INT(virtual_clock_realtime_ns(clock), Y2024 + 3 * SECOND);
    CHECK_INT(virtual_clock_monotonic_ns(clock), monotonic_ns + 3 * SECOND);
    CHECK_TRUE(virtual_clock_skip_to(clock, monotonic_ns)); /* past: nothing to skip */
    CHECK_INT(virtual_clock_realtime_ns(clock), Y2024 + 3 * SECOND);
    CHECK_INT(virtual_clock_skip_to(clock, INT64_MAX), false); /* never */
    space_close(&space);
}

static void setting_the_clock_lets_no_time_pass(void)
{
    struct space space;
    struct virtual_clock *clock;
    int64_t monotonic_ns;

    space_open(&space, SPACE_LIMIT);
    clock = clock_of(&space);
    virtual_clock_freeze(clock, Y2024);
    monotonic_ns = virtual_clock_monotonic_ns(clock);
    virtual_clock_freeze(clock, 0);
    CHECK_INT(virtual_clock_realtime_ns(clock), 0);
    CHECK_INT(virtual_clock_monotonic_ns(clock), monotonic_ns);
    virtual_clock_freeze(clock, 2 * Y2024);
    CHECK_INT(virtual_clock_realtime_ns(clock), 2 * Y2024);
    CHECK_INT(virtual_clock_monotonic_ns(clock), monotonic_ns);
    space_close(&space);
}

static void sleeping_moves_by_whole_microseconds(void)
{
    static const struct {
        int64_t ahead_ns, moved_ns;
    } cases[] = {{1, 1000},    {499, 1000},        {1000, 1000},       {1499, 1000},
                 {1500, 2000}, {9999999, 10 * MS}, {10 * MS, 10 * MS}, {10000001, 10 * MS}};
    struct space space;
    struct virtual_clock *clock;

    space_open(&space, SPACE_LIMIT);
    clock = clock_of(&space);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        virtual_clock_freeze(clock, Y2024);
        CHECK_TRUE(
            virtual_clock_skip_to(clock, virtual_clock_deadline_ns(clock, cases[i].ahead_ns)));
        CHECK_INT(virtual_clock_realtime_ns(clock) - Y2024, cases[i].moved_ns);
    }
    space_close(&space);
}

static void time_ends(void)
{
    struct space space;
    struct virtual_clock *clock;
    int64_t monotonic_ns;

    space_open(&space, SPACE_LIMIT);
    clock = clock_of(&space);
    virtual_clock_freeze(clock, INT64_MAX - SECOND);
    monotonic_ns = virtual_clock_monotonic_ns(clock);
    CHECK_INT(virtual_clock_advance(clock, 2 * SECOND), false);
    CHECK_INT(virtual_clock_advance(clock, INT64_MAX), false);
    CHECK_INT(virtual_clock_skip_to(clock, monotonic_ns + 2 * SECOND), false);
    CHECK_INT(virtual_clock_skip_to(clock, INT64_MAX - 1), false);
    CHECK_INT(virtual_clock_realtime_ns(clock), INT64_MAX - SECOND);
    CHECK_INT(virtual_clock_monotonic_ns(clock), monotonic_ns);
    CHECK_TRUE(virtual_clock_advance(clock, SECOND));
    CHECK_INT(virtual_clock_realtime_ns(clock), INT64_MAX);
    space_close(&space);
}

static void the_monotonic_clock_goes_on_when_released(void)
{
    struct space space;
    struct virtual_clock *clock;
    int64_t monotonic_ns;

    space_open(&space, SPACE_LIMIT);
    clock = clock_of(&space);
    virtual_clock_freeze(clock, Y2024);
    CHECK_TRUE(virtual_clock_advance(clock, 1000 * SECOND));
    monotonic_ns = virtual_clock_monotonic_ns(clock);
    virtual_clock_release(clock);
    CHECK_TRUE(virtual_clock_monotonic_ns(clock) >= monotonic_ns);
    CHECK_TRUE(virtual_clock_monotonic_ns(clock) < monotonic_ns + 100 * SECOND);
    CHECK_TRUE(virtual_clock_realtime_ns(clock) > Y2024 + 2000 * SECOND); /* the system's */
    monotonic_ns = virtual_clock_monotonic_ns(clock);
    virtual_clock_release(clock); /* of clocks that run: nothing */
    CHECK_TRUE(virtual_clock_monotonic_ns(clock) >= monotonic_ns);
    pass(MS);
    CHECK_TRUE(virtual_clock_monotonic_ns(clock) >= monotonic_ns + MS);
    space_close(&space);
}

/* An image is taken, and looked at later, perhaps in a process whose system's clock began elsewhere. */
static void an_image_carries_running_clocks(void)
{
    struct space space, copy;
    struct virtual_clock *clock;
    int64_t monotonic_ns, left_ns, deadline_ns;

    space_open(&space, SPACE_LIMIT);
    clock = clock_of(&space);
    deadline_ns = virtual_clock_deadline_ns(clock, 60 * SECOND);
    virtual_clock_suspend(clock);
    monotonic_ns = virtual_clock_monotonic_ns(clock);
    pass(2 * MS);
    CHECK_INT(virtual_clock_monotonic_ns(clock), monotonic_ns);
    space_copy(&space, &copy);
    virtual_clock_resume(clock);
    CHECK_TRUE(virtual_clock_monotonic_ns(clock) >= monotonic_ns);

    pass(300 * MS);
    virtual_clock_resume(clock_of(&copy));
    left_ns = deadline_ns - virtual_clock_monotonic_ns(clock_of(&copy));
    CHECK_TRUE(left_ns <= deadline_ns - monotonic_ns); /* as much as there was then */
    CHECK_TRUE(left_ns > deadline_ns - monotonic_ns - 290 * MS);
    CHECK_TRUE(virtual_clock_monotonic_ns(clock) >= monotonic_ns + 300 * MS);
    virtual_clock_resume(clock_of(&copy)); /* running: nothing */
    CHECK_TRUE(deadline_ns - virtual_clock_monotonic_ns(clock_of(&copy)) <= left_ns);
    CHECK_TRUE(virtual_clock_realtime_ns(clock_of(&copy)) > Y2024);
    space_close(&copy);
    space_close(&space);
}

static void an_image_carries_frozen_clocks(void)
{
    struct space space, copy;
    struct virtual_clock *clock;
    int64_t monotonic_ns;

    space_open(&space, SPACE_LIMIT);
    clock = clock_of(&space);
    virtual_clock_freeze(clock, Y2024);
    monotonic_ns = virtual_clock_monotonic_ns(clock);
    virtual_clock_suspend(clock);
    space_copy(&space, &copy);
    virtual_clock_resume(clock);
    CHECK_INT(virtual_clock_realtime_ns(clock), Y2024);
    CHECK_TRUE(virtual_clock_advance(clock, SECOND)); /* two from now on */

    clock = clock_of(&copy);
    virtual_clock_resume(clock);
    CHECK_INT(virtual_clock_realtime_ns(clock), Y2024);
    CHECK_INT(virtual_clock_monotonic_ns(clock), monotonic_ns);
    space_close(&copy);
    space_close(&space);
}

static void an_image_carries_the_generator(void)
{
    struct space space, copy;
    unsigned char bytes[2][40];

    space_open(&space, SPACE_LIMIT);
    random_source_seed(random_of(&space), 7);
    CHECK_TRUE(random_source_fill(random_of(&space), bytes[0], 13));
    space_copy(&space, &copy);
    CHECK_TRUE(random_source_fill(random_of(&space), bytes[0], 40));
    CHECK_TRUE(random_source_fill(random_of(&copy), bytes[1], 40));
    CHECK_BYTES(bytes[0], bytes[1], 40);
    space_close(&copy);
    space_close(&space);
}

/* Frozen before they run, clocks are the same in every process. */
static void clocks_that_never_ran_are_reproducible(void)
{
    struct space space;
    struct virtual_clock *clock;

    space_open(&space, SPACE_LIMIT);
    clock = virtual_clock_open(&space.arena);
    CHECK_TRUE(clock != NULL);
    virtual_clock_freeze(clock, Y2024);
    CHECK_INT(virtual_clock_monotonic_ns(clock), SECOND);
    space_close(&space);
}

static void files_have_the_guests_time_and_random_bytes(void)
{
    struct space a, b;
    struct vfs_stat stat;
    unsigned char bytes[2][32];
    struct space *spaces[2] = {&a, &b};

    for (int i = 0; i < 2; i++) {
        struct vfs *vfs;
        int fd;

        space_open(spaces[i], SPACE_LIMIT);
        vfs = spaces[i]->vfs;
        virtual_clock_freeze(clock_of(spaces[i]), Y2024);
        random_source_seed(random_of(spaces[i]), 3);
        fd = vfs_openat(vfs, VFS_AT_CWD, "/file", VFS_O_CREAT | VFS_O_RDWR, 0600);
        CHECK_TRUE(fd >= 0);
        CHECK_INT(vfs_fstat(vfs, fd, &stat), 0);
        CHECK_INT(stat.mtime_ns, Y2024);
        CHECK_INT(stat.ctime_ns, Y2024);
        CHECK_TRUE(virtual_clock_advance(clock_of(spaces[i]), SECOND));
        CHECK_INT(vfs_write(vfs, fd, "x", 1), 1);
        CHECK_INT(vfs_fstat(vfs, fd, &stat), 0);
        CHECK_INT(stat.mtime_ns, Y2024 + SECOND);
        CHECK_INT(stat.atime_ns, Y2024);
        fd = vfs_openat(vfs, VFS_AT_CWD, i ? "/dev/urandom" : "/dev/random", VFS_O_RDONLY, 0);
        CHECK_INT(vfs_read(vfs, fd, bytes[i], sizeof bytes[i]), sizeof bytes[i]);
    }
    CHECK_BYTES(bytes[0], bytes[1], sizeof bytes[0]);
    space_close(&a);
    space_close(&b);
}

static void an_arena_without_a_clock_is_refused(void)
{
    struct space space;
    struct error error;
    struct vfs *vfs;
    arena_offset root;

    space_open(&space, SPACE_LIMIT);
    root = arena_root(&space.arena, ARENA_ROOT_CLOCK);
    CHECK_TRUE(random_source_find(&space.arena) != NULL);
    arena_set_root(&space.arena, ARENA_ROOT_CLOCK, 0);
    CHECK_TRUE(virtual_clock_find(&space.arena) == NULL);
    CHECK_INT(vfs_attach(&space.arena, NULL, NULL, &vfs, &error), STATUS_INVALID);
    arena_set_root(&space.arena, ARENA_ROOT_CLOCK, arena_allocate(&space.arena, 4096));
    CHECK_TRUE(virtual_clock_find(&space.arena) == NULL);
    arena_set_root(&space.arena, ARENA_ROOT_CLOCK, arena_size(&space.arena) - 16);
    CHECK_TRUE(virtual_clock_find(&space.arena) == NULL);
    arena_set_root(&space.arena, ARENA_ROOT_CLOCK, UINT64_MAX - 8);
    CHECK_TRUE(virtual_clock_find(&space.arena) == NULL);
    arena_set_root(&space.arena, ARENA_ROOT_CLOCK, root);
    CHECK_TRUE(virtual_clock_find(&space.arena) != NULL);
    space_close(&space);
}

static const struct test tests[] = {
    {"generator_is_xoshiro", generator_is_xoshiro},
    {"generator_is_seeded_by_splitmix", generator_is_seeded_by_splitmix},
    {"generator_fills_any_size", generator_fills_any_size},
    {"the_seed_decides", the_seed_decides},
    {"running_clocks_are_the_systems", running_clocks_are_the_systems},
    {"deadlines_on_the_systems_clock", deadlines_on_the_systems_clock},
    {"frozen_clocks_stand_and_move_together", frozen_clocks_stand_and_move_together},
    {"setting_the_clock_lets_no_time_pass", setting_the_clock_lets_no_time_pass},
    {"sleeping_moves_by_whole_microseconds", sleeping_moves_by_whole_microseconds},
    {"time_ends", time_ends},
    {"the_monotonic_clock_goes_on_when_released", the_monotonic_clock_goes_on_when_released},
    {"an_image_carries_running_clocks", an_image_carries_running_clocks},
    {"an_image_carries_frozen_clocks", an_image_carries_frozen_clocks},
    {"an_image_carries_the_generator", an_image_carries_the_generator},
    {"clocks_that_never_ran_are_reproducible", clocks_that_never_ran_are_reproducible},
    {"files_have_the_guests_time_and_random_bytes", files_have_the_guests_time_and_random_bytes},
    {"an_arena_without_a_clock_is_refused", an_arena_without_a_clock_is_refused},
};

TEST_MAIN(tests)
