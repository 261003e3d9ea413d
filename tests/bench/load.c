/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The load generator: one process that stays in its surroundings (the host, our sandbox,
 * a peer's) and does what a runner asks for, so that nothing is started between two
 * measurements. A line on standard input is a command (load.h, target.h), a line on
 * standard output its reply. The same client everywhere: figures compare.
 *
 * Usage: bench-load [CA-FILE]
 *        echo 'requests name=localhost port=8443 conns=16 time_us=1000000' | bench-load ca.pem
 */
#include "tests/bench/load.h"
#include "tests/bench/descriptors.h"
#include "tests/bench/target.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES 4096

typedef struct {
    const char *name;
    void (*run)(BnsLoop *loop, const Command *command, GString *reply);
} Work;

static const Work works[] = {
    { "requests", work_requests }, { "transfer", work_transfer },
    { "stream", work_stream },     { "hold", work_hold },
    { "churn", work_churn },
};

void
failures_add(Failures *failures, const char *why)
{
    if (failures->count++ == 0)
        g_strlcpy(failures->first, why, sizeof(failures->first));
}

void
failures_reply(const Failures *failures, GString *reply)
{
    g_autofree char *why = g_strdelimit(g_strdup(failures->first), " \n=", '_');

    g_string_append_printf(reply, " failures=%u", failures->count);
    if (failures->count > 0)
        g_string_append_printf(reply, " error=%s", why);
}

void
samples_reply(Samples *samples, const char *name, GString *reply)
{
    g_string_append_printf(reply, " %s_p50_us=%.0f %s_p99_us=%.0f %s_max_us=%.0f", name,
                           samples_quantile(samples, 0.5), name,
                           samples_quantile(samples, 0.99), name,
                           samples_quantile(samples, 1));
}

static void
run_line(BnsLoop *loop, const char *line)
{
    g_autoptr(Command) command = command_parse(line);
    g_autoptr(GString) reply = g_string_new(command->work);
    bool is_known = false;

    for (size_t i = 0; i < G_N_ELEMENTS(works); i++)
        if (strcmp(command->work, works[i].name) == 0) {
            works[i].run(loop, command, reply);
            is_known = true;
        }
    printf("%s%s\n", reply->str, is_known ? "" : " failures=1 error=unknown_work");
    fflush(stdout);
}

/* Held connections may end while nothing is asked: the loop turns then, too. */
static void
on_input(uint32_t events, void *data)
{
    BnsLoop *loop = data;

    bns_loop_quit(loop);
}

int
main(int argc, char **argv)
{
    g_autoptr(BnsLoop) loop = bns_loop_new();
    char line[LINE_MAX_BYTES];

    target_trust(argc > 1 ? argv[1] : NULL);
    descriptors_raise();
    setvbuf(stdin, NULL, _IONBF, 0);
    printf("ready pid=%d\n", getpid());
    fflush(stdout);
    for (;;) {
        BnsWatch *input = bns_loop_watch(loop, STDIN_FILENO, EPOLLIN, on_input, loop);

        bns_loop_run(loop);
        bns_watch_free(input);
        if (fgets(line, sizeof(line), stdin) == NULL)
            break;
        run_line(loop, line);
    }
    run_line(loop, "hold count=0");
    return 0;
}
