/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/git_signing.h"

#include "base/fd.h"
#include "sandbox/git_keys.h"
#include "sandbox/sight.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

/* What git was told last. All owned, (nullable). */
typedef struct {
    char *sign;   /* commit.gpgSign */
    char *format; /* gpg.format */
    char *key;    /* user.signingKey */
} Settings;

static void
take_value(
    char **value, const char *text, gsize len, const char *section, const char *key)
{
    char *found = bns_git_keys_value(text, len, section, key);

    if (found == NULL)
        return;
    g_free(*value);
    *value = found;
}

static void
read_config(Settings *settings, const char *path)
{
    bns_autofd fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    gsize len;
    g_autofree char *text = fd < 0 ? NULL : bns_git_keys_read(fd, &len);

    if (text == NULL)
        return;
    take_value(&settings->sign, text, len, "commit", "gpgsign");
    take_value(&settings->format, text, len, "gpg", "format");
    take_value(&settings->key, text, len, "user", "signingkey");
}

static void
read_user(Settings *settings, char **envp, const char *home)
{
    const char *named = g_environ_getenv(envp, "GIT_CONFIG_GLOBAL");
    const char *xdg = g_environ_getenv(envp, "XDG_CONFIG_HOME");
    g_autofree char *config = xdg != NULL && *xdg == '/'
                                  ? g_build_filename(xdg, "git/config", NULL)
                                  : g_build_filename(home, ".config/git/config", NULL);
    g_autofree char *own = g_build_filename(home, ".gitconfig", NULL);

    if (named != NULL) {
        read_config(settings, named);
        return;
    }
    read_config(settings, config);
    read_config(settings, own);
}

static void
read_repository(Settings *settings, const char *workdir)
{
    g_autofree char *at = g_strdup(workdir);

    while (true) {
        g_autofree char *git = g_build_filename(at, ".git", NULL);
        g_autofree char *config = g_build_filename(git, "config", NULL);
        char *parent;

        if (bns_sight_has(git)) {
            read_config(settings, config);
            return;
        }
        if (strcmp(at, "/") == 0)
            return;
        parent = g_path_get_dirname(at);
        g_free(at);
        at = parent;
    }
}

/* As git reads a boolean. */
static bool
is_true(const char *value)
{
    return value != NULL && (*value == '\0' || g_ascii_strcasecmp(value, "true") == 0 ||
                             g_ascii_strcasecmp(value, "yes") == 0 ||
                             g_ascii_strcasecmp(value, "on") == 0 || atoi(value) != 0);
}

/* ssh's key: a file, of which the configuration names either half, or one of the agent's. */
static bool
has_ssh_key(const Settings *settings,
            const BnsFileView *view,
            char **envp,
            const char *home)
{
    const char *key = settings->key != NULL ? settings->key : "";
    g_autofree char *path = g_str_has_prefix(key, "~/")
                                ? g_build_filename(home, key + 2, NULL)
                                : g_strdup(key);

    if (g_environ_getenv(envp, "SSH_AUTH_SOCK") != NULL)
        return true;
    if (g_str_has_suffix(path, ".pub"))
        path[strlen(path) - strlen(".pub")] = '\0';
    return *path == '/' && !bns_file_view_hides(view, path) && bns_sight_has(path);
}

static bool
has_gpg_key(const BnsFileView *view, char **envp, const char *home)
{
    const char *named = g_environ_getenv(envp, "GNUPGHOME");
    g_autofree char *keys =
        named != NULL ? g_strdup(named) : g_build_filename(home, ".gnupg", NULL);

    return !bns_file_view_hides(view, keys);
}

static void
settings_clear(Settings *settings)
{
    g_free(settings->sign);
    g_free(settings->format);
    g_free(settings->key);
}

char *
bns_git_signing_notice(const BnsFileView *view, char **envp, const char *workdir)
{
    const char *home = g_environ_getenv(envp, "HOME");
    Settings settings = { 0 };
    bool has_key;
    char *notice = NULL;

    if (home == NULL)
        return NULL;
    read_config(&settings, "/etc/gitconfig");
    read_user(&settings, envp, home);
    read_repository(&settings, workdir);
    has_key = g_strcmp0(settings.format, "ssh") == 0
                  ? has_ssh_key(&settings, view, envp, home)
                  : has_gpg_key(view, envp, home);
    if (is_true(settings.sign) && !has_key)
        notice =
            g_strdup("git signs commits here, and the key is out of reach: use git "
                     "commit --no-gpg-sign and sign outside, or see \"Signing\" in "
                     "boundary(1)");
    settings_clear(&settings);
    return notice;
}
