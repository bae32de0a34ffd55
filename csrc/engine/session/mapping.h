/* A session's instance: pristine, or mapped from an image; and written into one. */
#ifndef PGN_ENGINE_MAPPING_H
#define PGN_ENGINE_MAPPING_H

#include "engine/cluster/session.h"

/* The first session's, as cluster->options say, over the cluster's files. */
enum status session_open_instance(pgn_session *session, struct error *error);
void session_close_instance(pgn_session *session); /* any session's; idempotent */

/* The first session's, and the cluster's files. What they were mapped from keeps their memory for the next engine of it. */
void session_close_files(pgn_session *session);

/* An idle session, the only one, as an image, and the other way round. When mapping has failed the
   instance is no more. */
enum status session_write_image(pgn_session *session, pgn_image **image, struct error *error);
enum status session_map_image(pgn_session *session, pgn_image *image, struct error *error);

/* Its private memory as it is at this moment, in the middle of a call or not. */
enum status session_write_process(pgn_session *session, pgn_image **image, struct error *error);

/* The first session as it is after booting is how others begin. */
enum status session_write_template(pgn_session *session, struct error *error);

/* For a session that begins; false: no address space. */
bool session_renew_coroutine(pgn_session *session);

#endif
