/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/log.h"

#include "base/debug.h"
#include "base/fd.h"
#include "base/ready.h"
#include "sandbox/exit_status.h"

#include <string.h>
#include <termios.h>
#include <unistd.h>

static BnsLogLevel max_level = BNS_LOG_WARN;
static const char *process_name; /* static or NULL */
static int process_control_fd;   /* borrowed; of a process with a name */

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

/* The terminal is the command's while it runs: nobody adds a carriage return for us. */
static bool
is_raw_terminal(void)
{
    struct termios modes;

    return tcgetattr(STDERR_FILENO, &modes) == 0 &&
           (modes.c_oflag & (OPOST | ONLCR)) != (OPOST | ONLCR);
}

/* One write(2) per line, so that lines of several processes do not mix. */
static void
write_line(const char *text, gsize len)
{
    GString *line = g_string_new("boundary-ns: ");

    if (process_name != NULL)
        g_string_append_printf(line, "%s: ", process_name);
    for (gsize i = 0; i < len; i++)
        if (text[i] >= 0x20 && text[i] <= 0x7e)
            g_string_append_c(line, text[i]);
        else
            g_string_append_printf(line, "\\x%02x", (guchar)text[i]);
    g_string_append(line, is_raw_terminal() ? "\r\n" : "\n");
    bns_fd_write_all(STDERR_FILENO, line->str, line->len);
    g_string_free(line, TRUE);
}

void
bns_log_print(const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    write_line(text, strlen(text));
}

/* Of g_error(). Left to GLib it would be a line here, a signal, and a second line of the
 * supervisor, who would not know the cause. */
static void G_GNUC_NORETURN
give_up(const char *text)
{
    if (process_name == NULL)
        write_line(text, strlen(text));
    else
        bns_ready_send(process_control_fd, BNS_READY_FAILED, text, -1);
    _exit(BNS_EXIT_FAILED);
}

static GLogWriterOutput
on_log(GLogLevelFlags flags, const GLogField *fields, gsize n_fields, void *data)
{
    const GLogField *message = find_message(fields, n_fields);
    const char *text = message != NULL ? message->value : NULL;

    if (flags & G_LOG_LEVEL_ERROR)
        give_up(text != NULL ? text : "failed");
    if (text != NULL && level_of(flags) <= max_level)
        write_line(text, message->length < 0 ? strlen(text) : (gsize)message->length);
    return G_LOG_WRITER_HANDLED;
}

void
bns_log_init(BnsLogLevel level)
{
    bns_log_set_level(level);
    g_log_set_writer_func(on_log, NULL, NULL);
}

void
bns_log_set_level(BnsLogLevel level)
{
    max_level = level;
    bns_debug_show(level >= BNS_LOG_DEBUG);
}

void
bns_log_set_process(const char *name, int control_fd)
{
    process_name = name;
    process_control_fd = control_fd;
}
