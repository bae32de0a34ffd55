/* Pack: a read-only file tree as one mapped file. Format: docs/PACK.md. */
#ifndef PGN_VFS_PACK_H
#define PGN_VFS_PACK_H

#include <stdbool.h>

#include "base/status.h"

struct pack;

/* Maps and validates the file at path. */
enum status pack_open(const char *path, struct pack **pack, struct error *error);

/* To be called when no VFS has it mounted. NULL is fine. */
void pack_close(struct pack *pack);

/* Around fork(), in the thread that forks: no other is unpacking anything of it then. NULL is fine. */
void pack_lock(const struct pack *pack);
void pack_unlock(const struct pack *pack);

/* Writes the pack's tree below an existing, open host directory, synced when sync is set: a fresh
   data directory from the packaged cluster. Files get the pack's permission bits. */
enum status pack_extract(const struct pack *pack, int host_fd, bool sync, struct error *error);

#endif
