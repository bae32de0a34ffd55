/* Engines: a cluster with its first session, opened and closed. */
#ifndef PGN_ENGINE_ENGINE_H
#define PGN_ENGINE_ENGINE_H

#include "engine/api/pglite_native.h"
#include "engine/cluster/cluster.h"

enum status engine_open(pgn_runtime *runtime, const pgn_options *options, pgn_session **session,
                        struct error *error);

/* All sessions but the first end. */
void engine_close_others(struct cluster *cluster);

#endif
