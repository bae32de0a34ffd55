/* Autovacuum by PostgreSQL's own processes. The host begins a launcher when it is time to look for work; it chooses a
 * database, asks the postmaster, which is the host, for a worker, and is gone. The worker vacuums and analyzes
 * what has passed PostgreSQL's thresholds in that database. */
#include "backend.h"

enum { WHERE_TO_SEND_NOTHING = 0 };

void AutoVacLauncherMain(const void *startup, size_t size);
void AutoVacWorkerMain(const void *startup, size_t size);

int pglite_autovacuum_naptime(void)
{
    if (strcmp(GetConfigOption("autovacuum", false, false), "on") != 0
        || strcmp(GetConfigOption("track_counts", false, false), "on") != 0)
        return 0;
    return atoi(GetConfigOption("autovacuum_naptime", false, false));
}

void pglite_begin_autovacuum(int process, bool is_worker)
{
    backend_leave_original(process);
    whereToSendOutput = WHERE_TO_SEND_NOTHING;
    if (is_worker)
        AutoVacWorkerMain(NULL, 0);
    /* A launcher with autovacuum off starts one worker and exits, which is meant for emergencies. */
    SetConfigOption("autovacuum", "off", PGC_SIGHUP, PGC_S_OVERRIDE);
    AutoVacLauncherMain(NULL, 0);
}
