#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "platform/reservation.h"
#include "space.h"

enum { LIMIT = 8 << 20 };

struct range {
    struct reservation reservation;
    struct arena arena;
};

static void range_open(struct range *range)
{
    CHECK_TRUE(reservation_open(&range->reservation, LIMIT));
    range->arena = (struct arena){
        .base = range->reservation.base,
        .limit = LIMIT,
        .commit = space_commit,
        .release = space_release,
        .owner = &range->reservation,
    };
    CHECK_TRUE(arena_init(&range->arena));
}

static void range_close(struct range *range)
{
    reservation_close(&range->reservation);
}

static bool is_zero(const unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i])
            return false;
    return true;
}

static void fresh(void)
{
    struct range range;

    range_open(&range);
    CHECK_INT(arena_size(&range.arena), ARENA_PAGE);
    CHECK_INT(arena_used(&range.arena), ARENA_PAGE);
    for (int i = 0; i < ARENA_ROOTS; i++)
        CHECK_INT(arena_root(&range.arena, (enum arena_root) i), 0);
    range_close(&range);
}

static void alignment_and_zeros(void)
{
    static const size_t sizes[] = {0,    1,    15,   16,   17,   24,    100,
                                   2048, 4095, 4096, 4097, 8192, 12288, 99999};
    struct range range;

    range_open(&range);
    for (int round = 0; round < 3; round++)
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            arena_offset offset = arena_allocate(&range.arena, sizes[i]);
            unsigned char *bytes = arena_at(&range.arena, offset);

            CHECK_TRUE(offset);
            CHECK_INT(offset % 16, 0);
            if (sizes[i] && sizes[i] % ARENA_PAGE == 0)
                CHECK_INT(offset % ARENA_PAGE, 0);
            CHECK_TRUE(is_zero(bytes, sizes[i]));
            memset(bytes, 0xa5, sizes[i]);
            if (round < 2)
                arena_free(&range.arena, offset, sizes[i]);
        }
    range_close(&range);
}

static void freed_memory_is_used_again(void)
{
    struct range range;
    size_t size;

    range_open(&range);
    for (int round = 0; round < 100; round++) {
        arena_offset offsets[64];

        for (size_t i = 0; i < 64; i++)
            offsets[i] = arena_allocate(&range.arena, 16 << (i % 12));
        if (round == 0)
            size = arena_size(&range.arena);
        for (size_t i = 0; i < 64; i++)
            arena_free(&range.arena, offsets[i], 16 << (i % 12));
        CHECK_INT(arena_used(&range.arena), ARENA_PAGE);
    }
    CHECK_INT(arena_size(&range.arena), size);
    range_close(&range);
}

/* Random allocations, each filled with a byte of its own: they never overlap. */
enum { MANY = 1900, LOOKED_AFTER = 1100 };

static void fill(const struct range *range, arena_offset page)
{
    unsigned char *bytes = arena_at(&range->arena, page);

    CHECK_TRUE(is_zero(bytes, ARENA_PAGE));
    memset(bytes, 0xa5, ARENA_PAGE);
}

static int resident_pages(const struct range *range)
{
    static bool touched[LIMIT / ARENA_PAGE];
    size_t count = arena_size(&range->arena) / ARENA_PAGE;
    int resident = 0;

    reservation_touched(&range->reservation, 0, count, touched);
    for (size_t i = 0; i < count; i++)
        resident += touched[i];
    return resident;
}

static void pages_in_a_row_go_back_to_the_system_and_come_again(void)
{
    static arena_offset pages[MANY];
    struct range range;
    size_t size;

    range_open(&range);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < MANY; i++) {
            CHECK_TRUE(pages[i] = arena_allocate(&range.arena, ARENA_PAGE));
            fill(&range, pages[i]);
        }
        if (round == 0)
            size = arena_size(&range.arena);
        CHECK_INT((int) arena_size(&range.arena), (int) size);
        for (int i = 0; i < MANY; i++)
            arena_free(&range.arena, pages[i], ARENA_PAGE);
        CHECK_TRUE(resident_pages(&range) < LOOKED_AFTER);
        CHECK_INT(arena_used(&range.arena), ARENA_PAGE);
    }
    range_close(&range);
}

static void a_free_list_that_bites_its_tail_is_not_followed_for_ever(void)
{
    static arena_offset pages[MANY];
    struct range range;

    range_open(&range);
    for (int i = 0; i < MANY; i++)
        pages[i] = arena_allocate(&range.arena, ARENA_PAGE);
    for (int i = 0; i < 1000; i++)
        arena_free(&range.arena, pages[i], ARENA_PAGE);
    *(arena_offset *) arena_at(&range.arena, pages[0]) = pages[999];
    for (int i = 1000; i < MANY; i++)
        arena_free(&range.arena, pages[i], ARENA_PAGE);
    range_close(&range);
}

static void no_overlap(void)
{
    enum { SLOTS = 500, STEPS = 50000 };
    static struct {
        arena_offset offset;
        size_t size;
        unsigned char fill;
    } slots[SLOTS];
    uint64_t state = 42;
    struct range range;

    range_open(&range);
    for (int step = 0; step < STEPS; step++) {
        size_t i = check_random(&state) % SLOTS;
        unsigned char *bytes = arena_at(&range.arena, slots[i].offset);

        if (slots[i].offset) {
            for (size_t k = 0; k < slots[i].size; k++)
                CHECK_INT(bytes[k], slots[i].fill);
            arena_free(&range.arena, slots[i].offset, slots[i].size);
            slots[i].offset = 0;
            continue;
        }
        slots[i].size = 1 + check_random(&state) % (check_random(&state) % 8 ? 300 : 20000);
        slots[i].offset = arena_allocate(&range.arena, slots[i].size);
        slots[i].fill = (unsigned char) step;
        if (slots[i].offset)
            memset(arena_at(&range.arena, slots[i].offset), slots[i].fill, slots[i].size);
    }
    range_close(&range);
}

static void exhaustion(void)
{
    struct range range;
    arena_offset first = 0, offset;
    size_t count = 0;

    range_open(&range);
    while ((offset = arena_allocate(&range.arena, ARENA_PAGE))) {
        first = first ? first : offset;
        count++;
    }
    CHECK_INT(count, LIMIT / ARENA_PAGE - 1);
    CHECK_INT(arena_used(&range.arena), LIMIT);
    CHECK_INT(arena_allocate(&range.arena, 1), 0);
    arena_free(&range.arena, first, ARENA_PAGE);
    CHECK_INT(arena_allocate(&range.arena, 2 * ARENA_PAGE), 0);
    CHECK_INT(arena_allocate(&range.arena, SIZE_MAX), 0);
    CHECK_INT(arena_allocate(&range.arena, ARENA_PAGE), first);
    range_close(&range);
}

static void free_of_nothing(void)
{
    struct range range;

    range_open(&range);
    arena_free(&range.arena, 0, 4096);
    CHECK_INT(arena_used(&range.arena), ARENA_PAGE);
    range_close(&range);
}

static void attach_takes_over(void)
{
    struct range range, copy;
    arena_offset object;

    range_open(&range);
    range_open(&copy);
    object = arena_allocate(&range.arena, 100);
    strcpy(arena_at(&range.arena, object), "hello");
    arena_set_root(&range.arena, ARENA_ROOT_HOST, object);
    CHECK_TRUE(reservation_commit(&copy.reservation, arena_size(&range.arena)));
    memcpy(copy.arena.base, range.arena.base, arena_size(&range.arena));
    CHECK_TRUE(arena_attach(&copy.arena));
    CHECK_INT(arena_root(&copy.arena, ARENA_ROOT_HOST), object);
    CHECK_INT(arena_root(&copy.arena, ARENA_ROOT_VFS), 0);
    CHECK_TEXT((char *) arena_at(&copy.arena, object), "hello");
    CHECK_INT(arena_allocate(&copy.arena, 100), arena_allocate(&range.arena, 100));
    range_close(&range);
    range_close(&copy);
}

static void attach_refuses_what_is_no_arena(void)
{
    enum { FREE_LISTS = 3 + ARENA_ROOTS }; /* in words */
    struct range range;
    uint64_t *header;

    range_open(&range);
    header = (uint64_t *) range.arena.base;
    header[0]++; /* magic */
    CHECK_TRUE(!arena_attach(&range.arena));
    header[0]--;
    header[1] = LIMIT + ARENA_PAGE; /* size */
    CHECK_TRUE(!arena_attach(&range.arena));
    header[1] = 0;
    CHECK_TRUE(!arena_attach(&range.arena));
    header[1] = ARENA_PAGE + 1;
    CHECK_TRUE(!arena_attach(&range.arena));
    header[1] = ARENA_PAGE;
    header[2] = LIMIT; /* used */
    CHECK_TRUE(!arena_attach(&range.arena));
    header[2] = ARENA_PAGE;
    CHECK_TRUE(arena_attach(&range.arena));
    header[FREE_LISTS + 12] = ARENA_PAGE; /* where a free page would end beyond the arena */
    CHECK_TRUE(!arena_attach(&range.arena));
    header[FREE_LISTS + 12] = 0;
    header[FREE_LISTS + 5] = ARENA_PAGE - 16;
    CHECK_TRUE(!arena_attach(&range.arena));
    header[FREE_LISTS + 5] = 0;
    header[FREE_LISTS + 2] = ARENA_PAGE; /* no class is that small */
    CHECK_TRUE(!arena_attach(&range.arena));
    header[FREE_LISTS + 2] = 0;
    CHECK_TRUE(arena_attach(&range.arena));
    range_close(&range);
}

/* Whatever the header says: attach and the calls after it stay inside the range. */
static void corrupt_headers(void)
{
    uint64_t state = 7;
    struct range range;
    size_t attached = 0;

    for (int round = 0; round < 3000; round++) {
        arena_offset offsets[8];

        range_open(&range);
        for (size_t i = 0; i < 8; i++)
            offsets[i] = arena_allocate(&range.arena, 16 << i);
        for (size_t i = 0; i < 8; i++)
            arena_free(&range.arena, offsets[i], 16 << i);
        for (int i = 0; i < 1 + round % 3; i++) {
            uint64_t value = check_random(&state);
            size_t word = 1 + check_random(&state) % 50;

            ((uint64_t *) range.arena.base)[word] = round % 2
                                                        ? value
                                                        : value % (2 * ARENA_PAGE) & ~UINT64_C(15);
        }
        if (arena_attach(&range.arena)) {
            attached++;
            for (int i = 0; i < 200; i++) {
                size_t size = 1 + check_random(&state) % 10000;
                arena_offset offset = arena_allocate(&range.arena, size);

                CHECK_TRUE(offset + size <= LIMIT);
                if (offset)
                    memset(arena_at(&range.arena, offset), 0xff, size);
            }
        }
        range_close(&range);
    }
    CHECK_TRUE(attached > 100); /* else this tests nothing */
}

static const struct test tests[] = {
    {"fresh", fresh},
    {"alignment_and_zeros", alignment_and_zeros},
    {"freed_memory_is_used_again", freed_memory_is_used_again},
    {"pages_in_a_row_go_back_to_the_system_and_come_again",
     pages_in_a_row_go_back_to_the_system_and_come_again},
    {"a_free_list_that_bites_its_tail_is_not_followed_for_ever",
     a_free_list_that_bites_its_tail_is_not_followed_for_ever},
    {"no_overlap", no_overlap},
    {"exhaustion", exhaustion},
    {"free_of_nothing", free_of_nothing},
    {"attach_takes_over", attach_takes_over},
    {"attach_refuses_what_is_no_arena", attach_refuses_what_is_no_arena},
    {"corrupt_headers", corrupt_headers},
};

TEST_MAIN(tests)
