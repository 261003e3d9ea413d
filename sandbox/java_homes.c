/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/java_homes.h"

#include "base/fd.h"
#include "sandbox/tree.h"

#include <fcntl.h>
#include <limits.h>

/* Nobody has more; each is one mount. */
#define STORES_MAX 32

/* Of a JDK, and of a JDK 8 with its JRE inside. */
static const char *const store_names[] = { "lib/security/cacerts",
                                           "jre/lib/security/cacerts" };

/* What realpath(3) does with a system call per directory. */
static bool
find_real(const char *path, char out_real[PATH_MAX])
{
    bns_autofd fd = open(path, O_PATH | O_CLOEXEC);

    return fd >= 0 && bns_tree_path_of(fd, out_real, PATH_MAX) == 0;
}

static void
add_home(GPtrArray *stores, const char *home)
{
    for (size_t i = 0; i < G_N_ELEMENTS(store_names); i++) {
        g_autofree char *path = g_build_filename(home, store_names[i], NULL);
        char real[PATH_MAX];

        if (stores->len < STORES_MAX && find_real(path, real) &&
            !bns_tree_is_within(real, "/etc") &&
            !g_ptr_array_find_with_equal_func(stores, real, g_str_equal, NULL))
            g_ptr_array_add(stores, g_strdup(real));
    }
}

/* HOME/bin/java, by way of links. */
static void
add_program(GPtrArray *stores, const char *search_path)
{
    g_auto(GStrv) directories = g_strsplit(search_path, ":", -1);

    for (char **directory = directories; *directory != NULL; directory++) {
        g_autofree char *program = g_build_filename(*directory, "java", NULL);
        char real[PATH_MAX];

        if (find_real(program, real)) {
            g_autofree char *bin = g_path_get_dirname(real);
            g_autofree char *home = g_path_get_dirname(bin);

            add_home(stores, home);
            return;
        }
    }
}

static void
add_homes_in(GPtrArray *stores, const char *directory)
{
    GDir *dir = g_dir_open(directory, 0, NULL);
    const char *name;

    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *home = g_build_filename(directory, name, NULL);

        add_home(stores, home);
    }
    if (dir != NULL)
        g_dir_close(dir);
}

GStrv
bns_java_homes_stores(char **environment)
{
    GPtrArray *stores = g_ptr_array_new();
    const char *java_home = g_environ_getenv(environment, "JAVA_HOME");
    const char *search_path = g_environ_getenv(environment, "PATH");
    const char *home = g_environ_getenv(environment, "HOME");

    if (java_home != NULL)
        add_home(stores, java_home);
    if (search_path != NULL)
        add_program(stores, search_path);
    add_homes_in(stores, "/usr/lib/jvm");
    if (home != NULL) {
        g_autofree char *sdkman =
            g_build_filename(home, ".sdkman/candidates/java", NULL);

        add_homes_in(stores, sdkman);
    }
    g_ptr_array_add(stores, NULL);
    return (GStrv)g_ptr_array_free(stores, FALSE);
}
