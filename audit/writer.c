/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/writer.h"

#include "audit/chain.h"
#include "audit/json.h"
#include "audit/mask.h"
#include "base/fd.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static GString *
begin(const BnsAuditFile *file, BnsEvent event)
{
    GString *line = g_string_sized_new(1024);

    bns_json_begin(line, file->seq, g_get_real_time(), file->session, event);
    return line;
}

/* Cuts the file back to @end, where the last whole line ends. */
static void
cut_back(const BnsAuditFile *file, off_t end)
{
    if (end >= 0 && ftruncate(file->fd, end) < 0)
        g_debug("audit: could not cut the torn line off");
}

static bool
finish(BnsAuditFile *file, GString *line, GError **error)
{
    char hash[BNS_CHAIN_HASH_LEN + 1];
    off_t end = lseek(file->fd, 0, SEEK_END);
    int r;

    bns_chain_seal(line, file->prev, hash);
    if (file->max_bytes > 0 && end >= 0 &&
        line->len > file->max_bytes - MIN(file->max_bytes, (uint64_t)end)) {
        g_set_error(error, BNS_AUDIT_ERROR, BNS_AUDIT_ERROR_WRITE,
                    "The audit file \"%s\" is full (limits.audit_size)", file->path);
        return false;
    }
    r = bns_fd_write_all(file->fd, line->str, line->len);
    if (r < 0) {
        cut_back(file, end);
        /* Not g_strerror(), which may have to load what a locked-down process cannot. */
        g_set_error(error, BNS_AUDIT_ERROR, BNS_AUDIT_ERROR_WRITE,
                    "Could not write to the audit file \"%s\": %s", file->path,
                    strerror(-r));
        return false;
    }
    memcpy(file->prev, hash, sizeof(hash));
    file->seq++;
    return true;
}

bool
bns_writer_record(BnsAuditFile *file, const BnsRecord *record, GError **error)
{
    g_autoptr(GString) line = begin(file, record->event);

    bns_json_append_record(line, record);
    return finish(file, line, error);
}

/* Appends a list unless it is empty. */
static void
append_some(GString *line, const char *name, char **items)
{
    if (items != NULL && items[0] != NULL)
        bns_json_append_list(line, name, (const char *const *)items);
}

bool
bns_writer_start(BnsAuditFile *file, const BnsSessionStart *start, GError **error)
{
    g_autoptr(GString) line = begin(file, BNS_EVENT_SESSION_START);
    g_auto(GStrv) command = bns_mask_argv((const char *const *)start->command);

    bns_json_append_text(line, "version", BNS_VERSION);
    bns_json_append_list(line, "command", (const char *const *)command);
    bns_json_append_text(line, "policy_digest", start->policy_digest);
    bns_json_append_text(line, "mode", start->mode);
    bns_json_append_text(line, "system_mode", start->system_mode);
    bns_json_append_list(line, "layers", (const char *const *)start->layers);
    append_some(line, "env_hidden", start->env_hidden);
    append_some(line, "published", start->published);
    append_some(line, "host_ports", start->host_ports);
    return finish(file, line, error);
}

bool
bns_writer_end(BnsAuditFile *file, const BnsSessionEnd *end, GError **error)
{
    g_autoptr(GString) line = begin(file, BNS_EVENT_SESSION_END);

    bns_json_append_text(line, "error", end->error);
    bns_json_append_text(line, "exit", end->exit);
    bns_json_append_text(line, "signal", end->signal);
    bns_json_append_count(line, "allowed", end->allowed);
    bns_json_append_count(line, "denied", end->denied);
    bns_json_append_count(line, "would_deny", end->would_deny);
    return finish(file, line, error);
}
