/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/e2e/npm.h"

#include <string.h>

/* Longest that an installation may take, in seconds: the largest has 250 MiB. */
#define INSTALL_S "150"

/* Beside the binary's directory in the build directory: all test programs share it. */
static char *
npm_directory(const Story *story)
{
    const char *named = g_getenv("BNS_NPM_DIR");
    g_autofree char *beside = g_path_get_dirname(story->binary);

    return named != NULL ? g_strdup(named)
                         : g_build_filename(beside, "..", "npm", NULL);
}

/* The marker is written last, so that an installation that was cut is made again. The
 * lock is for test programs that run at the same time. */
static const char install[] =
    "set -e\n"
    "mkdir -p \"$NPM_DIR\" && cd \"$NPM_DIR\"\n"
    "exec 9>lock && flock 9\n"
    "marker=installed-$(echo \"$PACKAGE\" | tr / -)\n"
    "test ! -e \"$marker\" || exit 0\n"
    "test -e package.json || echo '{\"private\":true}' >package.json\n"
    "timeout " INSTALL_S " npm install --no-audit --no-fund --no-progress "
    "--loglevel error --fetch-retries 0 --fetch-timeout 20000 \"$PACKAGE\" >&2\n"
    "touch \"$marker\"\n";

static char *
last_line(const char *text)
{
    g_autofree char *stripped = g_strstrip(g_strdup(text));
    const char *newline = strrchr(stripped, '\n');

    return g_strdup(newline != NULL ? newline + 1 : stripped);
}

static void
add_to_path(Story *story, const char *directory)
{
    const char *path = g_environ_getenv(story->env, "PATH");
    g_autofree char *longer = g_strconcat(directory, "/node_modules/.bin:", path, NULL);

    story_setenv(story, "PATH", longer);
}

bool
story_npm(Story *story, const char *package)
{
    g_autofree char *directory = npm_directory(story);
    g_autofree char *why = NULL;
    g_autofree char *reason = NULL;

    if (!story_needs("npm"))
        return false;
    story_setenv(story, "NPM_DIR", directory);
    story_setenv(story, "PACKAGE", package);
    g_autoptr(StoryRun) run = story_shell(story, install);
    if (run->status == 0) {
        add_to_path(story, directory);
        return true;
    }
    reason = last_line(run->err);
    why = g_strdup_printf("npm cannot install %s: %s", package, reason);
    g_test_skip(why);
    return false;
}
