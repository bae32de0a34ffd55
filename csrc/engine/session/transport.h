/* Bytes between the caller and the guest's buffers. */
#ifndef PGN_ENGINE_TRANSPORT_H
#define PGN_ENGINE_TRANSPORT_H

#include "engine/cluster/session.h"

extern const struct host_upcalls engine_upcalls;

bool transport_open(pgn_session *session);
bool transport_input_waits(const pgn_session *session);
void transport_fill(pgn_session *session);
bool transport_drain(pgn_session *session);

#endif
