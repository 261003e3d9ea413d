/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/processes.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *G_GNUC_PRINTF(1, 2) read_proc(const char *format, ...)
{
    g_autofree char *path = NULL;
    char *text = NULL;
    va_list arguments;

    va_start(arguments, format);
    path = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_file_get_contents(path, &text, NULL, NULL);
    return text;
}

static int64_t
cpu_ns(int pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/task", pid);
    DIR *tasks = opendir(path);
    const struct dirent *entry;
    int64_t sum_ns = 0;

    while (tasks != NULL && (entry = readdir(tasks)) != NULL) {
        g_autofree char *text = entry->d_name[0] == '.'
                                    ? NULL
                                    : read_proc("%s/%s/schedstat", path, entry->d_name);

        if (text != NULL)
            sum_ns += strtoll(text, NULL, 10);
    }
    if (tasks != NULL)
        closedir(tasks);
    return sum_ns;
}

static unsigned
field_kib(const char *text, const char *field)
{
    const char *at = text != NULL ? strstr(text, field) : NULL;

    return at != NULL ? (unsigned)strtoul(at + strlen(field), NULL, 10) : 0;
}

static unsigned
memory_kib(int pid, unsigned *io_unreadable)
{
    g_autofree char *rollup = read_proc("/proc/%d/smaps_rollup", pid);
    g_autofree char *status = NULL;

    if (rollup != NULL && *rollup != '\0')
        return field_kib(rollup, "\nPss:");
    (*io_unreadable)++;
    status = read_proc("/proc/%d/status", pid);
    return field_kib(status, "\nRssAnon:");
}

static void
add_use(GArray *uses, const char *name, int64_t ns, unsigned kib)
{
    ProcessUse use = { .cpu_ns = ns, .pss_kib = kib };

    for (guint i = 0; i < uses->len; i++) {
        ProcessUse *known = &g_array_index(uses, ProcessUse, i);

        if (strcmp(known->name, name) == 0) {
            known->cpu_ns += ns;
            known->pss_kib += kib;
            return;
        }
    }
    g_strlcpy(use.name, name, sizeof(use.name));
    g_array_append_val(uses, use);
}

/* Of all processes. Returns: (transfer full): pid to pid of the parent. */
static GHashTable *
read_parents(void)
{
    GHashTable *parents = g_hash_table_new(NULL, NULL);
    DIR *proc = opendir("/proc");
    const struct dirent *entry;

    while (proc != NULL && (entry = readdir(proc)) != NULL) {
        int pid = atoi(entry->d_name), parent;
        g_autofree char *text = pid > 0 ? read_proc("/proc/%d/stat", pid) : NULL;
        const char *end = text != NULL ? strrchr(text, ')') : NULL;

        if (end != NULL && sscanf(end, ") %*c %d", &parent) == 1)
            g_hash_table_insert(parents, GINT_TO_POINTER(pid), GINT_TO_POINTER(parent));
    }
    if (proc != NULL)
        closedir(proc);
    return parents;
}

static gboolean
descends(GHashTable *parents, int pid, int root)
{
    while (pid > 1 && pid != root)
        pid = GPOINTER_TO_INT(g_hash_table_lookup(parents, GINT_TO_POINTER(pid)));
    return pid == root;
}

/* (transfer full) (nullable) As the header says. */
static char *
name_of(int pid, int parent, int root)
{
    char *name = read_proc("/proc/%d/comm", pid);
    g_autofree char *root_name =
        parent == root ? read_proc("/proc/%d/comm", root) : NULL;
    bool is_init = name != NULL && g_strcmp0(name, root_name) == 0;
    char *full;

    if (name == NULL)
        return NULL;
    full = g_strconcat(g_strchomp(name), is_init ? " init" : "", NULL);
    g_free(name);
    return full;
}

GArray *
processes_use(pid_t root, gboolean with_memory, unsigned *out_unreadable)
{
    g_autoptr(GHashTable) parents = read_parents();
    GArray *uses = g_array_new(FALSE, FALSE, sizeof(ProcessUse));
    unsigned unreadable = 0;
    GHashTableIter iter;
    gpointer key, value;

    g_hash_table_iter_init(&iter, parents);
    while (g_hash_table_iter_next(&iter, &key, &value)) {
        int pid = GPOINTER_TO_INT(key);
        g_autofree char *name = NULL;

        if (!descends(parents, pid, root))
            continue;
        name = name_of(pid, GPOINTER_TO_INT(value), root);
        if (name != NULL)
            add_use(uses, name, cpu_ns(pid),
                    with_memory ? memory_kib(pid, &unreadable) : 0);
    }
    if (out_unreadable != NULL)
        *out_unreadable = unreadable;
    return uses;
}

int64_t
processes_cpu_ns(const GArray *uses, const char *name)
{
    for (guint i = 0; i < uses->len; i++)
        if (strcmp(g_array_index(uses, ProcessUse, i).name, name) == 0)
            return g_array_index(uses, ProcessUse, i).cpu_ns;
    return 0;
}

double
processes_mib(const GArray *uses, const char *except)
{
    double sum_kib = 0;

    for (guint i = 0; i < uses->len; i++)
        if (strcmp(g_array_index(uses, ProcessUse, i).name, except) != 0)
            sum_kib += g_array_index(uses, ProcessUse, i).pss_kib;
    return sum_kib / 1024;
}
