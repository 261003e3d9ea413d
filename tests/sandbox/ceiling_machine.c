/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sandbox/ceiling_machine.h"
#include "sandbox/tree.h"
#include "tests/support/test.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

char *
machine_path(const Machine *machine, const char *name)
{
    return g_build_filename(machine->root, name, NULL);
}

void
machine_make_file(const Machine *machine, const char *name)
{
    g_autofree char *path = machine_path(machine, name);
    g_autofree char *dir = g_path_get_dirname(path);

    g_assert_cmpint(g_mkdir_with_parents(dir, 0700), ==, 0);
    g_assert_true(g_file_set_contents(path, "x", -1, NULL));
}

static void
make_link(const Machine *machine, const char *target, const char *name)
{
    g_autofree char *path = machine_path(machine, name);

    g_assert_cmpint(symlink(target, path), ==, 0);
}

/* A path of a socket may be 107 bytes long: it is made by a relative one. */
static void
make_socket(const Machine *machine, const char *name)
{
    g_autofree char *here = g_get_current_dir();
    g_autofree char *path = machine_path(machine, name);
    g_autofree char *dir = g_path_get_dirname(path);
    g_autofree char *base = g_path_get_basename(path);
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_assert_cmpint(g_mkdir_with_parents(dir, 0700), ==, 0);
    g_assert_cmpint(chdir(dir), ==, 0);
    g_strlcpy(address.sun_path, base, sizeof address.sun_path);
    g_assert_cmpint(bind(fd, (struct sockaddr *)&address, sizeof address), ==, 0);
    g_assert_cmpint(chdir(here), ==, 0);
    close(fd);
}

void
machine_init(Machine *machine)
{
    g_autofree char *here = g_get_current_dir();
    g_autofree char *template = g_build_filename(here, "ceiling-XXXXXX", NULL);

    machine->root = g_strdup(g_mkdtemp(template));
    machine_make_file(machine, "home/.ssh/id_ed25519");
    machine_make_file(machine, "home/.ssh/config");
    machine_make_file(machine, "home/secret/deep/key");
    machine_make_file(machine, "home/secret/public/key");
    machine_make_file(machine, "home/.cache/pip/x");
    machine_make_file(machine, "home/.tool.json");
    machine_make_file(machine, "home/src/project/file");
    machine_make_file(machine, "home/src/other/file");
    machine_make_file(machine, "srv/data/x");
    make_link(machine, "../secret/deep/key", "home/src/link");
    make_link(machine, "secret", "home/way");
    make_socket(machine, "srv/a.sock");
    make_socket(machine, "srv/b.sock");
    machine->places = g_new0(BnsPlaces, 1);
    machine->places->home = machine_path(machine, "home");
    machine->places->passwd_home = machine_path(machine, "home");
    machine->places->config_dir = machine_path(machine, "home/.config/boundary-ns");
    machine->places->state_dir = machine_path(machine, "home/.local/state/boundary-ns");
}

void
machine_clear(Machine *machine)
{
    bns_test_remove_tree(machine->root);
    bns_places_free(machine->places);
    g_free(machine->root);
}

BnsPolicy *
machine_parse(const char *file, const char *yaml, const Machine *machine)
{
    g_auto(GStrv) parts = g_strsplit(yaml, "@", -1);
    g_autofree char *text = g_strjoinv(machine->root, parts);
    GError *error = NULL;
    BnsPolicy *policy = bns_policy_parse(file, text, strlen(text), &error);

    g_assert_no_error(error);
    return policy;
}

/* @system: NULL: no system policy. "@" in either is the machine's root. */
BnsFilePlan *
machine_plan(const Machine *machine,
             const char *system,
             const char *yaml,
             const char *workdir,
             GError **error)
{
    g_autofree char *at = machine_path(machine, workdir);
    g_autoptr(BnsPolicy) policy = machine_parse("/p.yaml", yaml, machine);

    if (system != NULL)
        g_assert_true(bns_policy_set_ceiling(
            policy, machine_parse("/s.yaml", system, machine), NULL));
    return bns_file_plan_new(policy, machine->places, at, error);
}

static bool
lists(const GPtrArray *paths, const char *path)
{
    for (guint i = 0; i < paths->len; i++)
        if (g_strcmp0(paths->pdata[i], path) == 0)
            return true;
    return false;
}

/* A pin is put on what is mounted there, and not on what is mounted below it. */
bool
machine_can_write(const BnsFilePlan *plan, const char *path)
{
    const BnsViewMount *mount = bns_file_view_find_mount(&plan->view, path);
    size_t mounted = mount != NULL ? strlen(mount->path) : 0;

    for (guint i = 0; i < plan->pins->len; i++) {
        const char *pin = plan->pins->pdata[i];

        if (strlen(pin) >= mounted && bns_tree_is_within(path, pin))
            return false;
    }
    return mount != NULL ? mount->access == BNS_VIEW_WRITE : plan->view.is_shared;
}

bool
machine_is_so(const Machine *machine,
              const BnsFilePlan *plan,
              char what,
              const char *subject)
{
    g_autofree char *path = machine_path(machine, subject);
    g_auto(GStrv) parts = g_strsplit(subject, "@", -1);
    g_autofree char *text = g_strjoinv(machine->root, parts);

    switch (what) {
    case 'w':
        return machine_can_write(plan, path);
    case 'h':
        return bns_file_view_hides(&plan->view, path);
    case 'p':
        return lists(plan->pins, path);
    case 'k':
        return lists(plan->persisted, path);
    case 's':
        return lists(plan->sockets, path);
    case 'n':
        return lists(plan->notices, text);
    default:
        g_assert_not_reached();
    }
}
