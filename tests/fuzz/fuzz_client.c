/* A client's conversation with an engine that serves its socket: it is answered, and once the client is gone it is over.
 *
 * The answers' bytes are fuzz_protocol's matter; here it is how they are carried.
 */
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "engine.h"

enum {
    BUFFER_SIZE = 512, /* small: a request takes several calls */
    PATIENCE_S = 3     /* then a statement takes long, and the client leaves */
};

struct service {
    pgn_session *session;
    int fd;
};

static struct conversation conversation;
static struct transcript answers;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void) argc, (void) argv;
    engine_prepare();
    return 0;
}

static void *serve(void *argument)
{
    struct service *service = argument;
    uint8_t buffer[BUFFER_SIZE];
    bool over = false;
    int status = 0;
    pgn_reply *reply = malloc(sizeof *reply);

    FUZZ_CHECK(reply);
    while (!over && !status) {
        char log[256];

        status = pgn_serve(service->session, service->fd, buffer, sizeof buffer, &over, reply);
        while (pgn_log(service->session, log, sizeof log) > 0)
            ;
    }
    if (status && strcmp(pgn_status_name(status), "CLOSED") != 0) {
        fprintf(stderr, "%s: %s\n", pgn_status_name(status), reply->error.message);
        abort();
    }
    shutdown(service->fd, SHUT_RDWR);
    free(reply);
    return NULL;
}

/* False: the other side has ended it. */
static bool receive(int fd)
{
    ssize_t count = recv(fd, answers.bytes + answers.size, TRANSCRIPT_MAX - answers.size, 0);

    if (count > 0)
        answers.size += (size_t) count;
    answers.is_cut = answers.size == TRANSCRIPT_MAX;
    return count > 0;
}

static bool is_answered(size_t sent)
{
    return sent == conversation.size && (!conversation.is_whole || transcript_is_sane(&answers));
}

/* Sends in pieces and receives as answers come, until there is nothing to wait for. */
static void talk(int fd, size_t piece)
{
    time_t end = time(NULL) + PATIENCE_S;
    size_t sent = 0;

    while (!is_answered(sent) && !answers.is_cut && time(NULL) < end) {
        struct pollfd wanted = {.fd = fd, .events = POLLIN};

        if (sent < conversation.size)
            wanted.events |= POLLOUT;
        poll(&wanted, 1, 1000);
        if (wanted.revents & (POLLIN | POLLHUP) && !receive(fd))
            break;
        if (wanted.revents & POLLOUT) {
            size_t left = conversation.size - sent;
            ssize_t count = send(fd, conversation.bytes + sent, left < piece ? left : piece,
                                 MSG_NOSIGNAL | MSG_DONTWAIT);

            sent += count > 0 ? (size_t) count : 0;
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct input input = {bytes, bytes + size};
    uint8_t how = input_byte(&input);
    struct service service = {.session = engine_fork()};
    pthread_t thread;
    int fds[2];

    conversation_read(&conversation, &input);
    conversation_add_check(&conversation);
    answers.size = 0;
    answers.is_cut = false;
    FUZZ_CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
    service.fd = fds[0];
    FUZZ_CHECK(pthread_create(&thread, NULL, serve, &service) == 0);
    talk(fds[1], how ? how : conversation.size);
    close(fds[1]);
    FUZZ_CHECK(pthread_join(thread, NULL) == 0);
    close(fds[0]);
    transcript_count(&answers);
    pgn_free(service.session);
    return 0;
}
