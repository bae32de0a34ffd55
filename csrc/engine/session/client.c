/* A client's conversation, from its socket to the session and back, by the postmaster. No lock of Python's is taken
 * for it. What has to be looked at by Python ends pgn_serve, which is called again.
 */
#include "engine/session/client.h"

#include <string.h>

#include "engine/cluster/cluster.h"
#include "engine/cluster/postmaster.h"
#include "engine/session/call.h"
#include "engine/session/main_loop.h"
#include "engine/session/transport.h"
#include "platform/clock.h"
#include "platform/poller.h"
#include "platform/socket.h"

enum {
    LENGTH_SIZE = 4,
    TERMINATE = 'X',
    PART_SIZE = 256 << 10, /* of a reply, at least, but for the last */
    LISTENING_NS = 100000  /* a prompt client needs less to look at an answer and ask again */
};

/* In the thread of client_serve, which waits meanwhile. */
struct client {
    pgn_session *session;
    struct condition *condition; /* it is done: requests wake no other thread */
    int fd;
    uint8_t *buffer; /* for what comes */
    size_t size;
    size_t sent;     /* of the session's output */
    size_t received; /* in the buffer, by the courier */
    bool is_prompt;  /* the courier is to listen: it may ask again at once */
    int64_t sent_ns; /* by the courier */
    int watched;     /* the events the poller reports for the socket */
    bool is_readable, is_terminating, has_hung_up, is_gone;
    bool is_called; /* it is in a call */
    bool returns;   /* client_serve is to come back */
    bool is_done, is_over;
    enum status status;
    struct error error;
};

/* How many bytes of the stream are for the session: all up to a Terminate. */
static size_t frame(struct client *client, const uint8_t *bytes, size_t size)
{
    struct framing *framing = &client->session->framing;

    for (size_t at = 0; at < size;) {
        if (framing->left > 0) {
            size_t part = framing->left < size - at ? framing->left : size - at;

            framing->left -= (uint32_t) part;
            at += part;
            continue;
        }
        if (framing->header_size == 0 && bytes[at] == TERMINATE) {
            client->is_terminating = true;
            return at;
        }
        framing->header[framing->header_size++] = bytes[at++];
        if (framing->header_size == MESSAGE_HEADER_SIZE) {
            const uint8_t *length_at = framing->header + 1;
            uint32_t length = (uint32_t) length_at[0] << 24 | (uint32_t) length_at[1] << 16
                              | (uint32_t) length_at[2] << 8 | length_at[3];

            framing->header_size = 0;
            framing->left = length < LENGTH_SIZE ? 0
                                                 : length - LENGTH_SIZE; /* PostgreSQL refuses it */
        }
    }
    return size;
}

static void watch(struct client *client, int what)
{
    if (client->watched != what && !client->has_hung_up)
        poller_change(postmaster_poller(client->session->cluster), client->fd, what, client);
    client->watched = what;
}

static void finish(struct client *client)
{
    pgn_session *session = client->session;

    if (!client->has_hung_up)
        poller_remove(postmaster_poller(session->cluster), client->fd);
    client->is_done = true;
    session->client = NULL;
    session->inside = session->attended = false;
    condition_notify(session->condition);
    condition_notify(client->condition);
}

static void finish_with(struct client *client, const struct error *error)
{
    client->status = error->status;
    client->error = *error;
    finish(client);
}

static bool log_waits(const struct cluster *cluster)
{
    return cluster->log.written != cluster->log.taken;
}

/* Is client_serve to come back, when there is nothing else to do? */
static bool is_wanted(const struct client *client)
{
    return client->returns || log_waits(client->session->cluster);
}

/* Nothing is to be done before the client says something. */
static void rest(struct client *client)
{
    pgn_session *session = client->session;

    client->is_over |= client->is_gone || client->is_terminating || client->has_hung_up
                       || session->state == SESSION_ENDED;
    if (session->state == SESSION_POISONED) {
        finish_with(client, &session->failure);
    } else if (client->is_over || atomic_load(&session->closing)
               || (client->received == 0 && is_wanted(client))) {
        finish(client);
    } else {
        session->inside = session->attended = false;
        condition_notify(session->condition);
        watch(client, POLLER_READABLE);
        if (client->received > 0)
            postmaster_push(session);
    }
}

static bool has_output(const struct client *client)
{
    return client->sent < client->session->output_size;
}

/* Bytes sent, SOCKET_LATER or SOCKET_GONE. */
static ssize_t send_part(struct client *client)
{
    const pgn_session *session = client->session;
    ssize_t count = socket_send(client->fd, session->output + client->sent,
                                session->output_size - client->sent);

    if (count > 0)
        client->sent += (size_t) count;
    return count;
}

/* Sends what there is. False: the socket has no room for the rest. */
static bool send_output(struct client *client)
{
    pgn_session *session = client->session;

    while (has_output(client) && !client->is_gone) {
        ssize_t count = send_part(client);

        if (count == SOCKET_LATER && !atomic_load(&session->closing)
            && session->state != SESSION_ENDED) {
            watch(client, POLLER_WRITABLE);
            return false;
        }
        if (count == SOCKET_LATER) {
            socket_hang_up(client->fd); /* in the middle of a message: nothing can follow */
            count = SOCKET_GONE;
        }
        if (count == SOCKET_GONE)
            client->is_gone = true;
    }
    session->output_size = client->sent = 0;
    return true;
}

void client_lend(pgn_session *session)
{
    session->client->is_prompt = session->state == SESSION_IDLE && !call_is_unfinished(session)
                                 && !is_wanted(session->client);
}

/* What is left, and whether the client is gone, client_rest finds out. */
void client_send(pgn_session *session)
{
    struct client *client = session->client;

    while (has_output(client) && send_part(client) > 0)
        ;
    client->sent_ns = platform_monotonic_ns();
}

/* Whether the client is gone, client_begin finds out. */
bool client_listen(pgn_session *session)
{
    struct client *client = session->client;
    ssize_t count;

    if (!client->is_prompt || has_output(client) || atomic_load(&session->closing))
        return false;
    count = socket_receive(client->fd, client->buffer, client->size);
    if (count > 0)
        client->received = (size_t) count;
    return count == SOCKET_LATER && platform_monotonic_ns() - client->sent_ns < LISTENING_NS;
}

static void abandon(pgn_session *session)
{
    session->abandoned = session->discarding = true;
    session_request_cancel(session);
    cluster_wake(session);
}

/* It waits, or its time slice is over. What PostgreSQL has flushed meanwhile, notices above all, is sent now as far as
   there is room. A client that was gone before its request began has it run as far as here: short statements are
   executed, as PostgreSQL does, and long ones end. */
void client_pass_on(pgn_session *session)
{
    struct client *client = session->client;

    if (client->is_gone && !session->abandoned)
        abandon(session);
    if (session->discarding || !transport_drain(session) || !has_output(client))
        return;
    if (send_part(client) == SOCKET_GONE)
        client->is_gone = true;
    if (!has_output(client))
        session->output_size = client->sent = 0;
}

void client_rest(pgn_session *session)
{
    struct client *client = session->client;

    if (!send_output(client))
        return;
    if (call_is_unfinished(session)) {
        if (client->is_gone && !session->abandoned)
            abandon(session);
        postmaster_push(session);
        return;
    }
    if (client->is_called) {
        client->is_called = session->abandoned = session->discarding = false;
        call_end(session);
    }
    rest(client);
}

/* What has come, as a call. False: there is nothing to be run. */
static bool receive(struct client *client)
{
    pgn_session *session = client->session;
    ssize_t count = client->received > 0 ? (ssize_t) client->received
                                         : socket_receive(client->fd, client->buffer, client->size);
    struct error error;
    size_t size;

    client->is_readable = false;
    client->received = 0;
    if (count == SOCKET_LATER)
        return atomic_load(&session->signals) || host_timer_is_due(&session->instance.host);
    if (count == SOCKET_GONE) {
        client->is_gone = true;
        return false;
    }
    size = frame(client, client->buffer, (size_t) count);
    if (size == 0)
        return false;
    if (call_begin(session, client->buffer, size, &error)) {
        finish_with(client, &error);
        return false;
    }
    client->is_called = true;
    return true;
}

bool client_begin(pgn_session *session)
{
    struct client *client = session->client;

    session->output_limit = PART_SIZE;
    if (!(client->is_readable || client->received > 0) || session->state == SESSION_ENDED
        || session->state == SESSION_POISONED) {
        if (session->state < SESSION_HAS_OUTPUT
            && (atomic_load(&session->signals) || host_timer_is_due(&session->instance.host)))
            return true;
        client_rest(session); /* what it has said before */
        return false;
    }
    if (receive(client))
        return true;
    if (!client->is_done)
        rest(client);
    return false;
}

void client_event(struct client *client, int what)
{
    pgn_session *session = client->session;

    if (what & POLLER_HANGUP) {
        poller_remove(postmaster_poller(session->cluster), client->fd);
        client->has_hung_up = client->is_gone = true;
        if (session->attended)
            abandon(session);
        else
            client->is_readable = true;
    }
    if (what & POLLER_READABLE)
        client->is_readable = true;
    if (session->attended && what & POLLER_WRITABLE) {
        watch(client, 0);
        if (!session->is_answered) /* else the postmaster has yet to call client_rest */
            client_rest(session);
    } else if (session->inside || session->suspended) {
        watch(client, client->watched & ~POLLER_READABLE); /* until it is at rest */
    } else {
        postmaster_push(session);
    }
}

void client_return(pgn_session *session)
{
    if (!session->client)
        return;
    session->client->returns = true;
    postmaster_push(session);
}

/* Inside the monitor. */
static enum status serve(struct client *client)
{
    pgn_session *session = client->session;
    struct cluster *cluster = session->cluster;
    struct error reason;

    if (session->closed || atomic_load(&session->closing)) /* since the gate was left */
        return error_set(&client->error, STATUS_CLOSED, "%s", status_message(STATUS_CLOSED));
    if (!postmaster_need(cluster, &reason))
        return error_set(&client->error, STATUS_NO_MEMORY, "a client cannot be served: %s",
                         reason.message);
    if (!client->condition
        || !poller_add(postmaster_poller(cluster), client->fd, POLLER_READABLE, client))
        return error_set(&client->error, STATUS_NO_MEMORY, "no memory to serve a client");
    client->watched = POLLER_READABLE;
    session->client = client;
    postmaster_push(session);
    while (!client->is_done)
        condition_wait(client->condition, cluster->monitor, INT64_MAX);
    return client->status;
}

enum status client_serve(pgn_session *session, int fd, uint8_t *buffer, size_t size, bool *over,
                         struct error *error)
{
    struct cluster *cluster = session->cluster;
    struct client client = {.session = session, .fd = fd, .buffer = buffer, .size = size};
    enum status status;

    client.condition = condition_open();
    monitor_enter(cluster->monitor);
    status = serve(&client);
    monitor_leave(cluster->monitor);
    condition_close(client.condition);
    *over = client.is_over;
    if (status)
        *error = client.error;
    return status;
}
