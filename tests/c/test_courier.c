/* The courier alone: sessions that are nothing but counters go to and fro. */
#include <stdlib.h>
#include <time.h>

#include "check.h"
#include "engine/session/client.h"
#include "engine/session/courier.h"
#include "platform/thread.h"

enum { SESSIONS = 16, ROUNDS = 20000, SLEEPS = 20, LISTENED = 3, SKIPPED = 77 };

/* As it is written to without a lock: being given and coming back are to be enough. */
void client_send(pgn_session *session)
{
    session->output_size++;
}

/* It is listened to three times before it comes back. */
bool client_listen(pgn_session *session)
{
    return ++session->framing.left % LISTENED != 0;
}

static struct courier *opened(void)
{
    if (thread_processors() < 2)
        exit(SKIPPED);
    struct courier *courier = courier_open();
    CHECK_TRUE(courier != NULL);
    return courier;
}

/* How many have come back; each has been sent once more than it was. */
static int take(struct courier *courier)
{
    int count = 0;

    for (pgn_session *session = courier_take(courier); session; session = session->next_answered) {
        CHECK_INT((int) session->output_size, (int) ++session->input_size);
        CHECK_INT((int) session->framing.left, (int) session->output_size * LISTENED);
        session->is_given = false;
        count++;
    }
    return count;
}

static void all_that_is_given_is_sent_and_comes_back(void)
{
    static pgn_session sessions[SESSIONS];
    struct courier *courier = opened();
    int there = 0;

    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < SESSIONS; i++) {
            if (sessions[i].is_given || (round + i) % 3 == 0)
                continue;
            sessions[i].is_given = true;
            courier_give(courier, &sessions[i]);
            there++;
        }
        courier_rouse(courier);
        there -= take(courier);
    }
    while (there > 0)
        there -= take(courier);
    for (int i = 0; i < SESSIONS; i++)
        CHECK_TRUE(sessions[i].output_size > 0);
    courier_close(courier);
}

static void it_is_roused_from_its_sleep(void)
{
    static pgn_session session;
    const struct timespec long_enough = {.tv_nsec = 2000000};
    struct courier *courier = opened();

    for (int i = 0; i < SLEEPS; i++) {
        nanosleep(&long_enough, NULL);
        courier_give(courier, &session);
        courier_rouse(courier);
        while (!take(courier))
            thread_yield();
    }
    CHECK_INT((int) session.output_size, SLEEPS);
    courier_close(courier);
}

static void closing_it_sends_what_it_was_given(void)
{
    for (int i = 0; i < SLEEPS; i++) { /* though it would listen to it */
        pgn_session session = {.output_size = 0};
        struct courier *courier = opened();

        courier_give(courier, &session);
        courier_close(courier);
        CHECK_INT((int) session.output_size, 1);
    }
    courier_close(NULL);
}

static const struct test tests[] = {
    {"all_that_is_given_is_sent_and_comes_back", all_that_is_given_is_sent_and_comes_back},
    {"it_is_roused_from_its_sleep", it_is_roused_from_its_sleep},
    {"closing_it_sends_what_it_was_given", closing_it_sends_what_it_was_given},
};

TEST_MAIN(tests)
