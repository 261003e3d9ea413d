/* SPDX-License-Identifier: Apache-2.0 */
/* `allow`: rules for a session that runs. */
#include "sandbox/commands.h"

#include "base/fd.h"
#include "base/text.h"
#include "sandbox/control.h"
#include "sandbox/log.h"
#include "sandbox/session_record.h"

#include <stdio.h>
#include <string.h>

#define EXIT_FAILED 2

/* @words: the question */
static int
ask(const BnsSessionRecord *record, const char *const *words)
{
    g_autoptr(GError) error = NULL;
    bns_autofd fd = bns_session_connect(record, &error);
    g_autofree char *text = NULL;
    int status;

    if (fd < 0) {
        bns_log_print("%s", error->message);
        return EXIT_FAILED;
    }
    status = bns_control_ask(fd, words, &text);
    if (status < 0)
        bns_log_print("%.8s does not answer: %s", record->session, g_strerror(-status));
    else if (status > 0)
        bns_log_print("%s", text);
    else if (*text != '\0')
        puts(text);
    return status < 0 ? EXIT_FAILED : status;
}

int
bns_allow(const BnsOptions *options)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BnsSessionRecord) record =
        bns_session_find(options->arguments[0], &error);
    const char *rule = options->arguments[1];
    g_autofree char *seconds = NULL;
    const char *words[4] = { "list", NULL };
    unsigned duration = 0;

    if (record == NULL) {
        bns_log_print("%s", error->message);
        return EXIT_FAILED;
    }
    if (options->remove != NULL) {
        words[0] = "remove";
        words[1] = options->remove +
                   (g_str_has_prefix(options->remove, "allow#") ? strlen("allow#") : 0);
    } else if (rule != NULL && g_strcmp0(options->duration, "always") == 0) {
        words[0] = "always";
        words[1] = rule;
    } else if (rule != NULL) {
        bns_options_duration(options->duration, &duration);
        seconds = g_strdup_printf("%u", duration);
        words[0] = "add";
        words[1] = seconds;
        words[2] = rule;
    }
    return ask(record, words);
}
