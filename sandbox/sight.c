/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/sight.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

G_DEFINE_QUARK(bns_sight_error, bns_sight_error)

/* The first that could not be looked at; owned. */
static struct {
    char *path;
    int error_number;
} blind;

/* Of a name: there is none, or none that the user could use. */
static bool
is_nothing(int error_number)
{
    static const int numbers[] = { ENOENT,   ENOTDIR, EACCES, ELOOP,  ENAMETOOLONG,
                                   ENOTCONN, ESTALE,  ENXIO,  ENODEV, EHOSTDOWN };

    for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++)
        if (numbers[i] == error_number)
            return true;
    return false;
}

void
bns_sight_note(const char *path, int error_number)
{
    if (blind.path != NULL || is_nothing(error_number))
        return;
    blind.path = g_strdup(path);
    blind.error_number = error_number;
}

bool
bns_sight_check(GError **error)
{
    if (blind.path == NULL)
        return true;
    g_set_error(error, BNS_SIGHT_ERROR, blind.error_number,
                "Could not look at \"%s\": %s", blind.path,
                g_strerror(blind.error_number));
    return false;
}

/* @r: of a system call. */
static bool
is_seen(const char *path, int r)
{
    if (r < 0)
        bns_sight_note(path, errno);
    return r >= 0;
}

bool
bns_sight_has(const char *path)
{
    struct stat info;

    return is_seen(path, lstat(path, &info));
}

bool
bns_sight_is_link(const char *path)
{
    struct stat info;

    return is_seen(path, lstat(path, &info)) && S_ISLNK(info.st_mode);
}

bool
bns_sight_stat(const char *path, struct stat *out_info)
{
    return is_seen(path, stat(path, out_info));
}

bool
bns_sight_is(const char *path, mode_t type)
{
    struct stat info;

    return bns_sight_stat(path, &info) &&
           (type == 0 || (info.st_mode & S_IFMT) == type);
}

bool
bns_sight_may(const char *path, int mode)
{
    int r = access(path, mode);

    /* A file system, a program that runs, a file that is immutable. */
    if (r < 0 && (mode & W_OK) != 0 &&
        (errno == EROFS || errno == ETXTBSY || errno == EPERM))
        return false;
    return is_seen(path, r);
}

char *
bns_sight_real(const char *path)
{
    /* Most of what is looked for is nowhere: one call says so, realpath(3) needs one for
     * each directory on the way. */
    char *real = access(path, F_OK) == 0 ? realpath(path, NULL) : NULL;
    char *copy = g_strdup(real);

    if (real == NULL)
        bns_sight_note(path, errno);
    free(real);
    return copy;
}

GPtrArray *
bns_sight_names(const char *directory)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GDir) dir = NULL;
    const char *name;

    errno = 0;
    dir = g_dir_open(directory, 0, NULL);
    if (dir == NULL)
        bns_sight_note(directory, errno);
    while (dir != NULL && (errno = 0, name = g_dir_read_name(dir)) != NULL)
        g_ptr_array_add(names, g_strdup(name));
    if (dir != NULL && errno != 0)
        bns_sight_note(directory, errno);
    return names;
}
