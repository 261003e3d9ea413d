/* SPDX-License-Identifier: Apache-2.0 */
#include "base/freeze.h"

#include <errno.h>
#include <glib.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/statvfs.h>

/* The flags that mount(2) must repeat: they are locked in our user namespace. */
static unsigned long
kept_flags(const char *path)
{
    static const struct {
        unsigned long statvfs, mount;
    } flags[] = {
        { ST_NOSUID, MS_NOSUID },         { ST_NODEV, MS_NODEV },
        { ST_NOEXEC, MS_NOEXEC },         { ST_NOATIME, MS_NOATIME },
        { ST_NODIRATIME, MS_NODIRATIME }, { ST_RELATIME, MS_RELATIME },
    };
    struct statvfs info;
    unsigned long found = 0;

    if (statvfs(path, &info) < 0)
        return 0;
    for (size_t i = 0; i < G_N_ELEMENTS(flags); i++)
        if (info.f_flag & flags[i].statvfs)
            found |= flags[i].mount;
    return found;
}

int
bns_freeze_mount(const char *path)
{
    return mount("none", path, "none",
                 MS_REMOUNT | MS_BIND | MS_RDONLY | kept_flags(path), NULL) < 0
               ? -errno
               : 0;
}

int
bns_freeze_undo(const char *path)
{
    return mount("none", path, "none", MS_REMOUNT | MS_BIND | kept_flags(path), NULL) <
                   0
               ? -errno
               : 0;
}

/* Undoes \ooo in place: how mountinfo writes spaces and the like. */
static void
decode(char *text)
{
    char *to = text;

    for (char *from = text; *from != '\0'; to++) {
        if (from[0] == '\\' && from[1] >= '0' && from[1] <= '3' && from[2] != '\0' &&
            from[3] != '\0') {
            *to = (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 + from[3] - '0');
            from += 4;
        } else {
            *to = *from++;
        }
    }
    *to = '\0';
}

static bool
is_below(const char *path, const char *directory)
{
    size_t len = strlen(directory);

    return strncmp(path, directory, len) == 0 && path[len] == '/';
}

/* One that cannot be reached by its path is covered by another: out of reach for whoever
 * is to be locked in, too. */
static int
freeze_line(char *line, const char *directory)
{
    char *path = line;
    int r;

    for (int field = 0; field < 4; field++) {
        path = strchr(path, ' ');
        if (path == NULL)
            return -EPROTO;
        path++;
    }
    path[strcspn(path, " ")] = '\0';
    decode(path);
    r = is_below(path, directory) ? bns_freeze_mount(path) : 0;
    return r == -ENOENT || r == -EACCES || r == -EINVAL ? 0 : r;
}

int
bns_freeze_below(const char *directory)
{
    FILE *table = fopen("/proc/self/mountinfo", "re");
    char *line = NULL;
    size_t size = 0;
    int r = table != NULL ? 0 : -errno;

    while (r == 0 && getline(&line, &size, table) > 0)
        r = freeze_line(line, directory);
    if (table != NULL)
        fclose(table);
    free(line);
    return r;
}
