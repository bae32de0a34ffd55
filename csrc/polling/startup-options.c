/* The options of a startup packet: the switches of the postgres command line that a client may give as
 * "options", and the settings given by name. Errors are worded and located as PostgreSQL 18.6's. */
#include "session.h"

#define SQLSTATE_SYNTAX_ERROR PG_SQLSTATE('4', '2', '6', '0', '1')

static const char source_file[] = "postgres.c";
static const char source_function[] = "process_postgres_switches";

typedef struct Session {
    int context; /* GucContext: what the user may set */
} Session;

static void set(const Session *session, const char *name, const char *value)
{
    SetConfigOption(name, value, session->context, PGC_S_CLIENT);
}

/* Words */

static bool is_space(char character)
{
    return character == ' ' || ('\t' <= character && character <= '\r');
}

/* Cuts the next word off *rest, in place: spaces separate, a backslash takes the next character as it is.
 * NULL at the end. */
static char *next_word(char **rest)
{
    char *from = *rest;
    char *word;
    char *to;

    while (is_space(*from))
        from++;
    if (*from == '\0')
        return NULL;
    for (word = to = from; *from != '\0' && !is_space(*from); from++) {
        if (*from == '\\' && *++from == '\0')
            break;
        *to++ = *from;
    }
    *rest = *from == '\0' ? from : from + 1;
    *to = '\0';
    return word;
}

/* Switches */

typedef enum SwitchKind {
    SWITCH_IGNORED,
    SWITCH_IGNORED_VALUE, /* takes a value, which is ignored too */
    SWITCH_SETS,          /* sets `setting` to `value` */
    SWITCH_SETS_VALUE,    /* sets `setting` to the value it takes */
    SWITCH_NAMED,         /* takes NAME=VALUE */
    SWITCH_DEBUG,
    SWITCH_PLANNER,
    SWITCH_STATISTICS,
} SwitchKind;

typedef struct Switch {
    char letter;
    uint8_t kind;
    const char *setting;
    const char *value;
} Switch;

/* As documented for the postgres command. Those that only a standalone server heeds are ignored. */
static const Switch switches[] = {
    {'B', SWITCH_SETS_VALUE, "shared_buffers", NULL},
    {'b', SWITCH_IGNORED, NULL, NULL},
    {'C', SWITCH_IGNORED_VALUE, NULL, NULL},
    {'c', SWITCH_NAMED, NULL, NULL},
    {'D', SWITCH_IGNORED_VALUE, NULL, NULL},
    {'d', SWITCH_DEBUG, NULL, NULL},
    {'E', SWITCH_IGNORED, NULL, NULL},
    {'e', SWITCH_SETS, "datestyle", "euro"},
    {'F', SWITCH_SETS, "fsync", "false"},
    {'f', SWITCH_PLANNER, NULL, NULL},
    {'h', SWITCH_SETS_VALUE, "listen_addresses", NULL},
    {'i', SWITCH_SETS, "listen_addresses", "*"},
    {'j', SWITCH_IGNORED, NULL, NULL},
    {'k', SWITCH_SETS_VALUE, "unix_socket_directories", NULL},
    {'l', SWITCH_SETS, "ssl", "true"},
    {'N', SWITCH_SETS_VALUE, "max_connections", NULL},
    {'n', SWITCH_IGNORED, NULL, NULL},
    {'O', SWITCH_SETS, "allow_system_table_mods", "true"},
    {'P', SWITCH_SETS, "ignore_system_indexes", "true"},
    {'p', SWITCH_SETS_VALUE, "port", NULL},
    {'r', SWITCH_IGNORED_VALUE, NULL, NULL},
    {'S', SWITCH_SETS_VALUE, "work_mem", NULL},
    {'s', SWITCH_SETS, "log_statement_stats", "true"},
    {'T', SWITCH_IGNORED, NULL, NULL},
    {'t', SWITCH_STATISTICS, NULL, NULL},
    {'v', SWITCH_IGNORED_VALUE, NULL, NULL},
    {'W', SWITCH_SETS_VALUE, "post_auth_delay", NULL},
    {'-', SWITCH_NAMED, NULL, NULL}, /* --NAME=VALUE */
};

static const Switch *find_switch(char letter)
{
    for (size_t i = 0; i < sizeof switches / sizeof switches[0]; i++)
        if (switches[i].letter == letter)
            return &switches[i];
    return NULL;
}

static bool takes_value(const Switch *option)
{
    return option->kind != SWITCH_IGNORED && option->kind != SWITCH_SETS;
}

/* What the postgres command does instead of serving if it is its first argument. */
static bool is_dispatch_option(const char *name)
{
    static const char *const names[] = {"check", "boot", "describe-config", "single"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

static _Noreturn void refuse_named(const char *format, const char *text, int line)
{
    errstart(PG_ERROR, NULL);
    errcode(SQLSTATE_SYNTAX_ERROR);
    errmsg(format, text);
    errfinish(source_file, line, source_function);
    __builtin_unreachable();
}

static void set_named(const Session *session, char letter, const char *text)
{
    char *name = pstrdup(text);
    const char *value = NULL;

    if (letter == '-' && is_dispatch_option(text))
        refuse_named("--%s must be first argument", text, 3860);
    for (char *next = name; *next != '\0' && value == NULL; next++) {
        if (*next == '-')
            *next = '_';
        if (*next == '=') {
            *next = '\0';
            value = next + 1;
        }
    }
    if (value == NULL && letter == '-')
        refuse_named("--%s requires a value", text, 3874);
    if (value == NULL)
        refuse_named("-c %s requires a value", text, 3879);
    set(session, name, value);
}

static void set_debug_level(const Session *session, const char *text)
{
    /* Each level adds to those below it. */
    static const struct {
        const char *setting;
        const char *value;
    } added[] = {
        {"log_statement", "all"},
        {"debug_print_parse", "true"},
        {"debug_print_plan", "true"},
        {"debug_print_rewritten", "true"},
    };
    enum { FIRST_ADDING_LEVEL = 2 };
    char name[32];
    int level = atoi(text);

    if (level <= 0) {
        set(session, "log_min_messages", "notice");
        return;
    }
    snprintf(name, sizeof name, "debug%d", level);
    set(session, "log_min_messages", name);
    for (int i = 0; i < (int) (sizeof added / sizeof added[0]); i++)
        if (level >= i + FIRST_ADDING_LEVEL)
            set(session, added[i].setting, added[i].value);
}

/* -f forbids a kind of scan or join. */
static bool forbid_plan(const Session *session, char letter)
{
    static const struct {
        char letter;
        const char *setting;
    } plans[] = {
        {'s', "enable_seqscan"},    {'i', "enable_indexscan"}, {'o', "enable_indexonlyscan"},
        {'b', "enable_bitmapscan"}, {'t', "enable_tidscan"},   {'n', "enable_nestloop"},
        {'m', "enable_mergejoin"},  {'h', "enable_hashjoin"},
    };

    for (size_t i = 0; i < sizeof plans / sizeof plans[0]; i++) {
        if (plans[i].letter == letter) {
            set(session, plans[i].setting, "false");
            return true;
        }
    }
    return false;
}

/* -t pa, pl or e: statistics of parser, planner or executor. */
static bool log_statistics(const Session *session, const char *text)
{
    const char *setting = NULL;

    if (text[0] == 'p' && text[1] == 'a')
        setting = "log_parser_stats";
    else if (text[0] == 'p' && text[1] == 'l')
        setting = "log_planner_stats";
    else if (text[0] == 'e')
        setting = "log_executor_stats";
    if (setting != NULL)
        set(session, setting, "true");
    return setting != NULL;
}

/* False if the value is none that the switch knows. */
static bool apply_switch(const Session *session, const Switch *option, const char *value)
{
    switch ((SwitchKind) option->kind) {
    case SWITCH_IGNORED:
    case SWITCH_IGNORED_VALUE:
        break;
    case SWITCH_SETS:
        set(session, option->setting, option->value);
        break;
    case SWITCH_SETS_VALUE:
        set(session, option->setting, value);
        break;
    case SWITCH_NAMED:
        set_named(session, option->letter, value);
        break;
    case SWITCH_DEBUG:
        set_debug_level(session, value);
        break;
    case SWITCH_PLANNER:
        return forbid_plan(session, value[0]);
    case SWITCH_STATISTICS:
        return log_statistics(session, value);
    }
    return true;
}

static _Noreturn void refuse_argument(const char *argument)
{
    errstart(PG_ERROR, NULL);
    errcode(SQLSTATE_SYNTAX_ERROR);
    errmsg("invalid command-line argument for server process: %s", argument);
    errhint("Try \"%s --help\" for more information.", "postgres");
    errfinish(source_file, 4026, source_function);
    __builtin_unreachable();
}

/* The switches of one word: letters that take no value may share it with others, a value is the rest of the
 * word or the next word. Returns the word to complain of, or NULL. */
static const char *apply_word(const Session *session, const char *word, char **rest)
{
    for (const char *letter = word + 1; *letter != '\0'; letter++) {
        const Switch *option = find_switch(*letter);
        const char *value = letter + 1;
        const char *last = word;

        if (option == NULL)
            return word;
        if (!takes_value(option)) {
            apply_switch(session, option, NULL);
            continue;
        }
        if (*value == '\0')
            last = value = next_word(rest);
        if (value == NULL)
            return word;
        return apply_switch(session, option, value) ? NULL : last;
    }
    return NULL;
}

/* As getopt: words that are no switches are passed over, and complained of when all switches are done. */
static void apply_command_line(const Session *session, const char *options)
{
    char *rest = pstrdup(options);
    const char *stray = NULL;
    char *word;

    while ((word = next_word(&rest)) != NULL) {
        const char *bad = NULL;

        if (strcmp(word, "--") == 0)
            break;
        if (word[0] == '-' && word[1] != '\0')
            bad = apply_word(session, word, &rest);
        else if (stray == NULL)
            stray = word;
        if (bad != NULL)
            refuse_argument(bad);
    }
    if (stray == NULL)
        stray = next_word(&rest); /* what follows "--" */
    if (stray != NULL)
        refuse_argument(stray);
}

void session_apply_startup_options(const PGPort *port, bool is_superuser)
{
    const Session session = {.context = is_superuser ? PGC_SU_BACKEND : PGC_BACKEND};

    if (port->command_line_options != NULL)
        apply_command_line(&session, port->command_line_options);
    if (port->settings == NULL)
        return;
    for (int i = 0; i + 1 < port->settings->length; i += 2)
        set(&session, port->settings->elements[i], port->settings->elements[i + 1]);
}
