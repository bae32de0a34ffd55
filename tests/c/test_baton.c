/* The baton alone, in a cluster that is nothing but it and a monitor. */
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "check.h"
#include "engine/cluster/cluster.h"
#include "platform/clock.h"
#include "platform/thread.h"

enum { THREADS = 8, TURNS = 500, LOG_MAX = 64 };

struct scene {
    struct cluster cluster;
    int log[LOG_MAX], logged; /* who has had the baton, in that order */
    int inside;               /* not atomic: the baton, or the monitor, is to be enough */
    long work;                /* touched outside the monitor by the one that has the baton */
};

struct actor {
    struct scene *scene;
    struct claim claim;
    int number, turns;
    struct thread *thread;
};

static void scene_open(struct scene *scene)
{
    *scene = (struct scene){.cluster.monitor = monitor_open()};
    CHECK_TRUE(scene->cluster.monitor != NULL);
}

static void scene_close(struct scene *scene)
{
    CHECK_TRUE(scene->cluster.baton.holder == NULL);
    CHECK_TRUE(scene->cluster.baton.first == NULL && scene->cluster.baton.last == NULL);
    CHECK_TRUE(!atomic_load(&scene->cluster.baton.wanted));
    monitor_close(scene->cluster.monitor);
}

static void enter(const struct scene *scene)
{
    monitor_enter(scene->cluster.monitor);
}

static void leave(const struct scene *scene)
{
    monitor_leave(scene->cluster.monitor);
}

static void actor_open(struct actor *actor, struct scene *scene, int number)
{
    *actor = (struct actor){.scene = scene, .number = number};
    actor->claim.condition = condition_open();
    CHECK_TRUE(actor->claim.condition != NULL);
}

static void actor_start(struct actor *actor, void (*function)(void *))
{
    CHECK_TRUE((actor->thread = thread_start(function, actor)) != NULL);
}

static void actor_close(struct actor *actor)
{
    thread_join(actor->thread);
    condition_close(actor->claim.condition);
}

/* How many wait. Inside the monitor. */
static int queue_length(const struct scene *scene)
{
    int length = 0;

    for (const struct claim *claim = scene->cluster.baton.first; claim; claim = claim->next)
        length++;
    return length;
}

/* Until so many threads wait for the baton. */
static void wait_for_queue(const struct scene *scene, int length)
{
    int64_t end = platform_monotonic_ns() + INT64_C(60000000000);

    for (;;) {
        int found;

        enter(scene);
        found = queue_length(scene);
        leave(scene);
        if (found == length)
            return;
        CHECK_TRUE(platform_monotonic_ns() < end);
        usleep(200);
    }
}

static void free_baton_is_had_at_once(void)
{
    struct scene scene;
    struct actor actor;

    scene_open(&scene);
    actor_open(&actor, &scene, 0);
    enter(&scene);
    for (int i = 0; i < 3; i++) {
        baton_take(&scene.cluster, &actor.claim);
        CHECK_TRUE(scene.cluster.baton.holder == &actor.claim);
        CHECK_TRUE(!atomic_load(&scene.cluster.baton.wanted));
        baton_pass(&scene.cluster, &actor.claim); /* no other claim waits */
        CHECK_TRUE(scene.cluster.baton.holder == &actor.claim);
        baton_give(&scene.cluster);
        CHECK_TRUE(scene.cluster.baton.holder == NULL);
    }
    leave(&scene);
    actor_close(&actor);
    scene_close(&scene);
}

static void have_it_once(void *context)
{
    struct actor *actor = context;
    struct scene *scene = actor->scene;

    enter(scene);
    baton_take(&scene->cluster, &actor->claim);
    scene->log[scene->logged++] = actor->number;
    baton_give(&scene->cluster);
    leave(scene);
}

static void baton_comes_in_the_order_of_asking(void)
{
    struct scene scene;
    struct actor actors[THREADS], first;

    scene_open(&scene);
    actor_open(&first, &scene, -1);
    enter(&scene);
    baton_take(&scene.cluster, &first.claim);
    leave(&scene);
    for (int i = 0; i < THREADS; i++) {
        actor_open(&actors[i], &scene, i);
        actor_start(&actors[i], have_it_once);
        wait_for_queue(&scene, i + 1);
        CHECK_TRUE(atomic_load(&scene.cluster.baton.wanted));
    }
    CHECK_INT(scene.logged, 0); /* the queue's monitor has been between */
    enter(&scene);
    baton_give(&scene.cluster);
    leave(&scene);
    for (int i = 0; i < THREADS; i++)
        actor_close(&actors[i]);
    actor_close(&first);
    CHECK_INT(scene.logged, THREADS);
    for (int i = 0; i < THREADS; i++)
        CHECK_INT(scene.log[i], i);
    scene_close(&scene);
}

/* Handed over, it is the next one's already: who asks between has to wait, though it does not run yet. */
static void given_baton_is_not_free(void)
{
    struct scene scene;
    struct actor first, next;

    scene_open(&scene);
    actor_open(&first, &scene, 1);
    actor_open(&next, &scene, 2);
    enter(&scene);
    baton_take(&scene.cluster, &first.claim);
    leave(&scene);
    actor_start(&next, have_it_once);
    wait_for_queue(&scene, 1);
    enter(&scene);
    baton_give(&scene.cluster);
    CHECK_TRUE(scene.cluster.baton.holder == &next.claim);
    CHECK_TRUE(!atomic_load(&scene.cluster.baton.wanted));
    baton_take(&scene.cluster, &first.claim);
    scene.log[scene.logged++] = 1;
    baton_give(&scene.cluster);
    leave(&scene);
    actor_close(&next);
    actor_close(&first);
    CHECK_INT(scene.logged, 2);
    CHECK_INT(scene.log[0], 2);
    CHECK_INT(scene.log[1], 1);
    scene_close(&scene);
}

/* The last one out of the queue clears the flag, and no other. */
static void baton_is_wanted_while_somebody_waits(void)
{
    struct scene scene;
    struct actor holder;
    struct claim waiting[2] = {{.condition = condition_open()}, {.condition = condition_open()}};
    struct baton *baton = &scene.cluster.baton;

    scene_open(&scene);
    actor_open(&holder, &scene, 0);
    enter(&scene);
    baton_take(&scene.cluster, &holder.claim);
    /* As baton_take does, without its wait. */
    waiting[0].next = &waiting[1];
    baton->first = &waiting[0];
    baton->last = &waiting[1];
    atomic_store(&baton->wanted, true);
    baton_give(&scene.cluster);
    CHECK_TRUE(baton->holder == &waiting[0] && atomic_load(&baton->wanted));
    baton_give(&scene.cluster);
    CHECK_TRUE(baton->holder == &waiting[1] && !atomic_load(&baton->wanted));
    baton_give(&scene.cluster);
    CHECK_TRUE(baton->holder == NULL);
    leave(&scene);
    for (int i = 0; i < 2; i++)
        condition_close(waiting[i].condition);
    actor_close(&holder);
    scene_close(&scene);
}

static void pass_it_on(void *context)
{
    struct actor *actor = context;
    struct scene *scene = actor->scene;

    enter(scene);
    baton_take(&scene->cluster, &actor->claim);
    for (int i = 0; i < actor->turns; i++) {
        scene->log[scene->logged++] = actor->number;
        baton_pass(&scene->cluster, &actor->claim);
    }
    baton_give(&scene->cluster);
    leave(scene);
}

/* Each in its turn, until those with fewer turns are through. */
static void passing_goes_round(void)
{
    static const int expected[] = {0, 1, 2, 0, 1, 2, 1, 2, 2, 2};
    enum { COUNT = 3, LENGTH = sizeof expected / sizeof *expected };
    static const int turns[COUNT] = {2, 3, 5};
    struct scene scene;
    struct actor actors[COUNT], first;

    scene_open(&scene);
    actor_open(&first, &scene, -1);
    enter(&scene);
    baton_take(&scene.cluster, &first.claim);
    leave(&scene);
    for (int i = 0; i < COUNT; i++) {
        actor_open(&actors[i], &scene, i);
        actors[i].turns = turns[i];
        actor_start(&actors[i], pass_it_on);
        wait_for_queue(&scene, i + 1);
    }
    enter(&scene);
    baton_give(&scene.cluster);
    leave(&scene);
    for (int i = 0; i < COUNT; i++)
        actor_close(&actors[i]);
    actor_close(&first);
    CHECK_INT(scene.logged, LENGTH);
    for (int i = 0; i < LENGTH; i++)
        CHECK_INT(scene.log[i], expected[i]);
    scene_close(&scene);
}

/* As sessions do: out of the monitor with the baton, looking at `wanted` while they run. */
static void work(void *context)
{
    struct actor *actor = context;
    struct scene *scene = actor->scene;

    for (int i = 0; i < TURNS; i++) {
        enter(scene);
        baton_take(&scene->cluster, &actor->claim);
        CHECK_INT(scene->inside++, 0);
        leave(scene);
        for (int j = 0; j < 20; j++) {
            scene->work++;
            if (!atomic_load_explicit(&scene->cluster.baton.wanted, memory_order_relaxed))
                continue;
            enter(scene);
            scene->inside--;
            baton_pass(&scene->cluster, &actor->claim);
            CHECK_INT(scene->inside++, 0);
            CHECK_TRUE(scene->cluster.baton.holder == &actor->claim);
            leave(scene);
        }
        enter(scene);
        scene->inside--;
        baton_give(&scene->cluster);
        actor->turns++;
        leave(scene);
    }
}

static void one_at_a_time_has_it(void)
{
    struct scene scene;
    struct actor actors[THREADS];

    scene_open(&scene);
    for (int i = 0; i < THREADS; i++)
        actor_open(&actors[i], &scene, i);
    for (int i = 0; i < THREADS; i++)
        actor_start(&actors[i], work);
    for (int i = 0; i < THREADS; i++) {
        actor_close(&actors[i]);
        CHECK_INT(actors[i].turns, TURNS);
    }
    CHECK_INT(scene.work, (long) THREADS * TURNS * 20);
    scene_close(&scene);
}

static const struct test tests[] = {
    {"free_baton_is_had_at_once", free_baton_is_had_at_once},
    {"baton_comes_in_the_order_of_asking", baton_comes_in_the_order_of_asking},
    {"given_baton_is_not_free", given_baton_is_not_free},
    {"baton_is_wanted_while_somebody_waits", baton_is_wanted_while_somebody_waits},
    {"passing_goes_round", passing_goes_round},
    {"one_at_a_time_has_it", one_at_a_time_has_it},
};

TEST_MAIN(tests)
