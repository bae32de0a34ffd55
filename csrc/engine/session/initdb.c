/* initdb, really run: initdb.wasm, which runs the postgres module as its child.
 *
 * Both share the engine's files. A child is an instance of its own that lives for one command, on
 * the same coroutine, with its descriptors 0 to 2 redirected as the command says.
 */
#include "engine/session/initdb.h"

#include <stdio.h>
#include <string.h>

#include "engine/cluster/cluster.h"
#include "engine/instance/limits.h"
#include "engine/instance/program.h"
#include "engine/session/main_loop.h"
#include "engine/session/transport.h"

enum {
    WORDS_MAX = 256,          /* of a command */
    STATUS_SHIFT = 8,         /* exit code n is wait status n << 8 */
    STATUS_KILLED = 6,        /* SIGABRT: what a trap looks like to initdb */
    VALUE_STACK = 8 * 1048576 /* for initdb itself; the child gets the engine's */
};

static const char postgres[] = "/pglite/bin/postgres";

/* A command line, taken apart. Words and file names point into its text. */
struct command {
    struct arguments words;
    const char *input, *output; /* redirections, NULL: none */
    char text[HOST_COMMAND_MAX];
};

/* The shell's word at *cursor, without its quotes and backslashes, written to *text; both move on.
   NULL when there is none. */
static const char *take_word(const char **cursor, char **text)
{
    const char *from = *cursor, *start = from, *word = *text;
    char *to = *text;
    char quote = 0;

    for (; *from && (quote || !strchr(" \t\n<>", *from)); from++) {
        if (quote ? *from == quote : *from == '"' || *from == '\'')
            quote = quote ? 0 : *from;
        else if (*from == '\\' && quote != '\'' && from[1])
            *to++ = *++from;
        else
            *to++ = *from;
    }
    *to++ = '\0';
    *cursor = from;
    *text = to;
    return from == start ? NULL : word;
}

/* What initdb writes: words, < file, > file, 2>&1. Nothing else of a shell's language. */
static bool parse_command(struct command *command, const char *cursor)
{
    static const char merge[] = "2>&1"; /* stdout and stderr both go to the log anyway */
    char *text = command->text;

    if (strlen(cursor) >= sizeof command->text - 1) /* a word takes what it has here, and a NUL */
        return false;
    while (*(cursor += strspn(cursor, " \t\n"))) {
        const char **redirection = NULL;
        const char *word;

        if (strncmp(cursor, merge, strlen(merge)) == 0) {
            cursor += strlen(merge);
            continue;
        }
        if (*cursor == '<' || *cursor == '>') {
            redirection = *cursor++ == '<' ? &command->input : &command->output;
            cursor += strspn(cursor, " \t\n");
        }
        word = take_word(&cursor, &text);
        if (!word)
            return false;
        if (redirection)
            *redirection = word;
        else if (command->words.count == WORDS_MAX || !arguments_add(&command->words, word))
            return false;
    }
    return command->words.count > 0;
}

/* Puts a file in a standard descriptor's place; *saved is what stood there, or -1. */
static int redirect(struct vfs *vfs, int fd, const char *path, int flags, int *saved)
{
    int opened, result;

    *saved = -1;
    if (!path)
        return 0;
    opened = vfs_openat(vfs, VFS_AT_CWD, path, flags, 0600);
    if (opened < 0)
        return opened;
    *saved = vfs_dup(vfs, fd, 3);
    result = vfs_dup_to(vfs, opened, fd);
    vfs_close_fd(vfs, opened);
    return result < 0 ? result : 0;
}

static void restore(struct vfs *vfs, int fd, int saved)
{
    if (saved < 0)
        return;
    vfs_dup_to(vfs, saved, fd);
    vfs_close_fd(vfs, saved);
}

/* A program from a pristine instance to its end: its exit code, or -1 when it trapped. */
static int run_program(struct host *host, const struct arguments *arguments)
{
    session_watch_stack(host->engine, host->guest);
    return program_start(host) ? -1 : program_run(host, arguments);
}

/* An instance of its own over the engine's files. */
static bool open_child(pgn_session *session, struct module_file *file, struct guest_module *module,
                       size_t stack_size, const struct host_upcalls *upcalls, struct host *host)
{
    struct cluster *cluster = session->cluster;
    struct error error;
    enum status status = program_open(file, module, stack_size, &cluster->arena, cluster->vfs, NULL,
                                      host, &error);

    host->upcalls = upcalls;
    host->engine = session;
    if (!status)
        return true;
    log_write(&cluster->log, 2, error.message, strlen(error.message));
    return false;
}

/* initdb's upcall: runs `/pglite/bin/postgres ...` to its end. */
static int run_postgres(void *context, const char *text, const char *input, const char *output)
{
    pgn_session *session = context;
    struct command command = {.words = {0, 0, NULL}};
    struct host child = {0};
    int saved_input = -1, saved_output = -1;
    int code = -1;

    if (!parse_command(&command, text) || strcmp(command.words.strings[0], postgres) != 0)
        code = 127;
    else if (redirect(session->cluster->vfs, 0, input ? input : command.input, VFS_O_RDONLY,
                      &saved_input)
                 < 0
             || redirect(session->cluster->vfs, 1, output ? output : command.output,
                         VFS_O_WRONLY | VFS_O_CREAT | VFS_O_TRUNC, &saved_output)
                    < 0)
        code = 126;
    else if (open_child(session, &session->cluster->runtime->module_file,
                        session->cluster->runtime->module, ENGINE_VALUE_STACK, &engine_upcalls,
                        &child))
        code = run_program(&child, &command.words);
    guest_close(child.guest);
    restore(session->cluster->vfs, 1, saved_output);
    restore(session->cluster->vfs, 0, saved_input);
    arguments_close(&command.words);
    return code < 0 ? STATUS_KILLED : code << STATUS_SHIFT;
}

static const struct host_upcalls initdb_upcalls = {.run = run_postgres};

/* Makes the cluster in /pglite/data, which is an empty directory. */
bool engine_initdb(pgn_session *session)
{
    struct arguments arguments = {0, 0, NULL};
    struct module_file *file = &session->cluster->runtime->initdb_file;
    struct guest_module *module = NULL;
    struct host host = {0};
    struct error error = {STATUS_BOOT, ""};
    char tail[LOG_TAIL_SIZE];
    bool complete = arguments_add(&arguments, "/pglite/bin/initdb");
    int code = -1;

    for (size_t i = 0; session->cluster->options->initdb_arguments[i]; i++)
        complete = complete
                   && arguments_add(&arguments, session->cluster->options->initdb_arguments[i]);
    complete = complete && arguments_add(&arguments, "-D")
               && arguments_add(&arguments, ENGINE_DATA_DIR);
    if (complete && !module_file_need(file, MODULE_WHOLE, &error)
        && !guest_module_open(file->bytes, file->size, NULL, &host_import_table, &module, &error)
        && open_child(session, file, module, VALUE_STACK, &initdb_upcalls, &host))
        code = run_program(&host, &arguments);
    if (code != 0) {
        const char *trap = host.guest ? guest_trap(host.guest) : NULL;

        log_tail(&session->cluster->log, tail);
        session_set_state(session, SESSION_ENDED);
        error_set(&session->failure, STATUS_BOOT, "initdb failed: %s%s%s", error.message,
                  trap ? trap : "", tail);
    }
    guest_close(host.guest);
    guest_module_close(module);
    arguments_close(&arguments);
    return code == 0;
}
