/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/git_paths.h"

#include "base/fd.h"

#include <fcntl.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* One path. */
#define POINTER_MAX 4096
/* What git reads of a HEAD, and the shortest name of a commit in it. */
#define HEAD_BYTES   255
#define COMMIT_CHARS 40

static bool
is_in_git(const char *path)
{
    return strstr(path, "/.git/") != NULL;
}

/* Those of submodules lie deeper than a repository's own. */
static bool
is_hook(const char *path)
{
    const char *git = strstr(path, "/.git/");

    return git != NULL && strstr(git, "/hooks/") != NULL;
}

bool
bns_git_path_is_settings(const char *path)
{
    return is_in_git(path) && (g_str_has_suffix(path, "/config") ||
                               g_str_has_suffix(path, "/config.worktree"));
}

static bool
is_common(const char *path)
{
    return is_in_git(path) && g_str_has_suffix(path, "/commondir");
}

static bool
is_pointer(const char *path)
{
    return g_str_has_suffix(path, "/.git");
}

static bool
is_bare_head(const char *path)
{
    return !is_in_git(path) && g_str_has_suffix(path, "/HEAD");
}

const char *
bns_git_path_reason(const char *path)
{
    if (is_hook(path))
        return "git runs it";
    if (bns_git_path_is_settings(path))
        return "git runs what some keys name";
    if (is_common(path) || is_pointer(path))
        return "leads git to hooks and settings";
    return is_bare_head(path) ? "git takes its directory for a repository" : NULL;
}

/* (transfer full): the regular file @path, or -1. */
static int
open_file(const char *path)
{
    bns_autofd fd =
        open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    struct stat info;

    return fd >= 0 && fstat(fd, &info) == 0 && S_ISREG(info.st_mode) ? g_steal_fd(&fd)
                                                                     : -1;
}

/* Returns: (transfer full) (nullable): what @path, a short file, says after @prefix. */
static char *
read_pointer(const char *path, const char *prefix)
{
    bns_autofd fd = open_file(path);
    char text[POINTER_MAX + 1];
    ssize_t n = fd < 0 ? -1 : read(fd, text, POINTER_MAX);

    if (n <= 0 || n == POINTER_MAX || memchr(text, '\0', (size_t)n) != NULL)
        return NULL;
    text[n] = '\0';
    return g_str_has_prefix(text, prefix) ? g_strdup(g_strchomp(text + strlen(prefix)))
                                          : NULL;
}

/* What is in there is not looked for when the session is over (file_protect.c). */
static bool
is_passed_over(const char *path)
{
    return strstr(path, "/node_modules/") != NULL ||
           strstr(path, ".git/objects/") != NULL;
}

/* By the real path: a link on the way may lead anywhere. */
static bool
leads_into_git(const char *path, const char *prefix)
{
    g_autofree char *target = read_pointer(path, prefix);
    g_autofree char *dir = g_path_get_dirname(path);
    g_autofree char *absolute = NULL;
    g_autofree char *shown = NULL;
    char *real;

    if (target == NULL)
        return false;
    absolute = g_path_is_absolute(target) ? g_strdup(target)
                                          : g_build_filename(dir, target, NULL);
    real = realpath(absolute, NULL);
    if (real == NULL)
        return false;
    shown = g_strconcat(real, "/", NULL);
    free(real);
    return is_in_git(shown) && !is_passed_over(shown);
}

/* By its text: what else makes a repository of its directory may come in a later session.
 * Git takes a symbolic link, too. */
static bool
is_head_for_git(int fd)
{
    char text[HEAD_BYTES + 1];
    ssize_t n = fd < 0 ? -1 : read(fd, text, HEAD_BYTES);

    if (n < 0)
        return true;
    text[n] = '\0';
    return g_str_has_prefix(text, "ref:") ||
           strspn(text, "0123456789abcdefABCDEF") >= COMMIT_CHARS;
}

bool
bns_git_path_is_plain_file(const char *path, int fd)
{
    return is_bare_head(path) && !is_head_for_git(fd);
}

bool
bns_git_path_is_plain(const char *path)
{
    bns_autofd fd = -1;

    if (is_pointer(path))
        return leads_into_git(path, "gitdir: ");
    if (is_common(path))
        return leads_into_git(path, "");
    fd = open_file(path);
    return bns_git_path_is_plain_file(path, fd);
}
