/* From the layers' errors to the interface's. */
#ifndef PGN_ENGINE_API_H
#define PGN_ENGINE_API_H

#include "base/status.h"
#include "engine/pglite_native.h"

/* Copies the error, if the caller wants it, and returns its status. */
int api_error(pgn_error *to, const struct error *from);

#endif
