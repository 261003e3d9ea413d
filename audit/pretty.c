/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/pretty.h"

#include "base/text.h"

#include <inttypes.h>
#include <string.h>

/* Of a line that is not a record, enough to recognise it. */
#define STRANGE_SHOWN_MAX 120

/* Of a process's arguments: escaped, so that a cut leaves nothing half. */
#define PROCESS_SHOWN_MAX 100

#define DECISION_WIDTH 10
#define EVENT_WIDTH    14

#define COLOUR_DENY       "\033[1;31m"
#define COLOUR_WOULD_DENY "\033[33m"
#define COLOUR_NONE       "\033[0m"

static void
append_escaped(GString *text, const char *foreign)
{
    g_autofree char *escaped = bns_text_escape(foreign, -1);

    g_string_append(text, escaped);
}

/* ", " between what is not the first. */
static void
append_detail(GString *details, const char *before, const char *foreign)
{
    if (foreign == NULL)
        return;
    if (details->len > 0)
        g_string_append(details, ", ");
    g_string_append(details, before);
    append_escaped(details, foreign);
}

static void
append_number(GString *details, const char *before, uint64_t number, const char *after)
{
    if (details->len > 0)
        g_string_append(details, ", ");
    g_string_append_printf(details, "%s%" PRIu64 "%s", before, number, after);
}

static void
append_duration(GString *details, const char *before, uint64_t us)
{
    if (details->len > 0)
        g_string_append(details, ", ");
    g_string_append(details, before);
    if (us < 1000)
        g_string_append_printf(details, "%" PRIu64 " us", us);
    else if (us < G_USEC_PER_SEC)
        g_string_append_printf(details, "%.1f ms", (double)us / 1000);
    else
        g_string_append_printf(details, "%.2f s", (double)us / G_USEC_PER_SEC);
}

/* "07:00:00.123" of "2026-11-24T07:00:00.123456Z". */
static void
append_time(GString *text, const BnsJson *record)
{
    const char *ts = bns_json_text(record, "ts");

    if (ts != NULL && strlen(ts) == strlen("2026-11-24T07:00:00.123456Z") &&
        strspn(ts, "0123456789-:.TZ") == strlen(ts))
        g_string_append_len(text, ts + 11, 12);
    else
        append_escaped(text, ts);
}

/* A refusal is in capitals: it is seen at a glance without colours too. */
static void
append_decision(GString *text, const char *decision, bool colour)
{
    g_autofree char *shown = NULL;
    const char *begin = "", *end = "";

    if (g_strcmp0(decision, "deny") == 0) {
        shown = g_strdup("DENY");
        begin = COLOUR_DENY;
    } else if (g_strcmp0(decision, "would_deny") == 0) {
        shown = g_strdup("WOULD DENY");
        begin = COLOUR_WOULD_DENY;
    } else {
        shown = decision != NULL ? bns_text_escape(decision, -1) : g_strdup("");
    }
    if (*begin != '\0' && colour)
        end = COLOUR_NONE;
    else
        begin = "";
    g_string_append_printf(text, "  %s%-*s%s", begin, DECISION_WIDTH, shown, end);
}

static bool
is_default_port(const char *scheme, uint64_t port)
{
    return (g_strcmp0(scheme, "https") == 0 && port == 443) ||
           (g_strcmp0(scheme, "http") == 0 && port == 80);
}

/* "GET https://host/path", "tcp://host:22", "host:443", "name". */
static void
append_target(GString *text, const BnsJson *record)
{
    const char *method = bns_json_text(record, "method");
    const char *scheme = bns_json_text(record, "scheme");
    const char *host = bns_json_text(record, "host");
    uint64_t port;

    if (host == NULL)
        host = bns_json_text(record, "addr");
    if (method != NULL) {
        append_escaped(text, method);
        g_string_append_c(text, ' ');
    }
    if (scheme != NULL) {
        append_escaped(text, scheme);
        g_string_append(text, "://");
    }
    if (host != NULL && strchr(host, ':') != NULL && *host != '[') {
        g_string_append_c(text, '[');
        append_escaped(text, host);
        g_string_append_c(text, ']');
    } else if (host != NULL) {
        append_escaped(text, host);
    }
    if (bns_json_number(record, "port", &port) && !is_default_port(scheme, port))
        g_string_append_printf(text, ":%" PRIu64, port);
    if (bns_json_text(record, "path") != NULL)
        append_escaped(text, bns_json_text(record, "path"));
}

static void
append_command(GString *text, const BnsJson *words)
{
    for (guint i = 0; words != NULL && i < words->items->len; i++) {
        const BnsJson *argument = g_ptr_array_index(words->items, i);
        g_autofree char *escaped = bns_text_escape(argument->text, -1);
        g_autofree char *quoted = bns_text_shell_quote(escaped);
        bool is_plain =
            *escaped != '\0' && strpbrk(escaped, " \t\"'\\$`*?<>|&;()") == NULL;

        g_string_append(text, i > 0 ? " " : "");
        g_string_append(text, is_plain ? escaped : quoted);
    }
}

/* "by curl -sS https://… [12]", of a long one the beginning. */
static void
append_process(GString *details, const BnsJson *record)
{
    const BnsJson *process = bns_json_member(record, "process", BNS_JSON_OBJECT);
    const BnsJson *argv;
    g_autoptr(GString) text = g_string_new(NULL);
    uint64_t pid;

    if (process == NULL || !bns_json_number(process, "pid", &pid))
        return;
    argv = bns_json_member(process, "argv", BNS_JSON_LIST);
    if (argv != NULL)
        append_command(text, argv);
    else
        append_escaped(text, bns_json_text(process, "exe"));
    if (text->len > PROCESS_SHOWN_MAX) {
        g_string_truncate(text, PROCESS_SHOWN_MAX);
        g_string_append(text, "...");
    }
    if (details->len > 0)
        g_string_append(details, ", ");
    g_string_append_printf(details, "by %s [%" PRIu64 "]", text->str, pid);
}

/* A number in a string, as an event's own fields are. */
static void
append_time_of(GString *details,
               const BnsJson *record,
               const char *before,
               const char *name)
{
    const char *text = bns_json_text(record, name);
    guint64 us;

    if (text != NULL && g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT64, &us, NULL))
        append_duration(details, before, us);
}

static void
append_transfer(GString *details, const BnsJson *record)
{
    uint64_t number;

    if (bns_json_number(record, "bytes_sent", &number))
        append_number(details, "sent ", number, " B");
    if (bns_json_number(record, "bytes_received", &number))
        append_number(details, "received ", number, " B");
    if (bns_json_number(record, "duration_us", &number))
        append_duration(details, "", number);
    append_time_of(details, record, "dns ", "dns_us");
    append_time_of(details, record, "connect ", "connect_us");
    append_time_of(details, record, "tls ", "tls_us");
    append_time_of(details, record, "first byte ", "first_byte_us");
}

static void
append_details(GString *text, const BnsJson *record)
{
    g_autoptr(GString) details = g_string_new(NULL);
    uint64_t status;

    if (bns_json_number(record, "status", &status))
        append_number(details, "status ", status, "");
    append_detail(details, "", bns_json_text(record, "reason"));
    append_detail(details, "rule ", bns_json_text(record, "rule"));
    append_detail(details, "error: ", bns_json_text(record, "error"));
    append_transfer(details, record);
    append_detail(details, "kept: ", bns_json_text(record, "kept"));
    append_detail(details, "count ", bns_json_text(record, "count"));
    append_detail(details, "exit ", bns_json_text(record, "exit"));
    append_detail(details, "signal ", bns_json_text(record, "signal"));
    append_detail(details, "allowed ", bns_json_text(record, "allowed"));
    append_detail(details, "denied ", bns_json_text(record, "denied"));
    append_detail(details, "would deny ", bns_json_text(record, "would_deny"));
    /* append_exec() has said it. */
    if (g_strcmp0(bns_json_text(record, "event"), "exec") != 0)
        append_process(details, record);
    if (details->len > 0 && !g_str_has_suffix(text->str, "  "))
        g_string_append(text, "  ");
    g_string_append(text, details->str);
}

/* Whose rules let pass what they refuse, if there are such. */
static void
append_modes(GString *text, const BnsJson *record)
{
    if (g_strcmp0(bns_json_text(record, "mode"), "observe") == 0)
        g_string_append(text, "  (mode: observe)");
    if (g_strcmp0(bns_json_text(record, "system_mode"), "observe") == 0)
        g_string_append(text, "  (the system's mode: observe)");
}

/* "2026-11-24 session 5f1c…: claude -p hello" */
static void
append_session(GString *text, const BnsJson *record)
{
    const char *ts = bns_json_text(record, "ts");
    g_autofree char *date = g_strndup(ts != NULL ? ts : "", strlen("2026-11-24"));

    append_escaped(text, date);
    g_string_append(text, " session ");
    append_escaped(text, bns_json_text(record, "session"));
    g_string_append(text, ": ");
    append_command(text, bns_json_member(record, "command", BNS_JSON_LIST));
    append_modes(text, record);
}

/* "git push  pid 7 of 2, in /home/u" */
static void
append_exec(GString *text, const BnsJson *record)
{
    const BnsJson *process = bns_json_member(record, "process", BNS_JSON_OBJECT);
    uint64_t pid;

    if (process == NULL || !bns_json_number(process, "pid", &pid))
        return;
    append_command(text, bns_json_member(process, "argv", BNS_JSON_LIST));
    g_string_append_printf(text, "  pid %" PRIu64 " of ", pid);
    append_escaped(text, bns_json_text(record, "parent"));
    g_string_append(text, ", in ");
    append_escaped(text, bns_json_text(record, "cwd"));
    g_string_append(text, "  ");
}

void
bns_pretty_record(GString *text, const BnsJson *record, bool colour)
{
    const char *event = bns_json_text(record, "event");
    g_autofree char *shown = bns_text_escape(event, -1);

    append_time(text, record);
    append_decision(text, bns_json_text(record, "decision"), colour);
    g_string_append_printf(text, "  %-*s  ", EVENT_WIDTH, shown);
    if (g_strcmp0(event, "session.start") == 0)
        append_session(text, record);
    else if (g_strcmp0(event, "exec") == 0)
        append_exec(text, record);
    else
        append_target(text, record);
    append_details(text, record);
    while (text->len > 0 && text->str[text->len - 1] == ' ')
        g_string_truncate(text, text->len - 1);
    g_string_append_c(text, '\n');
}

void
bns_pretty_strange(GString *text, const char *what, const char *line, size_t len)
{
    g_autofree char *shown = bns_text_escape(line, (gssize)MIN(len, STRANGE_SHOWN_MAX));

    g_string_append_printf(text, "(%s: %s%s)\n", what, shown,
                           len > STRANGE_SHOWN_MAX ? "..." : "");
}
