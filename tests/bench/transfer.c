/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transfer: 2 GiB down and up through the gateway with curl, and the most memory that
 * each helper needed meanwhile (proportional set size). The same transfer without
 * boundary-ns stands beside it. Also: what the gateway adds to events of 50 ms.
 *
 * Usage: BNS_BINARY=... bench-transfer [MIB]
 */
#include "tests/e2e/story.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MIB_DEFAULT 2048
#define SAMPLE_US   (50 * 1000)

static const char *const helpers[] = { "bns-gateway", "boundary-ns-net",
                                       "bns-recorder" };
static uint64_t most_kib[G_N_ELEMENTS(helpers)];

static uint64_t
pss_kib(const char *pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%s/smaps_rollup", pid);
    g_autofree char *text = NULL;
    const char *at;

    if (!g_file_get_contents(path, &text, NULL, NULL) ||
        (at = strstr(text, "\nPss:")) == NULL)
        return 0;
    return strtoull(at + 5, NULL, 10);
}

static void
sample(void)
{
    DIR *proc = opendir("/proc");
    const struct dirent *entry;

    while (proc != NULL && (entry = readdir(proc)) != NULL) {
        g_autofree char *path = g_strdup_printf("/proc/%s/comm", entry->d_name);
        g_autofree char *name = NULL;

        if (!g_ascii_isdigit(entry->d_name[0]) ||
            !g_file_get_contents(path, &name, NULL, NULL))
            continue;
        g_strchomp(name);
        for (size_t i = 0; i < G_N_ELEMENTS(helpers); i++)
            if (strcmp(name, helpers[i]) == 0)
                most_kib[i] = MAX(most_kib[i], pss_kib(entry->d_name));
    }
    if (proc != NULL)
        closedir(proc);
}

/* Runs @line with a shell in the story's directory; seconds, or -1. */
static double
run(Story *story, const char *line, char **out_text)
{
    const char *argv[] = { "/bin/sh", "-c", line, NULL };
    int64_t start_us = g_get_monotonic_time();
    int status = 0, out = -1;
    char text[512];
    ssize_t n;
    GPid pid;

    if (!g_spawn_async_with_pipes(story->work, (char **)(uintptr_t)argv, story->env,
                                  G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &pid, NULL,
                                  &out, NULL, NULL))
        return -1;
    while (waitpid(pid, &status, WNOHANG) == 0) {
        sample();
        g_usleep(SAMPLE_US);
    }
    n = read(out, text, sizeof(text) - 1);
    text[MAX(n, 0)] = '\0';
    close(out);
    *out_text = g_strdup(g_strstrip(text));
    return status == 0 ? (double)(g_get_monotonic_time() - start_us) / 1e6 : -1;
}

static void
report(const char *what, uint64_t mib, double inside, double outside, bool is_whole)
{
    printf("%-10s %6.0f MiB/s inside, %6.0f MiB/s without: ratio %.2f%s\n", what,
           (double)mib / inside, (double)mib / outside, outside / inside,
           is_whole ? "" : "  CHECKSUM DIFFERS");
}

static char *
inside(const Story *story, const char *command)
{
    return g_strdup_printf("%s -q --allow api.test --upstream-ca %s --resolve "
                           "api.test:443:127.0.0.1:%u -- %s",
                           g_getenv("BNS_BINARY"), story->ca_file,
                           bns_origin_port(story->https), command);
}

static void
bench_download(Story *story, uint64_t mib)
{
    uint64_t len = mib << 20;
    g_autofree char *sum = bns_origin_sum(len);
    g_autofree char *command = g_strdup_printf(
        "sh -c 'curl -sS https://api.test/bytes/%" G_GUINT64_FORMAT " | sha256sum'",
        len);
    g_autofree char *through = inside(story, command);
    g_autofree char *direct =
        g_strdup_printf("curl -sS --cacert %s --resolve api.test:%u:127.0.0.1 "
                        "https://api.test:%u/bytes/%" G_GUINT64_FORMAT " | sha256sum",
                        story->ca_file, bns_origin_port(story->https),
                        bns_origin_port(story->https), len);
    g_autofree char *got = NULL;
    g_autofree char *control = NULL;
    double inside_s = run(story, through, &got);

    report("download", mib, inside_s, run(story, direct, &control),
           g_str_has_prefix(got, sum));
}

static void
bench_upload(Story *story, uint64_t mib)
{
    g_autofree char *make = g_strdup_printf(
        "head -c %" G_GUINT64_FORMAT "M /dev/urandom >big; sha256sum <big", mib);
    g_autofree char *through =
        inside(story, "curl -sS -H Expect: -T big https://api.test/upload");
    g_autofree char *direct = g_strdup_printf(
        "curl -sS -H Expect: --cacert %s --resolve api.test:%u:127.0.0.1 -T big "
        "https://api.test:%u/upload",
        story->ca_file, bns_origin_port(story->https), bns_origin_port(story->https));
    g_autofree char *sum = NULL;
    g_autofree char *got = NULL;
    g_autofree char *control = NULL;
    double inside_s;

    run(story, make, &sum);
    inside_s = run(story, through, &got);
    sum[64] = '\0';
    report("upload", mib, inside_s, run(story, direct, &control),
           strstr(got, sum) != NULL);
}

static const char events[] =
    "import http.client, sys, time\n"
    "c = http.client.HTTPSConnection('api.test', timeout=30)\n"
    "c.request('GET', '/sse/60/50')\n"
    "r = c.getresponse()\n"
    "d = []\n"
    "while True:\n"
    "    line = r.readline()\n"
    "    if not line: break\n"
    "    if line.startswith(b'data:'):\n"
    "        d.append(time.monotonic_ns() // 1000 - int(line.split()[2]))\n"
    "d.sort()\n"
    "print('events     added latency: median %d us, p90 %d us, most %d us'\n"
    "      % (d[len(d) // 2], d[len(d) * 9 // 10], d[-1]))\n";

int
main(int argc, char **argv)
{
    uint64_t mib = argc > 1 ? strtoull(argv[1], NULL, 10) : MIB_DEFAULT;
    g_autoptr(Story) story = story_new();
    story_write(story, "events.py", events);
    g_autofree char *line = inside(story, "python3 events.py");
    g_autofree char *text = NULL;

    bench_download(story, mib);
    bench_upload(story, mib);
    run(story, line, &text);
    printf("%s\n", text);
    for (size_t i = 0; i < G_N_ELEMENTS(helpers); i++)
        printf("%-15s most memory: %.1f MiB (PSS)\n", helpers[i],
               (double)most_kib[i] / 1024);
    return 0;
}
