/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The policy of a running session: what policy_reload.c decides is told the gateway, which
 * records it as it obeys, and the person. What changes nothing is recorded here.
 */
#include "sandbox/supervisor_private.h"

#include "audit/client.h"
#include "base/fd.h"
#include "sandbox/log.h"
#include "sandbox/policy_source.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

static void
note_stays(BnsSupervisor *supervisor, const char *reason, const char *error)
{
    const BnsPolicy *policy = bns_policy_reload_policy(supervisor->policy);
    const BnsRecord record = { .event = BNS_EVENT_POLICY_RELOAD,
                               .reason = reason,
                               .error = error,
                               .policy_digest = bns_policy_digest(policy) };

    (void)bns_client_note(supervisor->spawn.records_fd, &record);
}

/* (transfer full): a file in memory, to be read from its beginning, or -1 */
static int
make_file(GBytes *bytes)
{
    bns_autofd fd = memfd_create("boundary-ns-policy", MFD_CLOEXEC);
    gsize len;
    const void *data = g_bytes_get_data(bytes, &len);

    if (fd < 0 || bns_fd_write_all(fd, data, len) < 0 || lseek(fd, 0, SEEK_SET) < 0)
        return -1;
    return g_steal_fd(&fd);
}

static bool
on_apply(void *data, GBytes *packed, const char *reason)
{
    BnsSupervisor *supervisor = data;
    bns_autofd fd = -1;
    int r;

    /* Nobody asks any more. */
    if (supervisor->state != BNS_SESSION_RUNNING)
        return true;
    fd = make_file(packed);
    r = fd < 0 ? -errno
               : bns_ready_send(supervisor->spawn.controls[BNS_HELPER_GATEWAY],
                                BNS_READY_POLICY, reason, fd);

    if (r == 0) {
        supervisor->n_policies_sent++;
        bns_supervisor_count_allowed(supervisor);
        return true;
    }
    /* What holds would be unknown. */
    bns_outcome_report(&supervisor->outcome,
                       "the gateway could not be told the policy");
    bns_supervisor_end(supervisor);
    return false;
}

static void
on_refuse(void *data, const char *why)
{
    BnsSupervisor *supervisor = data;

    bns_log_print("the policy stays as it was: %s", why);
    note_stays(supervisor, "the policy stays as it was", why);
}

/* Said as at the start, with --quiet too: the session is weaker, or no longer is. */
static void
on_change_mode(void *data, const BnsPolicy *policy)
{
    const BnsSupervisor *supervisor = data;

    if (bns_policy_observes(policy))
        bns_policy_source_announce(policy);
    else
        bns_log_print("the policy enforces now: what the rules deny is refused");
    bns_session_mark_mode(supervisor->mark, bns_mode_name(bns_policy_mode(policy)));
}

static void
on_once(void *data, const char *why)
{
    BnsSupervisor *supervisor = data;

    note_stays(supervisor, "the policy's files are read once", why);
    if (!supervisor->session->options->quiet)
        bns_log_print("changes of the policy's files do not count in this session: %s",
                      why);
}

static void
on_notice(void *data, const char *text)
{
    const BnsSupervisor *supervisor = data;

    if (!supervisor->session->options->quiet)
        bns_log_print("%s", text);
}

static void
on_expire(void *data, const BnsPolicyAdded *rule)
{
    BnsSupervisor *supervisor = data;
    const BnsRecord record = { .event = BNS_EVENT_POLICY_ALLOW,
                               .rule = rule->origin,
                               .reason = "the rule has expired" };

    (void)bns_client_note(supervisor->spawn.records_fd, &record);
}

static const BnsPolicyReloadEvents events = {
    .apply = on_apply,
    .refuse = on_refuse,
    .change_mode = on_change_mode,
    .once = on_once,
    .notice = on_notice,
    .expire = on_expire,
};

bool
bns_supervisor_on_policy(BnsSupervisor *supervisor, const char *text)
{
    guint64 n_reset;

    if (supervisor->n_policies_in_force == supervisor->n_policies_sent ||
        !g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT, &n_reset, NULL))
        return false;
    supervisor->n_policies_in_force++;
    bns_supervisor_answer_allowed(supervisor);
    g_info("another policy is in force; %" G_GUINT64_FORMAT " flows were reset",
           n_reset);
    return true;
}

void
bns_supervisor_watch_policy(BnsSupervisor *supervisor)
{
    const BnsSession *session = supervisor->session;
    const BnsPolicyReloadStart start = { .options = session->options,
                                         .source = session->source,
                                         .policy = session->policy,
                                         .texts = session->texts,
                                         .view = &session->init.view };

    supervisor->policy =
        bns_policy_reload_new(supervisor->loop, &start, &events, supervisor);
    bns_policy_reload_watch(supervisor->policy);
}

void
bns_supervisor_leave_policy(BnsSupervisor *supervisor)
{
    g_clear_pointer(&supervisor->policy, bns_policy_reload_free);
}
