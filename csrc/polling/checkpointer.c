/* PostgreSQL's checkpointer waits for requests all its life. Here it lives for one: it gets the request where it
 * would wait for the first time, and where it would wait once more it exits. */
#include "checkpointer.h"
#include "backend.h"
#include "wrapped.h"

enum { WHERE_TO_SEND_NOTHING = 0 };

void CheckpointerMain(const void *startup, size_t size);
/* Its variable: seconds on the system's clock. */
extern int64_t last_checkpoint_time;

static enum { IS_ANOTHER, BEGINS, WORKS, SHUTS_DOWN } stage;
static bool is_requested;
static int seconds_since_last;
static int64_t began_at;

int pglite_checkpoint_timeout(void)
{
    return atoi(GetConfigOption("checkpoint_timeout", false, false));
}

void pglite_begin_checkpointer(int process, bool requested, int seconds)
{
    backend_leave_original(process);
    whereToSendOutput = WHERE_TO_SEND_NOTHING;
    stage = BEGINS;
    is_requested = requested;
    seconds_since_last = seconds;
    CheckpointerMain(NULL, 0);
}

void pglite_begin_shutdown(int process)
{
    backend_leave_original(process);
    whereToSendOutput = WHERE_TO_SEND_NOTHING;
    stage = SHUTS_DOWN;
    CheckpointerMain(NULL, 0);
}

/* The one before was another process's. */
static void give_request(void)
{
    stage = WORKS;
    began_at = last_checkpoint_time;
    last_checkpoint_time -= seconds_since_last;
    if (is_requested)
        CheckpointerShmem->flags |= PG_CHECKPOINT_CAUSE_XLOG;
}

bool checkpointer_goes_on(uint32_t wait_event)
{
    if (stage == IS_ANOTHER)
        return false;
    if (stage == SHUTS_DOWN && wait_event == PG_WAIT_CHECKPOINTER_SHUTDOWN)
        proc_exit(0); /* it has, and waits for the postmaster's leave */
    if (stage == SHUTS_DOWN && wait_event == PG_WAIT_CHECKPOINTER_MAIN) {
        __wrap_kill(0, PG_SIGINT);
        return true;
    }
    /* A server's spreads its writes over minutes, so that clients have the disk. Clients have every other time
     * slice here, and snapshots and forks wait for its end. */
    if (wait_event == PG_WAIT_CHECKPOINT_WRITE_DELAY)
        return true;
    if (wait_event != PG_WAIT_CHECKPOINTER_MAIN)
        return false;
    if (stage == WORKS)
        proc_exit(0);
    give_request();
    return true;
}

/* If it fails it is not due once more at once, which PostgreSQL tries each second. */
void checkpointer_note_checkpoint(void)
{
    if (stage == WORKS)
        last_checkpoint_time = began_at;
}

/* With 0 it would write the statistics to their file and close them, as it does last in a server. */
int checkpointer_exit_code(int code)
{
    return (stage == BEGINS || stage == WORKS) && code == 0 ? 1 : code;
}
