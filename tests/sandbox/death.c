/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions that end before their time: nothing of them is left. */
#include "tests/sandbox/start.h"

#include "tests/support/test.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The promise is a second; a loaded test machine gets three. */
#define GONE_WITHIN_US (3 * G_USEC_PER_SEC)
#define KILLS          150
#define SESSIONS       40

static pid_t
pid_of(const Session *session, const char *helper)
{
    g_autofree char *pattern = g_strdup_printf("%s (pid ", helper);
    const char *found = strstr(session->text->str, pattern);

    g_assert_nonnull(found);
    return atoi(found + strlen(pattern));
}

static bool
is_there(pid_t pid)
{
    return kill(pid, 0) == 0;
}

static const char *const helper_names[] = { "recorder", "resolver", "gateway",
                                            "netstack", "init" };

static Session
start_long(pid_t *out_pids)
{
    Session session = session_start("-v", "--", "sleep", "1000");

    session_wait_for(&session, "command starts");
    for (size_t i = 0; i < G_N_ELEMENTS(helper_names); i++)
        out_pids[i] = pid_of(&session, helper_names[i]);
    return session;
}

static void
assert_gone(const pid_t *pids)
{
    gint64 deadline_us = g_get_monotonic_time() + GONE_WITHIN_US;

    for (size_t i = 0; i < G_N_ELEMENTS(helper_names); i++)
        while (is_there(pids[i])) {
            if (g_get_monotonic_time() > deadline_us)
                g_error("%s is still there", helper_names[i]);
            g_usleep(1000);
        }
}

static void
test_helper_dies(gconstpointer data)
{
    size_t helper = GPOINTER_TO_SIZE(data);
    g_autofree char *expected = g_strdup_printf(
        "boundary-ns: %s died (signal 9): session ended\n", helper_names[helper]);
    g_autofree char *errors = NULL;
    pid_t pids[G_N_ELEMENTS(helper_names)];
    Session session;

    if (!session_can_start())
        return;
    session = start_long(pids);
    g_assert_cmpint(kill(pids[helper], SIGKILL), ==, 0);
    g_assert_cmpint(session_finish(&session, NULL, &errors), ==, EXIT(125));
    if (strstr(errors, expected) == NULL)
        g_error("no \"%s\" in \"%s\"", expected, errors);
    assert_gone(pids);
}

static void
test_supervisor_dies(void)
{
    pid_t pids[G_N_ELEMENTS(helper_names)];
    Session session;

    if (!session_can_start())
        return;
    session = start_long(pids);
    g_assert_cmpint(kill(session.pid, SIGKILL), ==, 0);
    g_assert_cmpint(session_finish(&session, NULL, NULL), ==, SIGKILL);
    assert_gone(pids);
}

/* How many processes have @marker in their command line. */
static unsigned
count_marked(const char *marker)
{
    g_autoptr(GDir) proc = g_dir_open("/proc", 0, NULL);
    const char *name;
    unsigned count = 0;

    while ((name = g_dir_read_name(proc)) != NULL) {
        g_autofree char *path = g_build_filename("/proc", name, "cmdline", NULL);
        g_autofree char *text = NULL;
        gsize len = 0;

        if (!g_ascii_isdigit(*name) || atoi(name) == getpid() ||
            !g_file_get_contents(path, &text, &len, NULL))
            continue;
        count += memmem(text, len, marker, strlen(marker)) != NULL;
    }
    return count;
}

/* The moments of a start are all hit: a pipe's end is seen by whoever holds it, however
 * early the supervisor died. netstack has the limit of names in its arguments. */
static void
test_supervisor_dies_early(void)
{
    unsigned names = 4000 + (unsigned)getpid() % 10000;
    g_autofree char *config = g_build_filename(session_home(), "limits.yaml", NULL);
    g_autofree char *text = g_strdup_printf("limits: {names: %u}\n", names);
    g_autofree char *marker = g_strdup_printf("%u", names);
    gint64 deadline_us;

    if (!session_can_start())
        return;
    g_assert_true(g_file_set_contents(config, text, -1, NULL));
    for (int i = 0; i < KILLS; i++) {
        Session session = session_start("-q", "-c", config, "--", "sleep", marker);

        g_usleep((gulong)g_test_rand_int_range(0, 30000));
        kill(session.pid, SIGKILL);
        while (waitpid(session.pid, NULL, 0) < 0)
            ;
        close(session.err);
        close(session.out);
        g_string_free(session.text, TRUE);
    }
    deadline_us = g_get_monotonic_time() + GONE_WITHIN_US;
    while (count_marked(marker) > 0 && g_get_monotonic_time() < deadline_us)
        g_usleep(1000);
    g_assert_cmpuint(count_marked(marker), ==, 0);
}

static void
test_many(void)
{
    Session sessions[SESSIONS];

    if (!session_can_start())
        return;
    for (int i = 0; i < SESSIONS; i++)
        sessions[i] = session_start("-q", "--", "sh", "-c", "exit 9");
    for (int i = 0; i < SESSIONS; i++)
        g_assert_cmpint(session_finish(&sessions[i], NULL, NULL), ==, EXIT(9));
}

static void
test_nothing_is_left(void)
{
    g_autofree char *before = NULL;
    g_autofree char *after = NULL;
    Session session;

    if (!session_can_start())
        return;
    g_assert_true(g_file_get_contents("/proc/self/mountinfo", &before, NULL, NULL));
    session = session_start("-q", "--", "true");
    g_assert_cmpint(session_finish(&session, NULL, NULL), ==, 0);
    g_assert_true(g_file_get_contents("/proc/self/mountinfo", &after, NULL, NULL));
    g_assert_cmpstr(before, ==, after);
    g_assert_cmpint(waitpid(-1, NULL, WNOHANG), <, 0);
}

int
main(int argc, char **argv)
{
    int status;

    bns_test_init(&argc, &argv, 60);
    session_init();
    for (size_t i = 0; i < G_N_ELEMENTS(helper_names); i++) {
        g_autofree char *path =
            g_strdup_printf("/sandbox/death/%s-dies-and-all-end", helper_names[i]);

        bns_test_add_data(path, GSIZE_TO_POINTER(i), test_helper_dies);
    }
    bns_test_add("/sandbox/death/supervisor-dies-and-all-end", test_supervisor_dies);
    bns_test_add("/sandbox/death/supervisor-dies-at-any-moment",
                 test_supervisor_dies_early);
    bns_test_add("/sandbox/death/many-at-once", test_many);
    bns_test_add("/sandbox/death/nothing-is-left", test_nothing_is_left);
    status = g_test_run();
    session_clear();
    return status;
}
