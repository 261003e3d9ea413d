/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/places.h"

#include "sandbox/sight.h"

#include <errno.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *
absolute_variable(const char *name)
{
    const char *value = g_getenv(name);

    return value != NULL && g_path_is_absolute(value) ? value : NULL;
}

static char *
find_passwd_home(void)
{
    const struct passwd *entry;

    errno = 0;
    entry = getpwuid(getuid());
    /* Nobody of that number is no error; what else getpwuid(3) may say is. */
    if (entry == NULL &&
        (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == EIO))
        bns_sight_note("the user's entry of passwd(5)", errno);
    if (entry == NULL || entry->pw_dir == NULL || !g_path_is_absolute(entry->pw_dir))
        return NULL;
    return g_strdup(entry->pw_dir);
}

/* @variable's value, else @fallback below the home. */
static char *
base_dir(const char *home, const char *variable, const char *fallback)
{
    const char *value = absolute_variable(variable);

    if (value != NULL)
        return g_build_filename(value, "boundary-ns", NULL);
    return home != NULL ? g_build_filename(home, fallback, "boundary-ns", NULL) : NULL;
}

BnsPlaces *
bns_places_new(void)
{
    BnsPlaces *places = g_new0(BnsPlaces, 1);

    places->passwd_home = find_passwd_home();
    places->home = g_strdup(absolute_variable("HOME"));
    if (places->home == NULL)
        places->home = g_strdup(places->passwd_home);
    places->config_dir = base_dir(places->home, "XDG_CONFIG_HOME", ".config");
    places->state_dir = base_dir(places->home, "XDG_STATE_HOME", ".local/state");
    if (places->home == NULL)
        return places;
    places->home_config_dir =
        g_build_filename(places->home, ".config", "boundary-ns", NULL);
    places->coder_dir =
        g_build_filename(places->home, ".config", "coder_boundary", NULL);
    return places;
}

void
bns_places_free(BnsPlaces *places)
{
    if (places == NULL)
        return;
    g_free(places->home);
    g_free(places->passwd_home);
    g_free(places->config_dir);
    g_free(places->home_config_dir);
    g_free(places->coder_dir);
    g_free(places->state_dir);
    g_free(places);
}

void
bns_places_create(const BnsPlaces *places)
{
    const char *const dirs[] = { places->config_dir, places->home_config_dir,
                                 places->coder_dir, places->state_dir };

    for (size_t i = 0; i < G_N_ELEMENTS(dirs); i++)
        if (dirs[i] != NULL && g_mkdir_with_parents(dirs[i], 0700) < 0) {
            /* Where we may not, the command may not either. */
            if (errno != EROFS)
                bns_sight_note(dirs[i], errno);
            g_info("Could not make %s: %s", dirs[i], g_strerror(errno));
        }
}

/* Not there for sure; what cannot be told counts as there, and fails when it is read. */
static bool
is_absent(const char *path)
{
    struct stat info;

    return lstat(path, &info) < 0 && (errno == ENOENT || errno == ENOTDIR);
}

char *
bns_places_find_config(const BnsPlaces *places)
{
    const char *const dirs[] = { places->config_dir, places->coder_dir };

    for (size_t i = 0; i < G_N_ELEMENTS(dirs); i++) {
        g_autofree char *path = NULL;

        if (dirs[i] == NULL)
            continue;
        path = g_build_filename(dirs[i], "config.yaml", NULL);
        if (!is_absent(path))
            return g_steal_pointer(&path);
    }
    return NULL;
}
