/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policy reload: which policy is in force in a session that runs: the files' as they are
 * now, and the rules that were added to it.
 *
 * A change of a file is believed once it was read twice with the same bytes, and nothing has
 * happened in between: somebody who writes in two halves would not want the first. What
 * makes no policy, or holds an empty file where there was a text (as a full disk leaves
 * it), changes nothing. What the policy says of files, commands, the environment and limits
 * is for the next start.
 *
 * Files that the command could write, or lead elsewhere by a directory or a link on the
 * way, are read once, at the start, when there is no command; none such is opened later
 * (sandbox/tamper.h). Added rules need no file.
 */
#pragma once

#include "base/loop.h"
#include "policy/policy.h"
#include "sandbox/file_view.h"
#include "sandbox/options.h"

#define BNS_RELOAD_ERROR_DOMAIN (bns_reload_error_quark())
GQuark bns_reload_error_quark(void);

/* Who is told. @data as given to bns_policy_reload_new(). */
typedef struct {
    /* Another policy is in force: @packed is what it is made of (policy/texts.h). Returns:
     * whether the gateway has been told. */
    bool (*apply)(void *data, GBytes *packed, const char *reason);
    /* The one before stays: @why, one line. */
    void (*refuse)(void *data, const char *why);
    /* @policy is the one in force now, and observes or enforces otherwise than the one
     * before; apply() follows. */
    void (*change_mode)(void *data, const BnsPolicy *policy);
    /* Files are read once, and @why: now, or soon after bns_policy_reload_watch(). */
    void (*once)(void *data, const char *why);
    /* For the person, nothing has changed. */
    void (*notice)(void *data, const char *text);
    /* The rule @origin has expired; apply() follows. */
    void (*expire)(void *data, const BnsPolicyAdded *rule);
} BnsPolicyReloadEvents;

typedef struct {
    const BnsOptions *options;     /* borrowed, as all here */
    const BnsPolicySource *source; /* with absolute names; of the start */
    const BnsPolicy *policy;       /* of the start */
    const BnsPolicyTexts *texts;   /* what it was made of */
    const BnsFileView *view;       /* of the command's */
} BnsPolicyReloadStart;

typedef struct BnsPolicyReload BnsPolicyReload;

/* (transfer full): watches nothing yet. */
BnsPolicyReload *bns_policy_reload_new(BnsLoop *loop,
                                       const BnsPolicyReloadStart *start,
                                       const BnsPolicyReloadEvents *events,
                                       void *data);
void bns_policy_reload_free(BnsPolicyReload *reload);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsPolicyReload, bns_policy_reload_free)

/* Files are watched, if no command could write them yet; what has changed since the start
 * counts. They are from BNS_RELOAD_BEGIN_US on: to end the watch costs 20 ms (the kernel
 * waits for all who may look at it), which a short command need not wait for. */
void bns_policy_reload_watch(BnsPolicyReload *reload);
#define BNS_RELOAD_BEGIN_US G_USEC_PER_SEC

/* (transfer none): the policy in force. */
const BnsPolicy *bns_policy_reload_policy(const BnsPolicyReload *reload);
/* (transfer none) (nullable): why files are read once; NULL: they are not. */
const char *bns_policy_reload_once(const BnsPolicyReload *reload);

/* --- rules that are added --- */

/**
 * bns_policy_reload_add:
 * @rule: in string form
 * @expires_us: on bns_loop_now_us(); INT64_MAX: never
 * @record: (nullable): called before apply(), with the rule; false refuses it
 * @out_rule: (transfer none): as it is in force now
 *
 * Returns: false with @error: it makes no policy, or could allow nothing.
 */
bool bns_policy_reload_add(BnsPolicyReload *reload,
                           const char *rule,
                           int64_t expires_us,
                           bool (*record)(void *data, const BnsPolicyAdded *rule),
                           const BnsPolicyAdded **out_rule,
                           GError **error);
/* Whether it could be added. Changes nothing. */
bool bns_policy_reload_try(BnsPolicyReload *reload, const char *rule, GError **error);
/* Removes the rule "allow#@number". Returns: false with @error: there is none. */
bool bns_policy_reload_remove(BnsPolicyReload *reload,
                              unsigned number,
                              bool (*record)(void *data, const BnsPolicyAdded *rule),
                              GError **error);
/* (transfer none): of BnsPolicyAdded */
const GPtrArray *bns_policy_reload_added(const BnsPolicyReload *reload);

/* A file has been changed by us: reads it now. Returns: false with @error: it makes no
 * policy, and the one before stays. */
bool bns_policy_reload_now(BnsPolicyReload *reload, GError **error);
