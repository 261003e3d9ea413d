/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `suggest`: what sessions asked for as a policy.
 */
#include "base/fd.h"
#include "base/text.h"
#include "sandbox/asked.h"
#include "sandbox/commands.h"
#include "sandbox/log.h"
#include "sandbox/suggest_check.h"
#include "sandbox/suggest_sources.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define EXIT_LEFT_OUT  1
#define EXIT_COULD_NOT 2

static void
on_record(const BnsJson *json, const BnsRecord *record, void *data)
{
    BnsSuggestion *suggestion = data;
    BnsAsked asked;

    if (bns_asked_from_record(record, &asked))
        bns_suggestion_add(suggestion, &asked);
}

/* @path: NULL: standard output. A file that is there is somebody's policy. */
static bool
print(const char *yaml, const char *path)
{
    FILE *file = path != NULL ? fopen(path, "wxe") : stdout;
    g_autofree char *shown = bns_text_escape(path, -1);
    bool ok;

    if (file == NULL) {
        bns_log_print("Could not create \"%s\": %s", shown, g_strerror(errno));
        return false;
    }
    ok = fputs(yaml, file) != EOF && fflush(file) != EOF;
    if (!ok)
        bns_log_print("%s: %s", path != NULL ? shown : "standard output",
                      g_strerror(errno));
    if (path != NULL)
        fclose(file);
    return ok;
}

static int
finish(const BnsSuggestion *suggestion)
{
    uint64_t left_out = bns_suggestion_left_out(suggestion);

    if (left_out == 0)
        return 0;
    bns_log_print("%" PRIu64 " of %" PRIu64 " requests and flows are left out: no rule "
                  "can say them, or there are too many different ones",
                  left_out, bns_suggestion_count(suggestion));
    return EXIT_LEFT_OUT;
}

int
bns_suggest(const BnsOptions *options)
{
    const BnsSuggestionOptions how = { .with_missed = options->denied,
                                       .no_presets = options->no_presets };
    g_autoptr(BnsSuggestion) suggestion = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *yaml = NULL;

    if (options->check != NULL)
        return bns_suggest_check(options);
    suggestion = bns_suggestion_new(&how);
    if (!bns_suggest_read(options, on_record, suggestion))
        return EXIT_COULD_NOT;
    yaml = bns_suggestion_write(suggestion, &error);
    if (yaml == NULL) {
        bns_log_print("%s", error->message);
        return EXIT_COULD_NOT;
    }
    return print(yaml, options->output) ? finish(suggestion) : EXIT_COULD_NOT;
}
