/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a person outside asks for while the command runs (boundary-ns allow): rules of
 * the session are added, listed and removed. Who asked hears of it once the gateway decides
 * by it.
 */
#include "sandbox/supervisor_private.h"

#include "audit/client.h"
#include "base/text.h"
#include "sandbox/control.h"
#include "sandbox/log.h"
#include "sandbox/rule_file.h"
#include "sandbox/tamper.h"

#include <string.h>

#define REFUSED 1
#define FAILED  2

/* Who waits for the gateway. */
typedef struct {
    BnsControlClient *client; /* borrowed; NULL: has gone away */
    unsigned n_policies;      /* as many as have to be in force */
    char *text;               /* owned */
} Waiting;

static void
waiting_free(void *data)
{
    Waiting *waiting = data;

    g_free(waiting->text);
    g_free(waiting);
}

/* --- records --- */

static bool
record(void *data, const BnsPolicyAdded *rule, const char *what)
{
    BnsSupervisor *supervisor = data;
    g_autofree char *reason = g_strdup_printf("%s: %s", what, rule->rule);
    const BnsRecord record = { .event = BNS_EVENT_POLICY_ALLOW,
                               .rule = rule->origin,
                               .reason = reason };

    return bns_client_record(supervisor->spawn.records_fd, &record);
}

static bool
record_added(void *data, const BnsPolicyAdded *rule)
{
    return record(data, rule, "added");
}

static bool
record_removed(void *data, const BnsPolicyAdded *rule)
{
    return record(data, rule, "removed");
}

/* --- answers --- */

static void
refuse(BnsControlClient *client, const GError *error)
{
    bns_control_answer(client, REFUSED, error->message);
}

/* Takes @text. */
static void
answer_in_force(BnsSupervisor *supervisor, BnsControlClient *client, char *text)
{
    Waiting *waiting = g_new0(Waiting, 1);

    waiting->client = client;
    waiting->n_policies = supervisor->n_policies_sent;
    waiting->text = text;
    g_ptr_array_add(supervisor->waiting, waiting);
}

void
bns_supervisor_answer_allowed(BnsSupervisor *supervisor)
{
    for (guint i = supervisor->waiting->len; i > 0; i--) {
        Waiting *waiting = supervisor->waiting->pdata[i - 1];

        if (waiting->n_policies > supervisor->n_policies_in_force)
            continue;
        if (waiting->client != NULL)
            bns_control_answer(waiting->client, 0, waiting->text);
        g_ptr_array_remove_index(supervisor->waiting, i - 1);
    }
}

void
bns_supervisor_count_allowed(BnsSupervisor *supervisor)
{
    bns_session_mark_count(supervisor->mark,
                           bns_policy_reload_added(supervisor->policy)->len);
}

static void
on_gone(void *data, BnsControlClient *client)
{
    BnsSupervisor *supervisor = data;

    for (guint i = 0; i < supervisor->waiting->len; i++) {
        Waiting *waiting = supervisor->waiting->pdata[i];

        if (waiting->client == client)
            waiting->client = NULL;
    }
}

/* --- questions --- */

/* "add", seconds or 0, rule */
static void
add(BnsSupervisor *supervisor, BnsControlClient *client, char **words)
{
    g_autoptr(GError) error = NULL;
    const BnsPolicyAdded *rule;
    int64_t expires_us = INT64_MAX;
    guint64 seconds;

    if (!g_ascii_string_to_unsigned(words[1], 10, 0, G_MAXINT32, &seconds, &error)) {
        refuse(client, error);
        return;
    }
    if (seconds > 0)
        expires_us =
            bns_loop_now_us(supervisor->loop) + (int64_t)seconds * G_USEC_PER_SEC;
    if (bns_policy_reload_add(supervisor->policy, words[2], expires_us, record_added,
                              &rule, &error))
        answer_in_force(supervisor, client,
                        g_strdup_printf("%s: %s", rule->origin, rule->rule));
    else
        refuse(client, error);
}

static bool
check_file(BnsSupervisor *supervisor, const char *path, GError **error)
{
    const char *once = bns_policy_reload_once(supervisor->policy);

    if (path == NULL)
        g_set_error(
            error, BNS_RELOAD_ERROR_DOMAIN, 0,
            "this session has no policy file that the rule could be written to; "
            "use --for session");
    else if (once != NULL)
        g_set_error(error, BNS_RELOAD_ERROR_DOMAIN, 0,
                    "%s; the policy's files are read once, so use --for session", once);
    else
        return bns_tamper_check(&supervisor->session->init.view, path, error);
    return false;
}

/* "always", rule. It is tried before a file is touched. */
static void
add_for_good(BnsSupervisor *supervisor, BnsControlClient *client, char **words)
{
    const char *path = supervisor->session->source->config_path;
    g_autofree char *shown = bns_text_escape(path, -1);
    const BnsPolicyAdded rule = { .origin = shown, .rule = words[1] };
    g_autoptr(GError) error = NULL;

    if (!check_file(supervisor, path, &error) ||
        !bns_policy_reload_try(supervisor->policy, words[1], &error) ||
        !bns_rule_file_add(path, words[1], &error)) {
        refuse(client, error);
        return;
    }
    (void)record_added(supervisor, &rule);
    if (bns_policy_reload_now(supervisor->policy, &error))
        answer_in_force(supervisor, client, g_strdup_printf("%s: %s", shown, words[1]));
    else
        refuse(client, error);
}

/* "list" */
static void
list(BnsSupervisor *supervisor, BnsControlClient *client, char **words)
{
    const GPtrArray *added = bns_policy_reload_added(supervisor->policy);
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < added->len; i++) {
        const BnsPolicyAdded *rule = added->pdata[i];

        g_string_append_printf(text, "%s%s: %s", i > 0 ? "\n" : "", rule->origin,
                               rule->rule);
    }
    bns_control_answer(client, 0, text->str);
}

/* "remove", number */
static void
take_away(BnsSupervisor *supervisor, BnsControlClient *client, char **words)
{
    g_autoptr(GError) error = NULL;
    guint64 number;

    if (g_ascii_string_to_unsigned(words[1], 10, 1, G_MAXINT32, &number, &error) &&
        bns_policy_reload_remove(supervisor->policy, (unsigned)number, record_removed,
                                 &error))
        answer_in_force(supervisor, client,
                        g_strdup_printf("allow#%u is removed", (unsigned)number));
    else
        refuse(client, error);
}

static const struct {
    const char *word;
    guint n_words;
    void (*act)(BnsSupervisor *supervisor, BnsControlClient *client, char **words);
} questions[] = {
    { "add", 3, add },
    { "always", 2, add_for_good },
    { "list", 1, list },
    { "remove", 2, take_away },
};

static void
on_question(void *data, BnsControlClient *client, char **words)
{
    BnsSupervisor *supervisor = data;

    if (supervisor->state != BNS_SESSION_RUNNING) {
        bns_control_answer(client, FAILED, "the session is ending");
        return;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(questions); i++)
        if (strcmp(words[0], questions[i].word) == 0 &&
            g_strv_length(words) == questions[i].n_words) {
            questions[i].act(supervisor, client, words);
            return;
        }
    bns_control_answer(client, FAILED, "this session is of another version");
}

/* --- life --- */

/* Nothing that the policy promises hangs on it. */
void
bns_supervisor_listen(BnsSupervisor *supervisor)
{
    g_autoptr(GError) error = NULL;
    int fd = supervisor->mark != NULL
                 ? bns_session_mark_listen(supervisor->mark, &error)
                 : -1;

    supervisor->waiting = g_ptr_array_new_with_free_func(waiting_free);
    if (fd >= 0)
        supervisor->control =
            bns_control_new(supervisor->loop, fd, on_question, on_gone, supervisor);
    else if (error != NULL && !supervisor->session->options->quiet)
        bns_log_print("rules cannot be added to this session: %s", error->message);
}

void
bns_supervisor_leave_control(BnsSupervisor *supervisor)
{
    g_clear_pointer(&supervisor->control, bns_control_free);
    g_clear_pointer(&supervisor->waiting, g_ptr_array_unref);
}
