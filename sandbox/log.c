/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/log.h"

#include "base/fd.h"
#include "base/text.h"

#include <string.h>
#include <unistd.h>

static BnsLogLevel max_level = BNS_LOG_WARN;
static const char *process_name; /* static or NULL */

static BnsLogLevel
level_of(GLogLevelFlags flags)
{
    if (flags & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL))
        return BNS_LOG_ERROR;
    if (flags & G_LOG_LEVEL_WARNING)
        return BNS_LOG_WARN;
    if (flags & (G_LOG_LEVEL_MESSAGE | G_LOG_LEVEL_INFO))
        return BNS_LOG_INFO;
    return BNS_LOG_DEBUG;
}

static const GLogField *
find_message(const GLogField *fields, gsize n_fields)
{
    for (gsize i = 0; i < n_fields; i++)
        if (strcmp(fields[i].key, "MESSAGE") == 0)
            return &fields[i];
    return NULL;
}

/* One write(2) per line, so that lines of several processes do not mix. */
static GLogWriterOutput
write_line(GLogLevelFlags flags, const GLogField *fields, gsize n_fields, void *data)
{
    const GLogField *message = find_message(fields, n_fields);
    g_autofree char *text = NULL;
    g_autofree char *line = NULL;

    if (message == NULL || level_of(flags) > max_level)
        return G_LOG_WRITER_HANDLED;
    text = bns_text_escape(message->value, message->length);
    line = g_strdup_printf("boundary-ns: %s%s%s\n",
                           process_name != NULL ? process_name : "",
                           process_name != NULL ? ": " : "", text);
    bns_fd_write_all(STDERR_FILENO, line, strlen(line));
    return G_LOG_WRITER_HANDLED;
}

void
bns_log_init(BnsLogLevel level)
{
    max_level = level;
    g_log_set_writer_func(write_line, NULL, NULL);
}

void
bns_log_set_level(BnsLogLevel level)
{
    max_level = level;
}

void
bns_log_set_process(const char *name)
{
    process_name = name;
}
