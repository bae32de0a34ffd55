/* Requests to sync a file with the next checkpoint, or to remove it afterwards: the cluster's, and not those of the
 * process that has written. */
#ifndef PGLITE_SYNC_REQUESTS_H
#define PGLITE_SYNC_REQUESTS_H

#include "postgres-abi.h"

/* The process may add to the list, as it begins a checkpoint. It has the checkpoint's lock. */
GUEST_LOCAL void sync_requests_open(void);
/* What a checkpoint has left, or the recovery before the first one, is for the next checkpoint of any process. Cheap
 * where there is nothing. */
GUEST_LOCAL void sync_requests_close(void);

GUEST_LOCAL void *checkpoint_lock(void);

#endif
