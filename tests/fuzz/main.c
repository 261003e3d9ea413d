/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a fuzz target without a fuzzer: over every file that is named, or that lies in a
 * directory that is named, whole and cut at every length. Parsers of a stream see most of
 * their states so, in every build and under every sanitizer. An empty corpus is a failure.
 *
 * Each input lies in a block of just its size, so that ASan and valgrind see a read past
 * its end.
 */
#include "tests/fuzz/fuzz.h"

#include <glib.h>
#include <stdbool.h>
#include <stdio.h>

/* Longer seeds are cut at steps, so that no seed costs more runs than this. */
#define CUTS_MAX 512

static void
run_cut(const char *bytes, size_t len)
{
    g_autofree uint8_t *exact = g_memdup2(bytes, len);

    LLVMFuzzerTestOneInput(exact, len);
}

static bool
run_file(const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *bytes = NULL;
    size_t len;

    if (!g_file_get_contents(path, &bytes, &len, &error)) {
        fprintf(stderr, "%s\n", error->message);
        return false;
    }
    for (size_t cut = 0; cut < len; cut += len / CUTS_MAX + 1)
        run_cut(bytes, cut);
    run_cut(bytes, len);
    return true;
}

/* Returns: how many files of @path were run; 0 if something could not be read. */
static unsigned
run_path(const char *path)
{
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    const char *name;
    unsigned count = 0;

    if (dir == NULL)
        return run_file(path) ? 1 : 0;
    while ((name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *file = g_build_filename(path, name, NULL);

        if (!run_file(file))
            return 0;
        count++;
    }
    return count;
}

int
main(int argc, char **argv)
{
    unsigned total = 0;

    for (int i = 1; i < argc; i++) {
        unsigned count = run_path(argv[i]);

        if (count == 0) {
            fprintf(stderr, "%s: no input\n", argv[i]);
            return 1;
        }
        total += count;
    }
    printf("%u inputs\n", total);
    return total > 0 ? 0 : 1;
}
