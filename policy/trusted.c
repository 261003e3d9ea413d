/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/trusted.h"

#include "base/text.h"

#include <errno.h>
#include <string.h>

static const char *
check(const struct stat *status, uid_t owner, bool is_sticky_fine)
{
    bool is_kept = is_sticky_fine && (status->st_mode & S_ISVTX) != 0;

    if (status->st_uid != owner && status->st_uid != 0)
        return "it must belong to root";
    if ((status->st_mode & (S_IWGRP | S_IWOTH)) != 0 && !is_kept)
        return "others than its owner may write to it";
    return NULL;
}

const char *
bns_trusted_check_status(const struct stat *status, uid_t owner)
{
    return check(status, owner, false);
}

static char *
complain(const char *directory, const char *why)
{
    g_autofree char *shown = bns_text_escape(directory, -1);

    return g_strdup_printf("%s: %s", shown, why);
}

/* Returns: whether there is more to look at. */
static bool
check_one(const char *directory, uid_t owner, bool is_last, char **out_fault)
{
    struct stat status;
    const char *why;

    if (lstat(directory, &status) < 0) {
        if (errno != ENOENT)
            *out_fault = complain(directory, g_strerror(errno));
        return false;
    }
    if (S_ISLNK(status.st_mode))
        why = "it must not be a symbolic link";
    else if (!S_ISDIR(status.st_mode))
        why = "it is no directory";
    else
        /* In the last one names come and go, that its sticky bit does not keep. */
        why = check(&status, owner, !is_last);
    if (why != NULL)
        *out_fault = complain(directory, why);
    return why == NULL;
}

char *
bns_trusted_check_directory(const char *path, uid_t owner)
{
    const char *end = path;
    char *fault = NULL;
    bool is_more = check_one("/", owner, false, &fault);

    /* From the top: what is above can no longer be exchanged once it was looked at. */
    while (is_more && *end != '\0') {
        g_autofree char *directory = NULL;

        end = strchrnul(end + 1, '/');
        directory = g_strndup(path, (gsize)(end - path));
        is_more = check_one(directory, owner, *end == '\0', &fault);
    }
    return fault;
}
