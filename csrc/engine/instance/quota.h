/* What memory_limit does not limit. */
#ifndef PGN_ENGINE_QUOTA_H
#define PGN_ENGINE_QUOTA_H

#include "base/status.h"
#include "vfs/vfs.h"

enum status quota_exempt_bookkeeping(struct vfs *vfs, struct error *error);

#endif
