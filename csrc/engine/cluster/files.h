/* A cluster's files: the arena, and the name space in it. */
#ifndef PGN_ENGINE_FILES_H
#define PGN_ENGINE_FILES_H

#include "base/status.h"

struct cluster;

/* As cluster->options say. Where an image brings the files, and where they come from another engine or the caller,
   there is but a place for them then. */
enum status cluster_open_files(struct cluster *cluster, struct error *error);

/* What lies around the arena's bytes, which are those of an image. */
enum status cluster_attach_files(struct cluster *cluster, struct error *error);

/* The name space is closed; the arena's bytes are there. Idempotent. */
void cluster_detach_files(struct cluster *cluster);

void cluster_close_files(struct cluster *cluster); /* and the images; idempotent */

#endif
