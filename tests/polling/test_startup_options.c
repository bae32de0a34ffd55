/* A startup packet's options: which settings they become, and how bad ones are refused. What is expected
 * was seen of a native PostgreSQL 18.6. */
#include "check.h"
#include "fake_postgres.h"
#include "session.h"

enum { LOG_SIZE = 1024 };

/* "name=value;" for each SetConfigOption. */
static char settings[LOG_SIZE];
static int last_context;

void SetConfigOption(const char *name, const char *value, int context, int source)
{
    size_t length = strlen(settings);

    CHECK_INT(PGC_S_CLIENT, source);
    last_context = context;
    snprintf(settings + length, sizeof settings - length, "%s=%s;", name, value);
}

/* The backend frees by memory context; here one is enough. */
static void *allocations[64];
static size_t allocation_count;

char *pstrdup(const char *text)
{
    CHECK_INT(true, allocation_count < sizeof allocations / sizeof allocations[0]);
    return allocations[allocation_count++] = strdup(text);
}

static void free_all(void)
{
    while (allocation_count > 0)
        free(allocations[--allocation_count]);
}

static void apply(const char *options)
{
    char *copy = strdup(options); /* exactly as long as it is */
    PGPort port = {.command_line_options = copy};

    settings[0] = '\0';
    FAKE_TRY(session_apply_startup_options(&port, false));
    free_all();
    free(copy);
}

static void test_settings(void)
{
    static const struct {
        const char *options;
        const char *settings;
    } cases[] = {
        {"", ""},
        {"  \t ", ""},
        {"--", ""},
        {"-c work_mem=1MB", "work_mem=1MB;"},
        {"-cwork_mem=1MB", "work_mem=1MB;"},
        {"--work-mem=1MB", "work_mem=1MB;"},
        {"  -c  work_mem=1MB\t-c\nport=1  ", "work_mem=1MB;port=1;"},
        {"-c search_path=a\\ b", "search_path=a b;"},
        {"-c search_path=a\\\\b", "search_path=a\\b;"},
        {"-c a=b=c", "a=b=c;"},
        {"-c a-b=c-d", "a_b=c-d;"},
        {"-c a=", "a=;"},
        {"-c =1", "=1;"},
        {"-c a=b\\", "a=b;"},
        {"-S 2000 -B 5 -N 6 -W 7", "work_mem=2000;shared_buffers=5;max_connections=6;"
                                   "post_auth_delay=7;"},
        {"-h x -k y -p 5", "listen_addresses=x;unix_socket_directories=y;port=5;"},
        {"-eFilOPs", "datestyle=euro;fsync=false;listen_addresses=*;ssl=true;"
                     "allow_system_table_mods=true;ignore_system_indexes=true;"
                     "log_statement_stats=true;"},
        {"-bEjnT -C x -D y -r z -v 3", ""},
        {"-fs -fi -fo -fb", "enable_seqscan=false;enable_indexscan=false;"
                            "enable_indexonlyscan=false;enable_bitmapscan=false;"},
        {"-ft -fn -fm -fhx", "enable_tidscan=false;enable_nestloop=false;enable_mergejoin=false;"
                             "enable_hashjoin=false;"},
        {"-tpa -tpl -tex", "log_parser_stats=true;log_planner_stats=true;log_executor_stats=true;"},
        {"-d 0", "log_min_messages=notice;"},
        {"-d x", "log_min_messages=notice;"},
        {"-d 1", "log_min_messages=debug1;"},
        {"-d 2", "log_min_messages=debug2;log_statement=all;"},
        {"-d5", "log_min_messages=debug5;log_statement=all;debug_print_parse=true;"
                "debug_print_plan=true;debug_print_rewritten=true;"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        apply(cases[i].options);
        CHECK_TEXT("", fake_error_text());
        CHECK_TEXT(cases[i].settings, settings);
    }
}

static void test_refusals(void)
{
    static const struct {
        const char *options;
        const char *argument;
    } cases[] = {
        {"foo", "foo"},
        {"-", "-"},
        {"-c", "-c"},
        {"-W", "-W"},
        {"-sc", "-sc"},
        {"-Z", "-Z"},
        {"-sZ", "-sZ"},
        {"-fx", "-fx"},
        {"-f x", "x"},
        {"-tx", "-tx"},
        {"-t p", "p"},
        {"-t", "-t"},
        {"-ttpa", "-ttpa"},
        {"-c a=1 foo", "foo"},
        {"foo -c a=1 bar", "foo"},
        {"-- -c a=1", "-c"},
        {"foo -- bar", "foo"},
    };
    char expected[256];

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        apply(cases[i].options);
        snprintf(expected, sizeof expected,
                 "42601 invalid command-line argument for server process: %s"
                 " (Try \"postgres --help\" for more information.)"
                 " @postgres.c:4026 process_postgres_switches",
                 cases[i].argument);
        CHECK_TEXT(expected, fake_error_text());
    }
    apply("foo -c a=1 bar"); /* switches behind a stray word count */
    CHECK_TEXT("a=1;", settings);

    apply("-c work_mem");
    CHECK_TEXT("42601 -c work_mem requires a value @postgres.c:3879 process_postgres_switches",
               fake_error_text());
    apply("--work-mem");
    CHECK_TEXT("42601 --work-mem requires a value @postgres.c:3874 process_postgres_switches",
               fake_error_text());
    apply("--single");
    CHECK_TEXT("42601 --single must be first argument @postgres.c:3860 process_postgres_switches",
               fake_error_text());
    apply("--check=1"); /* a name like another, and so a setting */
    CHECK_TEXT("check=1;", settings);
}

static void test_packet(void)
{
    void *elements[] = {"work_mem", "2MB", "application_name", "test"};
    PGList list = {.length = 4, .elements = elements};
    PGPort port = {.settings = &list};

    settings[0] = '\0';
    session_apply_startup_options(&port, false);
    CHECK_TEXT("work_mem=2MB;application_name=test;", settings);
    CHECK_INT(PGC_BACKEND, last_context);

    /* Both: the command line first, so that a setting by name wins. */
    port.command_line_options = "-c work_mem=1MB";
    list.length = 2;
    settings[0] = '\0';
    session_apply_startup_options(&port, true);
    CHECK_TEXT("work_mem=1MB;work_mem=2MB;", settings);
    CHECK_INT(PGC_SU_BACKEND, last_context);
    free_all();
}

int main(void)
{
    test_settings();
    test_refusals();
    test_packet();
    puts("ok");
    return 0;
}
