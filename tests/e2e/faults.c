/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fail closed: each system call of a start fails once, and each time either the session is
 * whole, or it ends with 125 and one line, the command never ran, and nothing is left.
 *
 * Which calls there are a first run tells. There are some two thousand, each of which may
 * fail in four ways: a sample of them is tried, the same every time, with every kind of
 * call of every process among them. $BNS_FAULTS is another number, or "all" (half an
 * hour of work for two processors).
 */
#include "tests/e2e/fault_injector.h"
#include "tests/support/test.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define N_FAULTS  240
#define N_WORKERS 4
#define RUN_S     100

/* The second that the program starts is init, its first the command. */
#define COMMAND 121

static const int errors[] = { EPERM, ENOMEM, ENOSPC, EMFILE };

typedef struct {
    FaultCall call;
    int error;
} Fault;

/* Where sessions are tried. All owned. */
typedef struct {
    char *dir, *home, *work, *mark, *host_tmp;
    char **env;
} Place;

static void
save(const char *dir, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);
    g_autofree char *parent = g_path_get_dirname(path);

    g_assert_cmpint(g_mkdir_with_parents(parent, 0755), ==, 0);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void
fill_place(const Place *place)
{
    /* The probe executes what is denied, and is allowed itself. */
    g_autofree char *config = g_strdup_printf("files:\n"
                                              "  hide: [~/secrets]\n"
                                              "  read_only: [./locked]\n"
                                              "  private: [~/private]\n"
                                              "commands:\n"
                                              "  deny: [/usr/bin/env]\n"
                                              "  allow: [sh, '%s']\n"
                                              "limits: { open_files: 200 }\n",
                                              g_getenv("BNS_FAULT_PROBE"));
    static const struct {
        const char *name;
        const char *text;
    } files[] = {
        { ".ssh/id_rsa", "key\n" },
        { ".netrc", "machine a.test password b\n" },
        { "secrets/key", "key\n" },
        { "elsewhere/file", "text\n" },
        { "private/file", "text\n" },
        { ".bashrc", "true\n" },
        { "work/.git/hooks/pre-commit", "#!/bin/sh\n" },
        { "work/.git/HEAD", "ref: refs/heads/main\n" },
        { "work/.git/config", "[core]\n" },
        { "work/.envrc", "true\n" },
        { "work/locked/file", "text\n" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(files); i++)
        save(place->home, files[i].name, files[i].text);
    save(place->home, ".config/boundary-ns/config.yaml", config);
    g_assert_true(g_file_set_contents(place->host_tmp, "text\n", -1, NULL));
}

static Place
place_new(void)
{
    g_autofree char *cwd = g_get_current_dir();
    Place place = { .dir = g_build_filename(cwd, "faults-XXXXXX", NULL) };
    g_autofree char *name = NULL;

    g_assert_nonnull(g_mkdtemp_full(place.dir, 0755));
    name = g_path_get_basename(place.dir);
    place.home = g_build_filename(place.dir, "home", NULL);
    place.work = g_build_filename(place.home, "work", NULL);
    place.mark = g_build_filename(place.work, "mark", NULL);
    place.host_tmp = g_build_filename("/tmp", name, NULL);
    fill_place(&place);
    place.env = g_environ_setenv(place.env, "HOME", place.home, TRUE);
    place.env = g_environ_setenv(place.env, "WORK", place.work, TRUE);
    place.env = g_environ_setenv(place.env, "MARK", place.mark, TRUE);
    place.env = g_environ_setenv(place.env, "HOST_TMP", place.host_tmp, TRUE);
    place.env = g_environ_setenv(place.env, "PATH", g_getenv("PATH"), TRUE);
    place.env = g_environ_setenv(place.env, "AWS_SECRET_ACCESS_KEY", "secret", TRUE);
    return place;
}

static void
place_clear(Place *place)
{
    bns_test_remove_tree(place->dir);
    bns_test_remove_tree(place->host_tmp);
    g_free(place->dir);
    g_free(place->home);
    g_free(place->work);
    g_free(place->mark);
    g_free(place->host_tmp);
    g_strfreev(place->env);
}

/* Every name below the home but the audit's, the record of a session that died, which the
 * next look removes (sessions.c), and the directory that layers of sessions lie in
 * (layer_store.h), which is made when the first needs it. */
static void
list_below(const char *path, GString *out)
{
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    const char *name;

    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *child = g_build_filename(path, name, NULL);

        if (g_str_has_suffix(name, ".jsonl") ||
            g_str_has_suffix(path, "/boundary-ns/run"))
            continue;
        if (!g_str_has_suffix(child, "/boundary-ns/layers"))
            g_string_append_printf(out, "%s\n", child);
        if (!g_file_test(child, G_FILE_TEST_IS_SYMLINK))
            list_below(child, out);
    }
}

/* What must be as before: names, and mounts. */
static char *
look(const Place *place)
{
    g_autoptr(GString) out = g_string_new(NULL);
    g_autofree char *mounts = NULL;

    list_below(place->home, out);
    g_assert_true(g_file_get_contents("/proc/self/mountinfo", &mounts, NULL, NULL));
    g_string_append(out, mounts);
    return g_string_free(g_steal_pointer(&out), FALSE);
}

static FaultRun *
start(const Place *place, const Fault *fault)
{
    const char *const argv[] = { g_getenv("BNS_BINARY"), "-q", "--",
                                 g_getenv("BNS_FAULT_PROBE"), NULL };
    FaultStart session = { .argv = argv,
                           .envp = (const char *const *)place->env,
                           .workdir = place->work,
                           .command = COMMAND };

    if (fault != NULL) {
        session.has_fault = true;
        session.fault = fault->call;
        session.error = fault->error;
    }
    return fault_run(&session, RUN_S);
}

static bool
is_one_line(const char *text)
{
    const char *end = strchr(text, '\n');

    return g_str_has_prefix(text, "boundary-ns: ") && end != NULL && end[1] == '\0';
}

/* Returns: what is wrong, or NULL. */
static const char *
find_wrong(const FaultRun *run, bool did_run, bool is_exec)
{
    int status = WIFEXITED(run->status) ? WEXITSTATUS(run->status) : -1;

    if (!run->is_over)
        return "does not end";
    if (strstr(run->err, "the start took longer") != NULL)
        return "hangs";
    if (did_run && run->out[0] != '\0')
        return "FAILS OPEN";
    if (did_run && (status != 0 || run->err[0] != '\0'))
        return "fails after the command ran";
    if (!did_run && status != 125 && !(is_exec && status == 126))
        return "not 125";
    return did_run || is_one_line(run->err) ? NULL : "not one line";
}

/* A place, and what it looks like after a session that went well. */
typedef struct {
    Place place;
    char *before; /* owned */
} Bench;

static bool
bench_open(Bench *bench)
{
    g_autoptr(FaultRun) run = NULL;
    bool did_run;

    bench->place = place_new();
    run = start(&bench->place, NULL);
    did_run = g_unlink(bench->place.mark) == 0;
    bench->before = look(&bench->place);
    return did_run;
}

static void
bench_close(Bench *bench)
{
    place_clear(&bench->place);
    g_free(bench->before);
}

static bool
try_fault(Bench *bench, const Fault *fault)
{
    const Place *place = &bench->place;
    g_autoptr(FaultRun) run = start(place, fault);
    bool did_run = g_unlink(place->mark) == 0;
    bool is_exec = fault->call.process == COMMAND && fault->call.number == SYS_execve;
    const char *wrong = find_wrong(run, did_run, is_exec);
    g_autofree char *after = look(place);
    char name[64];

    if (wrong == NULL && strcmp(bench->before, after) != 0)
        wrong = "leaves something";
    if (wrong == NULL)
        return true;
    fault_call_print(&fault->call, name, sizeof(name));
    fprintf(stderr, "# %s %s: %s (status %x)\n%s%s", name, g_strerror(fault->error),
            wrong, (unsigned)run->status, run->out, run->err);
    /* It may have moved what the next would miss. */
    bench_close(bench);
    bench_open(bench);
    return false;
}

/* Tries every N_WORKERS-th. Returns: whether all was well. */
static bool
work(const GArray *faults, guint first)
{
    Bench bench;
    bool is_good = bench_open(&bench);

    for (guint i = first; i < faults->len; i += N_WORKERS)
        is_good &= try_fault(&bench, &g_array_index(faults, Fault, i));
    bench_close(&bench);
    return is_good;
}

/* --- which --- */

static GArray *
find_calls(void)
{
    Place place = place_new();
    g_autoptr(FaultRun) run = NULL;

    /* The first makes our directories. */
    fault_run_free(start(&place, NULL));
    run = start(&place, NULL);
    if (!WIFEXITED(run->status) || WEXITSTATUS(run->status) != 0)
        g_error("without a fault: %x\n%s%s", (unsigned)run->status, run->out, run->err);
    g_assert_true(run->has_executed && run->is_over);
    place_clear(&place);
    return g_array_ref(run->calls);
}

/* Any order that does not follow the order of calls, and is the same though a loop took a
 * turn more this time. */
static guint64
mix(const Fault *fault)
{
    guint64 value = fault->call.process;

    value = value * 0x9e3779b97f4a7c15u + (guint64)fault->call.number;
    value = value * 0x9e3779b97f4a7c15u + fault->call.nth;
    value = value * 0x9e3779b97f4a7c15u + (guint64)fault->error;
    value = (value ^ (value >> 31)) * 0xbf58476d1ce4e5b9u;
    return value ^ (value >> 29);
}

static int
compare_mixed(gconstpointer a, gconstpointer b)
{
    guint64 left = mix(a), right = mix(b);

    return (left > right) - (left < right);
}

/* The first of each kind in each process come first. Returns: how many kinds there are. */
static guint
add_kinds(const GArray *shuffled, GArray *out)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);

    for (int round = 0; round < 2; round++)
        for (guint i = 0; i < shuffled->len; i++) {
            const Fault *fault = &g_array_index(shuffled, Fault, i);
            guint kind = fault->call.process * 1000 + (guint)fault->call.number;
            bool is_new = g_hash_table_lookup(seen, GUINT_TO_POINTER(kind)) == NULL;

            if (round == 0 && is_new)
                g_hash_table_insert(seen, GUINT_TO_POINTER(kind),
                                    (void *)(uintptr_t)fault);
            if (round == 0 ? is_new
                           : g_hash_table_lookup(seen, GUINT_TO_POINTER(kind)) != fault)
                g_array_append_val(out, *fault);
        }
    return g_hash_table_size(seen);
}

static GArray *
choose(const GArray *found)
{
    const char *wanted = g_getenv("BNS_FAULTS");
    g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(Fault));
    GArray *faults = g_array_new(FALSE, FALSE, sizeof(Fault));
    guint n_kinds;

    for (guint i = 0; i < found->len; i++)
        for (size_t e = 0; e < G_N_ELEMENTS(errors); e++) {
            Fault fault = { g_array_index(found, FaultCall, i), errors[e] };

            g_array_append_val(all, fault);
        }
    g_array_sort(all, compare_mixed);
    n_kinds = add_kinds(all, faults);
    g_assert_cmpuint(n_kinds, <=, N_FAULTS);
    if (g_strcmp0(wanted, "all") != 0)
        g_array_set_size(
            faults, MIN(faults->len, wanted != NULL ? (guint)atoi(wanted) : N_FAULTS));
    g_test_message("%u calls of %u kinds may fail, %u faults are tried", found->len,
                   n_kinds, faults->len);
    return faults;
}

static void
test_faults(void)
{
    g_autoptr(GArray) found = find_calls();
    g_autoptr(GArray) faults = choose(found);
    pid_t workers[N_WORKERS];

    g_assert_cmpuint(found->len, >, 500);
    for (guint i = 0; i < N_WORKERS; i++) {
        workers[i] = fork();
        g_assert_cmpint(workers[i], >=, 0);
        if (workers[i] == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            _exit(work(faults, i) ? 0 : 1);
        }
    }
    for (guint i = 0; i < N_WORKERS; i++) {
        int status = 0;

        g_assert_cmpint(waitpid(workers[i], &status, 0), ==, workers[i]);
        if (status != 0)
            g_test_fail();
    }
}

static void
skip(void)
{
    bns_test_skip("no seccomp(2) that asks us, or no user namespaces");
}

/* Their run time makes calls of its own, and reports what fails. */
#ifdef BNS_SANITIZED
static const bool is_sanitized = true;
#else
static const bool is_sanitized = false;
#endif

static void
skip_sanitized(void)
{
    g_test_skip("the sanitizers' own calls would fail");
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, g_getenv("BNS_FAULTS") != NULL ? 7200 : 400);
    umask(022);
    if (is_sanitized)
        bns_test_add("/e2e/faults/not-with-sanitizers", skip_sanitized);
    else if (bns_test_can_unshare() && fault_is_possible())
        bns_test_add("/e2e/faults/a-start-is-whole-or-none", test_faults);
    else
        bns_test_add("/e2e/faults/needs-seccomp-notification", skip);
    return g_test_run();
}
