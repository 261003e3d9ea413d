/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/place.h"

#include "audit/recorder.h"
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#define SHARED_PARENT "/var/tmp"

/* What a directory of ours in a place must be like. */
typedef struct {
    mode_t forbidden;      /* permissions that nobody may have */
    bool follows_our_link; /* a symbolic link of ours may stand for it */
} Rule;

static const Rule rules[] = {
    [BNS_PLACE_STATE] = { .forbidden = 022, .follows_our_link = true },
    [BNS_PLACE_SHARED] = { .forbidden = 077, .follows_our_link = false },
};
G_STATIC_ASSERT(G_N_ELEMENTS(rules) == BNS_N_PLACES);

static const char *
absolute_or_null(const char *path)
{
    return path != NULL && g_path_is_absolute(path) ? path : NULL;
}

/* Returns: (transfer full) (nullable): the user's directory for state, or NULL if
 * neither the environment nor passwd names one. A relative name is ignored, as the XDG
 * specification says. */
static char *
state_home(void)
{
    const char *state = absolute_or_null(g_getenv("XDG_STATE_HOME"));
    const char *home = absolute_or_null(g_getenv("HOME"));

    if (state != NULL)
        return g_canonicalize_filename(state, "/");
    if (home == NULL) {
        const struct passwd *user = getpwuid(geteuid());

        home = user != NULL ? absolute_or_null(user->pw_dir) : NULL;
    }
    return home != NULL ? g_build_filename(home, ".local", "state", NULL) : NULL;
}

/* Whether to make something in @dir: root with somebody's HOME must not leave its own
 * directories there. */
static bool
may_create_in(int dir)
{
    struct stat st;

    return fstat(dir, &st) == 0 && (st.st_uid == geteuid() || st.st_uid == 0);
}

static int
step(int dir, const char *name, bool create)
{
    int fd = openat(dir, name, O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (fd >= 0 || errno != ENOENT || !create)
        return fd;
    if (!may_create_in(dir)) {
        errno = EACCES;
        return -1;
    }
    if (mkdirat(dir, name, 0700) < 0 && errno != EEXIST)
        return -1;
    return openat(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Walks down the absolute @path. Returns: a descriptor (O_PATH), or -1 with errno. */
static int
walk(const char *path, bool create)
{
    g_auto(GStrv) names = g_strsplit(path, "/", -1);
    bns_autofd dir = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

    for (char **name = names; dir >= 0 && *name != NULL; name++) {
        int next;

        if (**name == '\0')
            continue;
        next = step(dir, *name, create);
        bns_fd_clear(&dir);
        dir = next;
    }
    return g_steal_fd(&dir);
}

static bool
is_our_link(int dir, const char *name)
{
    struct stat st;

    return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode) &&
           st.st_uid == geteuid();
}

/* Opens the directory @name in @dir if it is as @rule wants it. Returns: -1 with errno;
 * EPERM: it belongs to somebody else, or others may write to it. */
static int
open_ours(int dir, const char *name, const Rule *rule, bool create)
{
    const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
    bns_autofd fd = -1;
    struct stat st;

    if (create && mkdirat(dir, name, 0700) < 0 && errno != EEXIST)
        return -1;
    fd = openat(dir, name, flags | O_NOFOLLOW);
    if (fd < 0 && (errno == ELOOP || errno == ENOTDIR) && rule->follows_our_link &&
        is_our_link(dir, name))
        fd = openat(dir, name, flags);
    if (fd < 0 || fstat(fd, &st) < 0)
        return -1;
    if (st.st_uid != geteuid() || (st.st_mode & rule->forbidden) != 0) {
        errno = EPERM;
        return -1;
    }
    return g_steal_fd(&fd);
}

static int
open_below(
    int parent, const char *name, const char *below, const Rule *rule, bool create)
{
    bns_autofd ours = -1;

    if (parent < 0)
        return -1;
    if (create && rule->follows_our_link && faccessat(parent, name, F_OK, 0) < 0 &&
        errno == ENOENT && !may_create_in(parent)) {
        errno = EACCES;
        return -1;
    }
    ours = open_ours(parent, name, rule, create);
    return ours < 0 ? -1 : open_ours(ours, below, rule, create);
}

static const char *
reason(int err)
{
    if (err == EPERM)
        return "it is not a directory that only this user can write to";
    return g_strerror(err);
}

int
bns_place_open(BnsPlace place, bool create, char **out_path, GError **error)
{
    return bns_place_open_named(place, "audit", create, out_path, error);
}

int
bns_place_open_named(
    BnsPlace place, const char *name, bool create, char **out_path, GError **error)
{
    g_autofree char *above =
        place == BNS_PLACE_STATE ? state_home() : g_strdup(SHARED_PARENT);
    g_autofree char *ours = place == BNS_PLACE_STATE
                                ? g_strdup("boundary-ns")
                                : g_strdup_printf("boundary-ns-%u", geteuid());
    bns_autofd parent = -1;
    int fd;

    *out_path = NULL;
    if (above == NULL) {
        g_set_error(error, BNS_AUDIT_ERROR, BNS_AUDIT_ERROR_OPEN,
                    "No home directory is known");
        return -1;
    }
    *out_path = g_build_filename(above, ours, name, NULL);
    parent = walk(above, create && place == BNS_PLACE_STATE);
    fd = open_below(parent, ours, name, &rules[place], create);
    if (fd < 0)
        g_set_error(error, BNS_AUDIT_ERROR, BNS_AUDIT_ERROR_OPEN,
                    "Could not open the directory \"%s\": %s", *out_path,
                    reason(errno));
    return fd;
}
