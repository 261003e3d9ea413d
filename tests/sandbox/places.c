/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/places.h"

#include "tests/support/test.h"

#include <glib/gstdio.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
    const char *name;
    const char *files[3]; /* made before, relative to the test's directory */
    const char *links[2]; /* symbolic links to nowhere */
    const char *home;     /* relative to the test's directory; NULL: unset */
    const char *xdg_config;
    const char *found; /* NULL: none */
} Case;

static const Case cases[] = {
    { "none-is-none", { 0 }, { 0 }, "h", NULL, NULL },
    { "home-config-is-found",
      { "h/.config/boundary-ns/config.yaml" },
      { 0 },
      "h",
      NULL,
      "h/.config/boundary-ns/config.yaml" },
    { "xdg-config-home-goes-before-home",
      { "h/.config/boundary-ns/config.yaml", "x/boundary-ns/config.yaml" },
      { 0 },
      "h",
      "x",
      "x/boundary-ns/config.yaml" },
    { "xdg-config-home-replaces-dot-config",
      { "h/.config/boundary-ns/config.yaml" },
      { 0 },
      "h",
      "x",
      NULL },
    { "coder-boundary-comes-last",
      { "h/.config/boundary-ns/config.yaml", "h/.config/coder_boundary/config.yaml" },
      { 0 },
      "h",
      NULL,
      "h/.config/boundary-ns/config.yaml" },
    { "coder-boundary-is-found",
      { "h/.config/coder_boundary/config.yaml" },
      { 0 },
      "h",
      "x",
      "h/.config/coder_boundary/config.yaml" },
    { "the-working-directory-is-never-searched",
      { "config.yaml", "boundary.yaml", "boundary-ns/config.yaml" },
      { 0 },
      "h",
      NULL,
      NULL },
    { "a-dangling-link-is-a-file-that-fails-later",
      { "h/.config/boundary-ns/other" },
      { "h/.config/boundary-ns/config.yaml" },
      "h",
      NULL,
      "h/.config/boundary-ns/config.yaml" },
    { "a-relative-variable-counts-as-unset",
      { "h/.config/boundary-ns/config.yaml" },
      { 0 },
      "h",
      "./x",
      "h/.config/boundary-ns/config.yaml" },
};

static char *
make_parents(const char *root, const char *name)
{
    char *path = g_build_filename(root, name, NULL);
    g_autofree char *parent = g_path_get_dirname(path);

    g_assert_cmpint(g_mkdir_with_parents(parent, 0700), ==, 0);
    return path;
}

static void
set_variable(const char *name, const char *root, const char *value)
{
    g_autofree char *path = NULL;

    if (value == NULL) {
        g_unsetenv(name);
        return;
    }
    path = value[0] == '.' ? g_strdup(value) : g_build_filename(root, value, NULL);
    g_setenv(name, path, TRUE);
}

static void
test_find(gconstpointer data)
{
    const Case *test = data;
    g_autofree char *root = g_dir_make_tmp("bns-places-XXXXXX", NULL);
    g_autofree char *expected = NULL;
    g_autofree char *found = NULL;
    g_autoptr(BnsPlaces) places = NULL;

    g_assert_cmpint(chdir(root), ==, 0);
    for (size_t i = 0; i < G_N_ELEMENTS(test->files) && test->files[i] != NULL; i++) {
        g_autofree char *path = make_parents(root, test->files[i]);

        g_assert_true(g_file_set_contents(path, "", 0, NULL));
    }
    for (size_t i = 0; i < G_N_ELEMENTS(test->links) && test->links[i] != NULL; i++) {
        g_autofree char *path = make_parents(root, test->links[i]);

        g_assert_cmpint(symlink("/nowhere/at/all", path), ==, 0);
    }
    set_variable("HOME", root, test->home);
    set_variable("XDG_CONFIG_HOME", root, test->xdg_config);
    places = bns_places_new();
    found = bns_places_find_config(places);
    expected = test->found != NULL ? g_build_filename(root, test->found, NULL) : NULL;
    g_assert_cmpstr(found, ==, expected);
    g_assert_cmpint(chdir("/"), ==, 0);
    bns_test_remove_tree(root);
}

static void
test_home_from_passwd(void)
{
    g_autoptr(BnsPlaces) places = NULL;

    g_unsetenv("HOME");
    places = bns_places_new();
    g_assert_cmpstr(places->home, ==, getpwuid(getuid())->pw_dir);
}

static void
test_create(void)
{
    g_autofree char *root = g_dir_make_tmp("bns-places-XXXXXX", NULL);
    g_autofree char *state = g_build_filename(root, ".local/state/boundary-ns", NULL);
    g_autofree char *coder = g_build_filename(root, ".config/coder_boundary", NULL);
    g_autofree char *config = g_build_filename(root, ".config/boundary-ns", NULL);
    g_autoptr(BnsPlaces) places = NULL;
    struct stat info;

    g_setenv("HOME", root, TRUE);
    g_unsetenv("XDG_CONFIG_HOME");
    g_unsetenv("XDG_STATE_HOME");
    places = bns_places_new();
    bns_places_create(places);
    bns_places_create(places);
    g_assert_cmpint(stat(state, &info), ==, 0);
    g_assert_cmpint(info.st_mode, ==, S_IFDIR | 0700);
    g_assert_cmpint(stat(coder, &info), ==, 0);
    g_assert_cmpint(info.st_mode, ==, S_IFDIR | 0700);
    g_assert_cmpint(stat(config, &info), ==, 0);
    g_assert_cmpint(info.st_mode, ==, S_IFDIR | 0700);
    bns_test_remove_tree(root);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/sandbox/places/", cases[i].name, NULL);

        bns_test_add_data(path, &cases[i], test_find);
    }
    bns_test_add("/sandbox/places/home-is-read-from-passwd", test_home_from_passwd);
    bns_test_add("/sandbox/places/directories-are-made-for-the-user-alone",
                 test_create);
    return g_test_run();
}
