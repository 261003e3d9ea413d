/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session's command has its preset by its name (auto_preset), so the policy is read
 * again at each session.start with another one.
 */
#include "sandbox/suggest_check.h"

#include "base/text.h"
#include "policy/host.h"
#include "policy/preset.h"
#include "sandbox/asked.h"
#include "sandbox/log.h"
#include "sandbox/suggest_caps.h"
#include "sandbox/suggest_sources.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define EXIT_DRIFT 1
/* Or could not tell. */
#define EXIT_COULD_NOT 2

/* Different things that are told apart; those beyond are counted. */
#define BLOCKED_MAX 10000
#define EXES_MAX    4

typedef struct {
    uint64_t count;
    GPtrArray *exes; /* owned, of owned strings, escaped */
    char *reason;    /* owned; escaped */
    char *hides;     /* owned; of a request: the key of TLS that was opened for it */
    bool is_unknown; /* it may be blocked */
} Blocked;

typedef struct {
    const BnsOptions *options; /* borrowed */
    BnsPolicy *policy;         /* owned; NULL: it could not be read */
    const BnsPreset *preset;   /* that @policy has for the session's command */
    GHashTable *blocked;       /* owned; what, escaped, to owned Blocked */
    GHashTable *hidden;        /* owned; a set of Blocked's `hides`, borrowed */
    GHashTable *sent;          /* owned; by the session so far (suggest_caps.h) */
    uint64_t count;
    uint64_t n_unknown; /* requests that may be blocked */
    uint64_t more;
    bool has_blocked; /* something would be blocked for certain */
    GError *error;    /* owned */
} Check;

static void
blocked_free(void *data)
{
    Blocked *blocked = data;

    g_ptr_array_unref(blocked->exes);
    g_free(blocked->reason);
    g_free(blocked->hides);
    g_free(blocked);
}

static void
check_clear(Check *check)
{
    bns_policy_free(check->policy);
    g_hash_table_unref(check->hidden);
    g_hash_table_unref(check->blocked);
    g_hash_table_unref(check->sent);
    g_clear_error(&check->error);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Check, check_clear)

/* @command: (nullable): what the session runs */
static void
load(Check *check, const char *command)
{
    const BnsPolicySource source = { .system_dir = BNS_POLICY_SYSTEM_DIR,
                                     .config_path = check->options->check,
                                     .command = command };

    g_clear_pointer(&check->policy, bns_policy_free);
    check->preset = command != NULL ? bns_preset_for_command(command) : NULL;
    check->policy = bns_policy_load(&source, NULL, &check->error);
}

static void
on_start(Check *check, const BnsJson *json)
{
    const BnsJson *command = bns_json_member(json, "command", BNS_JSON_LIST);
    const BnsJson *first =
        command != NULL && command->items->len > 0 ? command->items->pdata[0] : NULL;

    g_hash_table_remove_all(check->sent);
    if (first == NULL || first->kind != BNS_JSON_STRING ||
        bns_preset_for_command(first->text) == check->preset)
        return;
    load(check, first->text);
}

/* Returns: (transfer full): as a person reads it; without @with_path of a request the TLS
 * around it. */
static char *
describe(const BnsRequest *request, bool with_path)
{
    g_autofree char *method = bns_text_escape(request->method, -1);
    g_autofree char *path = bns_text_escape(request->path, -1);
    g_autofree char *host = bns_host_bracket(request->host);

    if (request->method == NULL || !with_path)
        return g_strdup_printf("%s://%s:%u", bns_scheme_name(request->scheme), host,
                               request->port);
    return g_strdup_printf("%s %s://%s:%u%s", method, bns_scheme_name(request->scheme),
                           host, request->port, path);
}

static char *
explain(const BnsDecision *decision)
{
    g_autofree char *reason = bns_text_escape(decision->reason, -1);
    g_autofree char *rule = bns_text_escape(decision->rule, -1);
    g_autofree char *condition = bns_text_escape(decision->condition, -1);

    if (decision->condition != NULL)
        return g_strdup_printf("not known: it depends on the query, headers or content "
                               "type, of which records say nothing (%s)",
                               condition);
    return decision->rule != NULL ? g_strdup_printf("%s (%s)", reason, rule)
                                  : g_steal_pointer(&reason);
}

static void
note_blocked(Check *check, const BnsAsked *asked, const BnsDecision *decision)
{
    g_autofree char *what = describe(&asked->request, true);
    Blocked *blocked = g_hash_table_lookup(check->blocked, what);
    g_autofree char *exe = bns_text_escape(asked->exe, -1);

    if (blocked == NULL) {
        if (g_hash_table_size(check->blocked) >= BLOCKED_MAX) {
            check->more++;
            check->has_blocked |= decision->condition == NULL;
            check->n_unknown += decision->condition != NULL;
            return;
        }
        blocked = g_new0(Blocked, 1);
        blocked->exes = g_ptr_array_new_with_free_func(g_free);
        blocked->reason = explain(decision);
        blocked->is_unknown = decision->condition != NULL;
        blocked->hides =
            asked->request.method != NULL ? describe(&asked->request, false) : NULL;
        if (blocked->hides != NULL)
            g_hash_table_add(check->hidden, blocked->hides);
        g_hash_table_insert(check->blocked, g_steal_pointer(&what), blocked);
    }
    blocked->count++;
    check->n_unknown += blocked->is_unknown;
    check->has_blocked |= !blocked->is_unknown;
    if (blocked->exes->len < EXES_MAX &&
        !g_ptr_array_find_with_equal_func(blocked->exes, exe, g_str_equal, NULL))
        g_ptr_array_add(blocked->exes, g_steal_pointer(&exe));
}

/* What was let out is judged where it is known. */
static void
judge_end(Check *check, const BnsRecord *record)
{
    BnsAsked asked;
    BnsDecision decision;
    const BnsCap *cap;

    if (!bns_asked_from_end(record, &asked) || !bns_asked_is_valid(&asked))
        return;
    decision = bns_asked_decide(check->policy, &asked);
    cap = bns_suggest_caps_judge(check->sent, record, &decision);
    if (decision.verdict != BNS_VERDICT_ALLOW || decision.condition != NULL ||
        cap == NULL)
        return;
    decision = (BnsDecision){ .reason = cap->reason, .rule = cap->rule };
    note_blocked(check, &asked, &decision);
}

static void
on_record(const BnsJson *json, const BnsRecord *record, void *data)
{
    Check *check = data;
    BnsAsked asked;
    BnsDecision decision;

    if (record->event == BNS_EVENT_SESSION_START && check->policy != NULL)
        on_start(check, json);
    if (check->policy != NULL)
        judge_end(check, record);
    if (check->policy == NULL || !bns_asked_from_record(record, &asked) ||
        asked.fate == BNS_ASKED_DISTRUSTED || !bns_asked_is_valid(&asked))
        return;
    if (strcmp(asked.request.host, BNS_POLICY_HOST_NAME) == 0)
        bns_policy_offer_host_port(check->policy, asked.request.port);
    check->count +=
        asked.request.scheme != BNS_SCHEME_HTTPS || asked.request.method != NULL;
    decision = bns_asked_decide(check->policy, &asked);
    if (decision.verdict != BNS_VERDICT_ALLOW || decision.condition != NULL)
        note_blocked(check, &asked, &decision);
}

static void
print_blocked(const Check *check)
{
    g_autoptr(GPtrArray) keys = g_ptr_array_new();
    GHashTableIter iter;
    gpointer key;

    g_hash_table_iter_init(&iter, check->blocked);
    while (g_hash_table_iter_next(&iter, &key, NULL))
        if (!g_hash_table_contains(check->hidden, key))
            g_ptr_array_add(keys, key);
    g_ptr_array_sort(keys, bns_text_compare);
    for (guint i = 0; i < keys->len; i++) {
        const Blocked *blocked = g_hash_table_lookup(check->blocked, keys->pdata[i]);
        g_autoptr(GString) exes = g_string_new(blocked->exes->pdata[0]);

        for (guint j = 1; j < blocked->exes->len; j++)
            g_string_append_printf(exes, ", %s", (const char *)blocked->exes->pdata[j]);
        printf("%" PRIu64 "\t%s\t%s\t%s\n", blocked->count,
               (const char *)keys->pdata[i], exes->str, blocked->reason);
    }
    if (check->more > 0)
        printf("%" PRIu64 "\tmore\t-\t-\n", check->more);
}

static int
finish(const Check *check)
{
    if (check->n_unknown > 0)
        bns_log_print("%" PRIu64 " of %" PRIu64 " requests cannot be judged: rules ask "
                      "for a query, headers or a content type, of which records say "
                      "nothing",
                      check->n_unknown, check->count);
    if (check->has_blocked)
        return EXIT_DRIFT;
    return check->n_unknown > 0 ? EXIT_COULD_NOT : 0;
}

int
bns_suggest_check(const BnsOptions *options)
{
    g_auto(Check) check = {
        .options = options,
        .blocked = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, blocked_free),
        .hidden = g_hash_table_new(g_str_hash, g_str_equal),
        .sent = bns_suggest_sent_new(),
    };

    load(&check, NULL);
    if (check.policy != NULL && !bns_suggest_read(options, on_record, &check))
        return EXIT_COULD_NOT;
    if (check.policy == NULL) {
        bns_log_print("%s", check.error->message);
        return EXIT_COULD_NOT;
    }
    if (g_hash_table_size(check.blocked) == 0)
        printf("ok %" PRIu64 " requests\n", check.count);
    else
        print_blocked(&check);
    if (fflush(stdout) == EOF || ferror(stdout)) {
        bns_log_print("standard output: %s", g_strerror(errno));
        return EXIT_COULD_NOT;
    }
    return finish(&check);
}
