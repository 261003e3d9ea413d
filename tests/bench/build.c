/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Build: a thousand small C files compiled and linked by make(1), inside and outside.
 * Usage: bench-build BOUNDARY-NS [ROUNDS [JSON-FILE]]
 */
#include "tests/bench/peers.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>

#define N_FILES        1000
#define ROUNDS_DEFAULT 5

static void
write_file(const char *dir, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);
    g_autoptr(GError) error = NULL;

    if (!g_file_set_contents(path, text, -1, &error))
        g_error("%s", error->message);
}

static void
make_tree(const char *dir)
{
    GString *objects = g_string_new("OBJECTS =");
    g_autofree char *makefile = NULL;

    for (int i = 0; i < N_FILES; i++) {
        g_autofree char *name = g_strdup_printf("f%d.c", i);
        g_autofree char *text = g_strdup_printf("int f%d(void) { return %d; }\n", i, i);

        write_file(dir, name, text);
        g_string_append_printf(objects, " f%d.o", i);
    }
    write_file(dir, "main.c", "int main(void) { return 0; }\n");
    makefile = g_strconcat(objects->str,
                           " main.o\nprogram: $(OBJECTS)\n\t@$(CC) -o $@ $(OBJECTS)\n"
                           ".c.o:\n\t@$(CC) -c -o $@ $<\n"
                           "clean:\n\t@rm -f *.o program\n",
                           NULL);
    write_file(dir, "Makefile", makefile);
    g_string_free(objects, TRUE);
}

int
main(int argc, char **argv)
{
    const char *boundary = argc > 1 ? argv[1] : "boundary-ns";
    unsigned rounds = argc > 2 ? (unsigned)atoi(argv[2]) : ROUNDS_DEFAULT;
    /* Beside us: below /tmp it would be another file system inside. */
    g_autofree char *dir = g_mkdtemp(g_strdup("bench-build-XXXXXX"));
    g_autoptr(Report) report = report_new();
    const Peer peers[] = {
        { .name = "outside",
          .argv = { "make", "-s", "-j2", "program" },
          .before = { "make", "-s", "clean" } },
        { .name = "boundary-ns",
          .argv = { boundary, "-q", "--", "make", "-s", "-j2", "program" },
          .before = { "make", "-s", "clean" },
          .is_ours = true },
        { .name = "boundary-ns --review",
          .argv = { boundary, "-q", "--review", "--discard", "--", "make", "-s", "-j2",
                    "program" },
          .before = { "make", "-s", "clean" } },
    };

    if (dir == NULL || g_chdir(dir) < 0)
        g_error("cannot make a directory here");
    make_tree(".");
    peers_time(peers, G_N_ELEMENTS(peers), rounds,
               report_row(report, "build of 1000 files", "ms", NULL));
    report_print(report);
    if (g_chdir("..") == 0) {
        const char *const remove[] = { "rm", "-r", dir, NULL };

        g_spawn_sync(NULL, (char **)(guintptr)remove, NULL, G_SPAWN_SEARCH_PATH, NULL,
                     NULL, NULL, NULL, NULL, NULL);
    }
    return argc <= 3 || report_write(report, argv[3]) ? 0 : 1;
}
