/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/tap/notes.h"

#include "tests/support/test.h"

/* What was written, one line each: addr port count. */
static void
on_record(const BnsRecord *record, void *data)
{
    g_string_append_printf(data, "%s %u %" G_GUINT64_FORMAT "\n",
                           record->addr != NULL ? record->addr : "-", record->port,
                           record->count);
}

static void
add(BnsNotes *notes, const char *addr, uint16_t port)
{
    const BnsRecord record = { .event = BNS_EVENT_UDP_REFUSED,
                               .decision = BNS_DECIDED_DENY,
                               .addr = addr,
                               .port = port };

    bns_notes_add(notes, &record);
}

static void
test_first_at_once(void)
{
    g_autoptr(GString) log = g_string_new(NULL);
    g_autoptr(BnsNotes) notes = bns_notes_new(on_record, log);

    g_assert_false(bns_notes_is_pending(notes));
    for (int i = 0; i < 5; i++)
        add(notes, "8.8.8.8", 443);
    add(notes, "8.8.8.8", 444);
    add(notes, "8.8.4.4", 443);
    g_assert_cmpstr(log->str, ==, "8.8.8.8 443 1\n8.8.8.8 444 1\n8.8.4.4 443 1\n");
    g_string_truncate(log, 0);
    bns_notes_flush(notes);
    g_assert_cmpstr(log->str, ==, "8.8.8.8 443 4\n");
    g_string_truncate(log, 0);
    bns_notes_flush(notes);
    g_assert_cmpstr(log->str, ==, "");
    g_assert_false(bns_notes_is_pending(notes));
    /* Forgotten after a quiet second: a first one again. */
    add(notes, "8.8.8.8", 443);
    g_assert_cmpstr(log->str, ==, "8.8.8.8 443 1\n");
}

static void
test_flood(void)
{
    g_autoptr(GString) log = g_string_new(NULL);
    g_autoptr(BnsNotes) notes = bns_notes_new(on_record, log);
    g_auto(GStrv) lines = NULL;

    for (int i = 1; i <= 60000; i++)
        add(notes, "8.8.8.8", (uint16_t)i);
    bns_notes_flush(notes);
    lines = g_strsplit(log->str, "\n", -1);
    g_assert_cmpuint(g_strv_length(lines), ==, BNS_NOTES_PER_FLUSH + 2);
    g_assert_cmpstr(lines[BNS_NOTES_PER_FLUSH], ==, "- 0 59744");
    g_string_truncate(log, 0);
    bns_notes_flush(notes);
    g_assert_cmpstr(log->str, ==, "");
}

/* The same address and port, another event or reason, is another refusal. */
static void
test_kinds(void)
{
    g_autoptr(GString) log = g_string_new(NULL);
    g_autoptr(BnsNotes) notes = bns_notes_new(on_record, log);
    BnsRecord record = { .event = BNS_EVENT_FLOW_REFUSED, .addr = "8.8.8.8" };

    bns_notes_add(notes, &record);
    record.reason = "limit";
    bns_notes_add(notes, &record);
    record.host = "dns.google";
    bns_notes_add(notes, &record);
    record.event = BNS_EVENT_DNS_REFUSED;
    bns_notes_add(notes, &record);
    bns_notes_add(notes, &record);
    g_assert_cmpstr(log->str, ==,
                    "8.8.8.8 0 1\n8.8.8.8 0 1\n8.8.8.8 0 1\n8.8.8.8 0 1\n");
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    bns_test_add("/tap/notes/first-at-once-then-counted", test_first_at_once);
    bns_test_add("/tap/notes/a-flood-is-a-bounded-number-of-records", test_flood);
    bns_test_add("/tap/notes/kinds-are-kept-apart", test_kinds);
    return g_test_run();
}
