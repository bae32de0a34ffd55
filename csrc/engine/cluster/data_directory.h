/* A durable data directory: made, locked, filled. */
#ifndef PGN_ENGINE_DATA_DIRECTORY_H
#define PGN_ENGINE_DATA_DIRECTORY_H

#include "base/status.h"

struct cluster;

enum status data_dir_open(struct cluster *cluster, const char *path, struct error *error);

/* It has been filled, by initdb or by the caller. Does nothing in memory. */
enum status data_dir_complete(struct cluster *cluster, struct error *error);
void data_dir_close(struct cluster *cluster); /* what is incomplete is removed; idempotent */

#endif
