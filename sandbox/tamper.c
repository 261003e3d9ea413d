/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/tamper.h"

#include "base/text.h"
#include "sandbox/aliases.h"
#include "sandbox/path_walk.h"
#include "sandbox/private_trees.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

G_DEFINE_QUARK(bns_tamper_error, bns_tamper_error)

static bool G_GNUC_PRINTF(2, 3) fail(GError **error, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    if (error != NULL)
        *error = g_error_new_valist(BNS_TAMPER_ERROR, 0, format, args);
    va_end(args);
    return false;
}

static bool
is_written_inside(const BnsFileView *view, const char *path)
{
    const BnsViewMount *mount = bns_file_view_find_mount(view, path);

    if (mount != NULL)
        return mount->access == BNS_VIEW_WRITE;
    return view->is_shared && !bns_private_trees_contain(path) &&
           !bns_private_trees_cover(path);
}

/* By this path or another that a mount gives it. @table: of mounts; "": not known */
static bool
is_of_host_inside(const BnsFileView *view, const char *table, const char *path)
{
    g_auto(GStrv) aliases = bns_aliases_find(table, path);

    for (char **alias = aliases; *alias != NULL; alias++)
        if (is_written_inside(view, *alias))
            return true;
    return is_written_inside(view, path);
}

/* Its owner can make it writable. */
static bool
is_writable_to_us(const char *path)
{
    struct stat info;

    return access(path, W_OK) == 0 ||
           (stat(path, &info) == 0 && info.st_uid == geteuid());
}

/* Whether the command may write to @at, which leads to @path. */
static bool
check_at(const BnsFileView *view,
         const char *table,
         const char *at,
         const char *path,
         GError **error)
{
    g_autofree char *shown = bns_text_escape(path, -1);
    g_autofree char *shown_at = bns_text_escape(at, -1);

    if (!is_of_host_inside(view, table, at) || !is_writable_to_us(at))
        return true;
    if (strcmp(at, path) == 0)
        return fail(error, "the command may write to %s", shown);
    return fail(error, "the command may write to %s, which leads to %s", shown_at,
                shown);
}

/* A file is written to by any of its names; one that has none was replaced just now. */
static bool
check_names(const char *path, GError **error)
{
    g_autofree char *shown = bns_text_escape(path, -1);
    struct stat info;

    return stat(path, &info) < 0 || !S_ISREG(info.st_mode) || info.st_nlink <= 1 ||
           fail(error,
                "%s has another name (a hard link), where the command may write to it",
                shown);
}

bool
bns_tamper_check(const BnsFileView *view, const char *path, GError **error)
{
    g_autoptr(GPtrArray) steps = bns_path_walk(path);
    g_autofree char *table = NULL;

    if (!g_file_get_contents("/proc/self/mountinfo", &table, NULL, error))
        return false;
    for (guint i = 0; i < steps->len; i++) {
        const BnsPathStep *step = steps->pdata[i];
        g_autofree char *at = bns_path_step_path(step);

        if (!check_at(view, table, step->dir, path, error) ||
            (!step->is_link && !check_at(view, table, at, path, error)))
            return false;
    }
    return check_names(path, error);
}
