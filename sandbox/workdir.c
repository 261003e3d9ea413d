/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/workdir.h"

#include "base/text.h"
#include "sandbox/log.h"
#include "sandbox/private_trees.h"
#include "sandbox/spawn.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

static char *
fail(const char *path, int error_number, GError **error)
{
    g_autofree char *shown = bns_text_escape(path, -1);

    g_set_error(error, BNS_SPAWN_ERROR, 0, "working directory %s: %s", shown,
                g_strerror(error_number));
    return NULL;
}

/* Returns: (transfer full): or %NULL with errno. */
static char *
resolve(const char *path)
{
    char *real = realpath(path, NULL);
    char *copy = g_strdup(real);

    free(real);
    return copy;
}

char *
bns_workdir_find(const char *named, bool quiet, GError **error)
{
    const char *path = named != NULL ? named : ".";
    g_autofree char *real = resolve(path);
    g_autofree char *shown = bns_text_escape(real, -1);
    struct stat info;

    if (real == NULL || stat(real, &info) < 0)
        return fail(path, errno, error);
    if (!S_ISDIR(info.st_mode))
        return fail(path, ENOTDIR, error);
    if (bns_private_trees_contain(real) && !quiet)
        bns_log_print(
            "the command has a %s of its own: its files there are gone at the "
            "end; work in a directory below it to keep them",
            shown);
    return g_steal_pointer(&real);
}
