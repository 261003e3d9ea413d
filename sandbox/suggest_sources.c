/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/suggest_sources.h"

#include "audit/sessions.h"
#include "base/text.h"
#include "sandbox/log.h"

#include <string.h>

/* Returns: (transfer full): their paths, or NULL with @error. */
static GPtrArray *
list_files(const BnsOptions *options, GError **error)
{
    g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(g_free);
    int64_t age_s;

    if (options->since != NULL && bns_options_age(options->since, &age_s))
        return bns_sessions_list(g_get_real_time() / G_USEC_PER_SEC - age_s, error);
    if (options->all)
        return bns_sessions_list(0, error);
    if (options->arguments[0] == NULL) {
        char *newest = bns_sessions_find(NULL, error);

        if (newest == NULL)
            return NULL;
        g_ptr_array_add(files, newest);
    }
    for (char **what = options->arguments; *what != NULL; what++) {
        char *file = bns_sessions_find(*what, error);

        if (file == NULL)
            return NULL;
        g_ptr_array_add(files, file);
    }
    return g_steal_pointer(&files);
}

static bool
read_file(const char *file, BnsReaderFunc func, void *data, uint64_t *records)
{
    g_auto(BnsReading) reading = { 0 };
    g_autoptr(GError) error = NULL;
    g_autofree char *shown = bns_text_escape(file, -1);

    if (!bns_reader_read(file, func, data, &reading, &error)) {
        bns_log_print("%s", error->message);
        return false;
    }
    if (reading.broken != NULL)
        bns_log_print("%s: %s: it may not say what happened", shown, reading.broken);
    if (reading.is_torn)
        bns_log_print("%s: the last line has no end, and is left out", shown);
    *records += reading.records;
    return true;
}

bool
bns_suggest_read(const BnsOptions *options, BnsReaderFunc func, void *data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) files = list_files(options, &error);
    uint64_t records = 0;

    if (files == NULL) {
        bns_log_print("%s", error->message);
        return false;
    }
    for (guint i = 0; i < files->len; i++)
        if (!read_file(files->pdata[i], func, data, &records))
            return false;
    if (records == 0)
        bns_log_print("There is no record in what was read");
    return records > 0;
}
