/* Before a session waits for its client. */
#include "sync-requests.h"
#include "wrapped.h"

enum { SNAPSHOT_HEAP_NODE_AT = 52 };

/* InvalidateCatalogSnapshotConditionally, which PostgresMain's loop begins with: PGlite leaves it for the next
 * command. Until then a session that is idle in a transaction would hold back others that wait for old snapshots. */
static void release_catalog_snapshot(void)
{
    const PGPairingHeapNode *root = RegisteredSnapshots.root;

    if (CatalogSnapshot == NULL || ActiveSnapshot != NULL || root == NULL
        || root->first_child != NULL)
        return;
    pairingheap_remove(&RegisteredSnapshots,
                       (PGPairingHeapNode *) (CatalogSnapshot + SNAPSHOT_HEAP_NODE_AT));
    CatalogSnapshot = NULL;
    TransactionXmin = MyProc->xmin = 0;
}

void __real_PostgresSendReadyForQueryIfNecessary(void);

void __wrap_PostgresSendReadyForQueryIfNecessary(void)
{
    release_catalog_snapshot();
    __real_PostgresSendReadyForQueryIfNecessary();
    sync_requests_close();
    *my_wait_event_info = PG_WAIT_CLIENT_READ;
}
