/* SPDX-License-Identifier: Apache-2.0 */
/* Which policy is in force: what is read, when, and what the command could have written. */
#include "sandbox/policy_reload.h"

#include "sandbox/path_walk.h"
#include "sandbox/policy_watch.h"
#include "sandbox/tamper.h"
#include "tests/support/test.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <unistd.h>

static char *folder; /* real */

static char *
in_folder(const char *name)
{
    return g_build_filename(folder, name, NULL);
}

static void
save(const char *name, const char *text)
{
    g_autofree char *path = in_folder(name);
    g_autofree char *parent = g_path_get_dirname(path);

    g_assert_cmpint(g_mkdir_with_parents(parent, 0755), ==, 0);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void
make_folder(void)
{
    g_autofree char *here = g_get_current_dir();
    g_autofree char *template = g_build_filename(here, "bns-reload-XXXXXX", NULL);

    /* Not below /tmp, of which the command has its own. */
    folder = g_mkdtemp(g_steal_pointer(&template));
    g_assert_nonnull(folder);
}

static void
remove_folder(void)
{
    bns_test_remove_tree(folder);
    g_clear_pointer(&folder, g_free);
}

/* --- the way along a path --- */

static void
test_walk(void)
{
    g_autofree char *link = NULL;
    g_autofree char *path = NULL;
    g_autoptr(GPtrArray) steps = NULL;
    g_autoptr(GString) last = g_string_new(NULL);
    guint n_links = 0;

    make_folder();
    save("real/file", "");
    link = in_folder("link");
    g_assert_cmpint(symlink("./real/../real", link), ==, 0);
    path = in_folder("link/file");
    steps = bns_path_walk(path);
    for (guint i = steps->len - 4; i < steps->len; i++) {
        const BnsPathStep *step = steps->pdata[i];

        g_string_append_printf(last, "%s%s ", step->name, step->is_link ? "@" : "");
        n_links += step->is_link;
    }
    g_assert_cmpstr(last->str, ==, "link@ real real file ");
    g_assert_cmpuint(n_links, ==, 1);
    g_assert_true(
        g_str_has_suffix(((BnsPathStep *)steps->pdata[steps->len - 1])->dir, "/real"));
    remove_folder();
}

/* A circle ends. */
static void
test_circle(void)
{
    g_autofree char *link = NULL;
    g_autoptr(GPtrArray) steps = NULL;

    make_folder();
    link = in_folder("link");
    g_assert_cmpint(symlink("link", link), ==, 0);
    steps = bns_path_walk(link);
    g_assert_cmpuint(steps->len, <, 200);
    remove_folder();
}

/* --- what the command could write --- */

typedef struct {
    const char *name;
    const char *mount; /* below the folder; NULL: none */
    BnsViewAccess access;
    bool is_shared;
    bool may_read; /* policy/config.yaml, by way/config.yaml, which links to policy/ */
} Sight;

static const Sight sights[] = {
    { "elsewhere", "other", BNS_VIEW_WRITE, false, true },
    { "nothing", NULL, BNS_VIEW_READ_ONLY, false, true },
    { "its-directory", "policy", BNS_VIEW_WRITE, false, false },
    { "above", "", BNS_VIEW_WRITE, false, false },
    { "where-the-link-is", "way", BNS_VIEW_WRITE, false, false },
    { "the-file-itself", "policy/config.yaml", BNS_VIEW_WRITE, false, false },
    { "in-a-layer", "policy", BNS_VIEW_PRIVATE, false, true },
    { "for-review", "", BNS_VIEW_REVIEW, false, true },
    { "read-only", "", BNS_VIEW_READ_ONLY, false, true },
    { "everything", NULL, BNS_VIEW_READ_ONLY, true, false },
    { "everything-but", "", BNS_VIEW_READ_ONLY, true, false },
};

static void
test_may_read(gconstpointer data)
{
    const Sight *sight = data;
    g_autofree char *mounted = NULL;
    g_autofree char *link = NULL;
    g_autofree char *path = NULL;
    g_autoptr(GError) error = NULL;
    BnsViewMount mount = { .access = sight->access };
    BnsFileView view = { .is_shared = sight->is_shared };

    make_folder();
    save("policy/config.yaml", "");
    save("way/x", "");
    link = in_folder("way/link");
    g_assert_cmpint(symlink("../policy", link), ==, 0);
    path = in_folder("way/link/config.yaml");
    if (sight->mount != NULL) {
        mounted = sight->mount[0] != '\0' ? in_folder(sight->mount) : g_strdup(folder);
        mount.path = mounted;
        view.mounts = &mount;
        view.n_mounts = 1;
    }
    g_assert_cmpint(bns_tamper_check(&view, path, &error), ==, sight->may_read);
    g_assert_true((error == NULL) == sight->may_read);
    remove_folder();
}

/* It may have a name where the command writes. */
static void
test_hard_link(void)
{
    g_autofree char *path = NULL;
    g_autofree char *other = NULL;
    g_autoptr(GError) error = NULL;
    const BnsFileView view = { 0 };

    make_folder();
    save("config.yaml", "");
    path = in_folder("config.yaml");
    other = in_folder("other");
    g_assert_true(bns_tamper_check(&view, path, NULL));
    g_assert_cmpint(link(path, other), ==, 0);
    g_assert_false(bns_tamper_check(&view, path, &error));
    g_assert_nonnull(strstr(error->message, "another name"));
    remove_folder();
}

/* --- watching --- */

static void
count(void *data)
{
    (*(unsigned *)data)++;
}

/* What has happened is in the queue. */
static bool
is_told(BnsLoop *loop, const unsigned *n)
{
    unsigned before = *n;

    bns_loop_turn(loop, 0);
    return *n > before;
}

static void
test_watch(void)
{
    g_autoptr(BnsLoop) loop = bns_loop_new();
    g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *second = NULL;
    g_autofree char *first = NULL;
    g_autofree char *moved = NULL;
    BnsPolicyWatch *watch;
    unsigned n = 0;

    make_folder();
    save("a/policy/config.yaml", "");
    first = in_folder("a");
    moved = in_folder("moved");
    second = in_folder("a/policy/config.yaml");
    g_ptr_array_add(paths, in_folder("a/policy/config.yaml"));
    g_ptr_array_add(paths, in_folder("later/x.yaml"));
    g_ptr_array_add(paths, in_folder("a/d/*"));
    watch = bns_policy_watch_new(loop, count, &n);
    g_assert_true(bns_policy_watch_set(watch, paths));
    save("a/policy/other", "");
    save("a/other", "");
    g_assert_false(is_told(loop, &n));
    save("a/policy/config.yaml", "x");
    g_assert_true(is_told(loop, &n));
    save("later/x.yaml", "");
    g_assert_true(is_told(loop, &n));
    g_assert_true(bns_policy_watch_set(watch, paths));
    while (is_told(loop, &n))
        ;
    g_assert_cmpint(rename(first, moved), ==, 0);
    g_assert_true(is_told(loop, &n));
    save("a/d/one.yaml", "");
    g_assert_true(is_told(loop, &n));
    g_assert_true(bns_policy_watch_set(watch, paths));
    while (is_told(loop, &n))
        ;
    save("a/d/two.yaml", "");
    g_assert_true(is_told(loop, &n));
    /* Nothing of what it watched before. */
    g_ptr_array_set_size(paths, 0);
    g_assert_true(bns_policy_watch_set(watch, paths));
    while (is_told(loop, &n))
        ;
    save("a/d/three.yaml", "");
    g_assert_false(is_told(loop, &n));
    bns_policy_watch_free(watch);
    bns_loop_turn(loop, 0);
    remove_folder();
}

/* --- a session --- */

/* The user's limit of watches is reached. */
static bool is_limit_reached;

/* In the place of the C library's. */
int
inotify_add_watch(int fd, const char *path, uint32_t mask)
{
    if (is_limit_reached) {
        errno = ENOSPC;
        return -1;
    }
    return (int)syscall(SYS_inotify_add_watch, fd, path, mask);
}

typedef struct {
    BnsLoop *loop;
    BnsPolicyTexts *texts;
    BnsPolicy *policy;
    BnsPolicyReload *reload;
    char *path;
    unsigned n_applied, n_refused, n_notices;
    char *notice; /* owned; the last */
    char *once;   /* owned */
} Running;

static bool
on_apply(void *data, GBytes *packed, const char *reason)
{
    ((Running *)data)->n_applied++;
    return true;
}

static void
on_refuse(void *data, const char *why)
{
    ((Running *)data)->n_refused++;
}

static void
on_once(void *data, const char *why)
{
    ((Running *)data)->once = g_strdup(why);
}

static void
on_notice(void *data, const char *text)
{
    Running *f = data;

    f->n_notices++;
    g_free(f->notice);
    f->notice = g_strdup(text);
}

static const BnsPolicyReloadEvents events = {
    .apply = on_apply, .refuse = on_refuse, .once = on_once, .notice = on_notice
};

static void
running_init(Running *f)
{
    static const BnsFileView view;
    static char *none[] = { NULL };
    static const BnsOptions options = {
        .resolve = none, .host_port = none, .publish = none, .upstream_ca = none
    };
    static BnsPolicySource source;
    BnsPolicyReloadStart start;

    *f = (Running){ .loop = bns_loop_new(), .texts = bns_policy_texts_new() };
    make_folder();
    save("p.yaml", "allow: [a.test]\n");
    f->path = in_folder("p.yaml");
    source = (BnsPolicySource){ .config_path = f->path, .out_texts = f->texts };
    f->policy = bns_policy_load(&source, NULL, NULL);
    g_assert_nonnull(f->policy);
    source.out_texts = NULL;
    start = (BnsPolicyReloadStart){ &options, &source, f->policy, f->texts, &view };
    f->reload = bns_policy_reload_new(f->loop, &start, &events, f);
    bns_policy_reload_watch(f->reload);
}

static void
running_clear(Running *f)
{
    bns_policy_reload_free(f->reload);
    bns_loop_turn(f->loop, 0);
    bns_policy_free(f->policy);
    bns_policy_texts_free(f->texts);
    bns_loop_free(f->loop);
    g_free(f->path);
    g_free(f->notice);
    g_free(f->once);
    remove_folder();
}

static void
await_applied(Running *f, unsigned n)
{
    while (f->n_applied < n)
        bns_loop_turn(f->loop, -1);
}

/* The first change comes before anything is watched. */
static void
test_limit_of_watches(void)
{
    Running f;

    running_init(&f);
    save("p.yaml", "allow: [a.test, b.test]\n");
    await_applied(&f, 1);
    g_assert_cmpuint(f.n_notices, ==, 0);
    is_limit_reached = true;
    save("p.yaml", "allow: [b.test]\n");
    await_applied(&f, 2);
    is_limit_reached = false;
    g_assert_cmpuint(f.n_notices, ==, 1);
    g_assert_nonnull(strstr(f.notice, "may not be noticed"));
    g_assert_nonnull(strstr(f.notice, g_strerror(ENOSPC)));
    g_assert_cmpuint(f.n_refused, ==, 0);
    g_assert_null(f.once);
    running_clear(&f);
}

static void
test_limit_at_once(void)
{
    Running f;

    is_limit_reached = true;
    running_init(&f);
    while (f.once == NULL)
        bns_loop_turn(f.loop, -1);
    is_limit_reached = false;
    g_assert_nonnull(strstr(f.once, g_strerror(ENOSPC)));
    g_assert_cmpstr(bns_policy_reload_once(f.reload), ==, f.once);
    running_clear(&f);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    bns_test_add("/sandbox/policy-reload/walks-through-links", test_walk);
    bns_test_add("/sandbox/policy-reload/a-circle-ends", test_circle);
    for (size_t i = 0; i < G_N_ELEMENTS(sights); i++) {
        g_autofree char *path =
            g_strconcat("/sandbox/policy-reload/writable/", sights[i].name, NULL);

        bns_test_add_data(path, &sights[i], test_may_read);
    }
    bns_test_add("/sandbox/policy-reload/has-another-name", test_hard_link);
    bns_test_add("/sandbox/policy-reload/watches-names", test_watch);
    bns_test_add("/sandbox/policy-reload/says-that-it-cannot-watch",
                 test_limit_of_watches);
    bns_test_add("/sandbox/policy-reload/cannot-watch-at-all", test_limit_at_once);
    return g_test_run();
}
