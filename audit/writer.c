/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/writer.h"

#include "audit/chain.h"
#include "audit/json.h"
#include "audit/mask.h"
#include "base/fd.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Returns: (transfer none): file->line. */
static GString *
begin(BnsAuditFile *file, BnsEvent event)
{
    g_string_truncate(file->line, 0);
    bns_json_begin(file->line, file->seq, g_get_real_time(), file->session, event);
    return file->line;
}

/* Seals file->line and keeps it, if it fits. Its size is the file's, not what we wrote: others
 * may cut a log that they rotate. */
static bool
keep(BnsAuditFile *file, GError **error)
{
    GString *line = file->line;
    char hash[BNS_CHAIN_HASH_LEN + 1];
    uint64_t end;

    if (file->unwritten->len == 0)
        file->end = lseek(file->fd, 0, SEEK_END);
    bns_chain_seal(line, file->prev, hash);
    end = (uint64_t)MAX(file->end, 0) + file->unwritten->len;
    if (file->max_bytes > 0 &&
        line->len > file->max_bytes - MIN(file->max_bytes, end)) {
        g_set_error(error, BNS_AUDIT_ERROR, BNS_AUDIT_ERROR_WRITE,
                    "The audit file \"%s\" is full (limits.audit_size)", file->path);
        return false;
    }
    g_string_append_len(file->unwritten, line->str, (gssize)line->len);
    memcpy(file->prev, hash, sizeof(file->prev));
    file->seq++;
    return true;
}

/* Cuts off what was written of a line that is not whole. */
static void
cut_back(const BnsAuditFile *file)
{
    const GString *lines = file->unwritten;
    off_t now = lseek(file->fd, 0, SEEK_END);
    gssize written = (gssize)CLAMP(now - file->end, 0, (off_t)lines->len);
    const char *newline = g_strrstr_len(lines->str, written, "\n");
    off_t whole = newline == NULL ? 0 : newline + 1 - lines->str;

    if (file->end >= 0 && now > file->end + whole &&
        ftruncate(file->fd, file->end + whole) < 0)
        g_debug("audit: could not cut the torn line off");
}

bool
bns_writer_flush(BnsAuditFile *file, GError **error)
{
    int r = bns_fd_write_all(file->fd, file->unwritten->str, file->unwritten->len);

    if (r < 0) {
        cut_back(file);
        /* Not g_strerror(), which may have to load what a locked-down process cannot. */
        g_set_error(error, BNS_AUDIT_ERROR, BNS_AUDIT_ERROR_WRITE,
                    "Could not write to the audit file \"%s\": %s", file->path,
                    strerror(-r));
    }
    g_string_truncate(file->unwritten, 0);
    return r >= 0;
}

static bool
finish(BnsAuditFile *file, GError **error)
{
    return keep(file, error) && bns_writer_flush(file, error);
}

bool
bns_writer_append(BnsAuditFile *file, const BnsRecord *record, GError **error)
{
    bns_json_append_record(begin(file, record->event), record, file->arguments);
    return keep(file, error);
}

bool
bns_writer_record(BnsAuditFile *file, const BnsRecord *record, GError **error)
{
    return bns_writer_append(file, record, error) && bns_writer_flush(file, error);
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
    GString *line = begin(file, BNS_EVENT_SESSION_START);
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
    return finish(file, error);
}

bool
bns_writer_end(BnsAuditFile *file, const BnsSessionEnd *end, GError **error)
{
    GString *line = begin(file, BNS_EVENT_SESSION_END);

    bns_json_append_text(line, "error", end->error);
    bns_json_append_text(line, "exit", end->exit);
    bns_json_append_text(line, "signal", end->signal);
    bns_json_append_count(line, "allowed", end->allowed);
    bns_json_append_count(line, "denied", end->denied);
    bns_json_append_count(line, "would_deny", end->would_deny);
    return finish(file, error);
}
