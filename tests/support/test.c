/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/test.h"

#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct {
    void (*func)(void);
    void (*data_func)(gconstpointer);
    gconstpointer data;
} Test;

static unsigned watchdog_s = 60;

static void
on_alarm(int signal_number)
{
    static const char message[] = "# watchdog: the test takes too long\n";

    if (write(STDOUT_FILENO, message, strlen(message)) < 0)
        _exit(2);
    abort();
}

/* Whoever started us may have ignored or blocked some (`make test &` in a script, nohup, a
 * CI's runner), and what a test starts inherits that. */
static void
reset_signals(void)
{
    sigset_t none;

    for (int number = 1; number < NSIG; number++) {
        struct sigaction action;

        /* A sanitizer's handlers stay. */
        if (sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN)
            signal(number, SIG_DFL);
    }
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

void
bns_test_init(int *argc, char ***argv, unsigned seconds)
{
    g_test_init(argc, argv, NULL);
    watchdog_s = seconds;
    reset_signals();
    signal(SIGALRM, on_alarm);
    signal(SIGPIPE, SIG_IGN);
}

void
bns_test_skip(const char *why)
{
    if (g_strcmp0(g_getenv("BNS_MUST_WORK"), "1") == 0)
        g_test_message("must work here: %s", why), g_test_fail();
    else
        g_test_skip(why);
}

bool
bns_test_can_unshare(void)
{
    pid_t pid = fork();
    int status = 0;

    if (pid == 0)
        _exit(unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0 ? 0 : 1);
    return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
           WEXITSTATUS(status) == 0;
}

bool
bns_test_under_valgrind(void)
{
    const char *preloaded = g_getenv("LD_PRELOAD");

    return preloaded != NULL && strstr(preloaded, "vgpreload") != NULL;
}

void
bns_test_remove_tree(const char *path)
{
    const char *argv[] = { "rm", "-rf", "--", path, NULL };

    g_assert_true(g_spawn_sync(NULL, (char **)(guintptr)argv, NULL, G_SPAWN_SEARCH_PATH,
                               NULL, NULL, NULL, NULL, NULL, NULL));
}

static void
run(gconstpointer data)
{
    const Test *test = data;

    alarm(watchdog_s);
    if (test->func != NULL)
        test->func();
    else
        test->data_func(test->data);
    alarm(0);
}

void
bns_test_add(const char *path, void (*func)(void))
{
    Test *test = g_new0(Test, 1);

    test->func = func;
    g_test_add_data_func_full(path, test, run, g_free);
}

void
bns_test_add_data(const char *path, gconstpointer data, void (*func)(gconstpointer))
{
    Test *test = g_new0(Test, 1);

    test->data_func = func;
    test->data = data;
    g_test_add_data_func_full(path, test, run, g_free);
}
