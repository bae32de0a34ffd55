/* A copy of another engine's data directory in memory, as if that had been shut down. */
#ifndef PGN_ENGINE_COPY_H
#define PGN_ENGINE_COPY_H

#include "engine/cluster/cluster.h"

enum status copy_files(struct cluster *cluster, pgn_session *source, struct error *error);

#endif
