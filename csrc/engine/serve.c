/* A client's conversation without its caller: from the socket to the engine and back, for as long as
 * nothing but ordinary requests comes. Between two of them no lock of Python's is taken, which is most of
 * what a short statement cost on a socket.
 */
#include "engine/api.h"
#include "engine/engine.h"
#include "platform/socket.h"

enum {
    HEADER_SIZE = 5, /* of a message: its type, and a length that counts itself */
    LENGTH_SIZE = 4,
    PART_SIZE = 256 << 10 /* of a reply, at least, but for the last */
};

/* Are these whole messages, and all for the backend? Terminate is not: it would end a session that others
   may go on with; nor is what has no type, as a startup packet. */
static bool are_requests(const uint8_t *bytes, size_t size)
{
    while (size >= HEADER_SIZE) {
        uint32_t length = (uint32_t) bytes[1] << 24 | (uint32_t) bytes[2] << 16 | bytes[3] << 8
                          | bytes[4];

        if (bytes[0] == 'X' || bytes[0] == 0 || length < LENGTH_SIZE || length >= size)
            return false;
        bytes += 1 + length;
        size -= 1 + (size_t) length;
    }
    return size == 0;
}

/* One exchange. *over: the session has ended, or there is nobody to hear the rest. */
static int answer(pgn_session *session, const struct socket *client, const uint8_t *bytes,
                  size_t size, pgn_reply *reply, bool *over)
{
    bool heard = true;
    int status = pgn_exec(session, bytes, size, PART_SIZE, reply);

    if (status)
        return status;
    if (reply->ended) {
        *over = !socket_send(client, reply->short_bytes, reply->size) || reply->over;
        return STATUS_OK;
    }
    while (!status && heard && (reply->size > 0 || reply->paused)) {
        heard = socket_send(client, reply->bytes, reply->size);
        if (heard)
            status = pgn_next(session, PART_SIZE, reply);
    }
    pgn_end(session, NULL); /* refused only when closed meanwhile: then the call has ended */
    *over = !heard || reply->over;
    return status;
}

int pgn_serve(pgn_session *session, int fd, uint8_t *buffer, size_t size, size_t *received,
              bool *over, pgn_reply *reply)
{
    struct socket client = {.fd = fd, .is_prompt = true};
    int status = STATUS_OK;

    *received = 0;
    *over = false;
    reply->log_size = 0;
    while (!status && !*over && reply->log_size == 0
           && !atomic_exchange(&session->beckoned, false)) {
        int count = socket_receive(&client, buffer, size);

        if (count == SOCKET_INTERRUPTED)
            break;
        if (count == SOCKET_GONE) {
            *over = true;
        } else if (are_requests(buffer, (size_t) count)) {
            status = answer(session, &client, buffer, (size_t) count, reply, over);
        } else {
            *received = (size_t) count;
            break;
        }
    }
    return status;
}
