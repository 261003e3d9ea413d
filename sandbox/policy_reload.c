/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/policy_reload_private.h"

#include "base/text.h"
#include "sandbox/policy_source.h"
#include "sandbox/tamper.h"

#include <errno.h>
#include <string.h>

/* Between two looks that have to see the same. */
#define SETTLE_US (50 * 1000)
/* Somebody who writes without a pause is believed after this. */
#define RESTLESS_US (2 * G_USEC_PER_SEC)

G_DEFINE_QUARK(bns_reload_error, bns_reload_error)

bool
bns_policy_reload_fail(GError **error, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    if (error != NULL)
        *error = g_error_new_valist(BNS_RELOAD_ERROR_DOMAIN, 0, format, args);
    va_end(args);
    return false;
}

static bool
may_read(const char *path, void *data, GError **error)
{
    const BnsPolicyReload *reload = data;

    return bns_tamper_check(reload->start.view, path, error);
}

/* --- making a policy --- */

BnsPolicy *
bns_policy_reload_make(const BnsPolicyReload *reload,
                       const BnsPolicyTexts *texts,
                       BnsPolicyTexts *out_texts,
                       GError **error)
{
    BnsPolicySource source = *reload->start.source;
    BnsPolicy *policy;

    source.texts = texts;
    source.out_texts = out_texts;
    source.added = bns_added_rules_list(reload->added);
    source.may_read = may_read;
    source.may_read_data = (void *)(uintptr_t)reload;
    policy = bns_policy_source_read(&source, reload->start.options, NULL, error);
    if (policy != NULL)
        bns_policy_inherit(policy, reload->start.policy);
    return policy;
}

const BnsPolicy *
bns_policy_reload_policy(const BnsPolicyReload *reload)
{
    return reload->policy != NULL ? reload->policy : reload->start.policy;
}

/* Said once: who edits rules need not hear it each time. */
static void
note_fixed(BnsPolicyReload *reload, const BnsPolicy *policy)
{
    if (reload->has_said_fixed ||
        strcmp(bns_policy_fixed_digest(policy),
               bns_policy_fixed_digest(reload->start.policy)) == 0)
        return;
    reload->has_said_fixed = true;
    reload->events->notice(reload->data,
                           "what the policy says of files, commands, variables, limits "
                           "or certificates has changed: that takes effect at the next "
                           "start");
}

bool
bns_policy_reload_put(BnsPolicyReload *reload,
                      BnsPolicy *policy,
                      BnsPolicyTexts *texts,
                      const char *reason)
{
    g_autoptr(GBytes) packed = bns_policy_texts_pack(texts);

    note_fixed(reload, policy);
    if (!bns_policy_has_modes_of(policy, bns_policy_reload_policy(reload)))
        reload->events->change_mode(reload->data, policy);
    if (reload->texts != texts)
        bns_policy_texts_free(reload->texts);
    reload->texts = texts;
    bns_policy_free(reload->policy);
    reload->policy = policy;
    g_clear_pointer(&reload->judged, bns_policy_texts_free);
    return reload->events->apply(reload->data, packed, reason);
}

/* --- files --- */

/* What was read, what was missing, and what may come to the system layer. */
static bool
watch_all(BnsPolicyReload *reload, const BnsPolicyTexts *texts)
{
    static const char *const names[] = { "policy.yaml", "policy.yml", "policy.d/*" };
    g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
    const char *system = reload->start.source->system_dir;

    if (reload->watch == NULL)
        return true;
    for (guint i = 0; i < texts->list->len; i++) {
        const BnsPolicyText *text = texts->list->pdata[i];

        g_ptr_array_add(paths, g_strdup(text->path));
    }
    if (reload->start.source->config_path != NULL)
        g_ptr_array_add(paths, g_strdup(reload->start.source->config_path));
    for (size_t i = 0; system != NULL && i < G_N_ELEMENTS(names); i++)
        g_ptr_array_add(paths, g_build_filename(system, names[i], NULL));
    return bns_policy_watch_set(reload->watch, paths);
}

/* The same of a session that runs. What is still watched counts; said once. */
static void
watch_on(BnsPolicyReload *reload, const BnsPolicyTexts *texts)
{
    g_autofree char *text = NULL;

    if (watch_all(reload, texts) || reload->has_said_unwatched)
        return;
    text = g_strdup_printf("changes of the policy's files may not be noticed from now "
                           "on: they cannot be watched: %s",
                           g_strerror(errno));
    reload->has_said_unwatched = true;
    reload->events->notice(reload->data, text);
}

static bool
refuse(BnsPolicyReload *reload, BnsPolicyTexts *take_texts, const char *why)
{
    bns_policy_texts_free(reload->judged);
    reload->judged = take_texts;
    reload->events->refuse(reload->data, why);
    return false;
}

static char *
find_fault(const BnsPolicyReload *reload, const BnsPolicyTexts *texts)
{
    const char *emptied = bns_policy_texts_find_emptied(reload->texts, texts);
    g_autofree char *shown = bns_text_escape(emptied, -1);

    return emptied == NULL
               ? NULL
               : g_strdup_printf("%s is empty now; \"allow: []\" says that nothing is "
                                 "allowed",
                                 shown);
}

/* @texts were read twice. Returns: false with @error: they make no policy. */
static bool
judge(BnsPolicyReload *reload,
      BnsPolicy *take_policy,
      BnsPolicyTexts *take_texts,
      const char *why_not)
{
    g_autofree char *fault =
        why_not != NULL ? g_strdup(why_not) : find_fault(reload, take_texts);

    if (fault != NULL) {
        bns_policy_free(take_policy);
        return refuse(reload, take_texts, fault);
    }
    return bns_policy_reload_put(reload, take_policy, take_texts,
                                 "a policy file has changed");
}

static void
look_again(BnsPolicyReload *reload)
{
    bns_timer_set(reload->timer, bns_loop_now_us(reload->loop) + SETTLE_US);
}

/* Whether what is there now was judged before. */
static bool
is_known(const BnsPolicyReload *reload, const BnsPolicyTexts *texts)
{
    return reload->judged != NULL ? bns_policy_texts_equal(reload->judged, texts)
                                  : bns_policy_texts_equal(reload->texts, texts);
}

/* What was refused has become what is in force again: nothing to do. */
static bool
is_back(BnsPolicyReload *reload, const BnsPolicyTexts *texts)
{
    if (reload->judged == NULL || !bns_policy_texts_equal(reload->texts, texts))
        return false;
    g_clear_pointer(&reload->judged, bns_policy_texts_free);
    return true;
}

static bool
is_settled(BnsPolicyReload *reload, const BnsPolicyTexts *texts)
{
    return (reload->seen != NULL && bns_policy_texts_equal(reload->seen, texts)) ||
           bns_loop_now_us(reload->loop) - reload->restless_us > RESTLESS_US;
}

static void
look(void *data)
{
    BnsPolicyReload *reload = data;
    g_autoptr(BnsPolicyTexts) texts = bns_policy_texts_new();
    g_autoptr(GError) error = NULL;
    BnsPolicy *policy;

    /* First, so that what happens while we read is seen. */
    watch_on(reload, reload->seen != NULL ? reload->seen : reload->texts);
    policy = bns_policy_reload_make(reload, NULL, texts, &error);
    watch_on(reload, texts);
    if (is_known(reload, texts) || is_back(reload, texts)) {
        bns_policy_free(policy);
        reload->restless_us = 0;
        g_clear_pointer(&reload->seen, bns_policy_texts_free);
        return;
    }
    if (!is_settled(reload, texts)) {
        bns_policy_free(policy);
        bns_policy_texts_free(reload->seen);
        reload->seen = g_steal_pointer(&texts);
        look_again(reload);
        return;
    }
    reload->restless_us = 0;
    g_clear_pointer(&reload->seen, bns_policy_texts_free);
    judge(reload, policy, g_steal_pointer(&texts),
          error != NULL ? error->message : NULL);
}

static void
on_news(void *data)
{
    BnsPolicyReload *reload = data;

    if (reload->restless_us == 0)
        reload->restless_us = bns_loop_now_us(reload->loop);
    /* Not put off without end by somebody who goes on. */
    if (bns_loop_now_us(reload->loop) - reload->restless_us <= RESTLESS_US)
        look_again(reload);
}

bool
bns_policy_reload_now(BnsPolicyReload *reload, GError **error)
{
    g_autoptr(BnsPolicyTexts) texts = bns_policy_texts_new();
    BnsPolicy *policy = bns_policy_reload_make(reload, NULL, texts, error);

    if (policy == NULL)
        return false;
    watch_on(reload, texts);
    return bns_policy_reload_put(reload, policy, g_steal_pointer(&texts),
                                 "a policy file was changed by boundary-ns allow") ||
           bns_policy_reload_fail(error, "the gateway is gone");
}

static bool
check_files(const BnsPolicyReload *reload, GError **error)
{
    const BnsPolicyTexts *texts = reload->texts;

    for (guint i = 0; i < texts->list->len; i++) {
        const BnsPolicyText *text = texts->list->pdata[i];

        if (!bns_tamper_check(reload->start.view, text->path, error))
            return false;
    }
    return true;
}

static void
read_once(BnsPolicyReload *reload, const char *why)
{
    reload->once = g_strdup(why);
    reload->events->once(reload->data, why);
}

static void
begin(void *data)
{
    BnsPolicyReload *reload = data;
    g_autofree char *why = NULL;

    reload->watch = bns_policy_watch_new(reload->loop, on_news, reload);
    if (reload->watch != NULL && watch_all(reload, reload->texts)) {
        /* What was changed before. */
        on_news(reload);
        return;
    }
    why = g_strdup_printf("they cannot be watched: %s", g_strerror(errno));
    g_clear_pointer(&reload->watch, bns_policy_watch_free);
    read_once(reload, why);
}

void
bns_policy_reload_watch(BnsPolicyReload *reload)
{
    g_autoptr(GError) why = NULL;

    if (check_files(reload, &why))
        bns_timer_set(reload->begin,
                      bns_loop_now_us(reload->loop) + BNS_RELOAD_BEGIN_US);
    else
        read_once(reload, why->message);
}

const char *
bns_policy_reload_once(const BnsPolicyReload *reload)
{
    return reload->once;
}

/* --- life --- */

BnsPolicyReload *
bns_policy_reload_new(BnsLoop *loop,
                      const BnsPolicyReloadStart *start,
                      const BnsPolicyReloadEvents *events,
                      void *data)
{
    BnsPolicyReload *reload = g_new0(BnsPolicyReload, 1);

    reload->start = *start;
    reload->events = events;
    reload->data = data;
    reload->loop = loop;
    reload->texts = bns_policy_texts_copy(start->texts);
    reload->added = bns_added_rules_new();
    reload->begin = bns_loop_timer(loop, begin, reload);
    reload->timer = bns_loop_timer(loop, look, reload);
    reload->expiry = bns_loop_timer(loop, bns_policy_reload_on_expiry, reload);
    return reload;
}

void
bns_policy_reload_free(BnsPolicyReload *reload)
{
    if (reload == NULL)
        return;
    bns_policy_watch_free(reload->watch);
    bns_timer_free(reload->begin);
    bns_timer_free(reload->timer);
    bns_timer_free(reload->expiry);
    bns_policy_free(reload->policy);
    bns_policy_texts_free(reload->texts);
    bns_policy_texts_free(reload->seen);
    bns_policy_texts_free(reload->judged);
    bns_added_rules_free(reload->added);
    g_free(reload->once);
    g_free(reload);
}
