/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What policy_reload.c (files) and policy_reload_added.c (rules that are added) share.
 */
#pragma once

#include "sandbox/added_rules.h"
#include "sandbox/policy_reload.h"
#include "sandbox/policy_watch.h"

struct BnsPolicyReload {
    BnsPolicyReloadStart start;
    const BnsPolicyReloadEvents *events; /* borrowed */
    void *data;
    BnsLoop *loop;          /* borrowed */
    BnsTimer *begin;        /* owned; until files are watched */
    BnsPolicyWatch *watch;  /* owned; NULL: nothing is watched, or not yet */
    BnsTimer *timer;        /* owned; the next look */
    BnsTimer *expiry;       /* owned; the first rule that ends */
    int64_t restless_us;    /* since when; 0: nothing has happened */
    BnsPolicy *policy;      /* owned; NULL: that of the start */
    BnsPolicyTexts *texts;  /* owned; what it was made of */
    BnsPolicyTexts *seen;   /* owned; at the last look; NULL: there was none */
    BnsPolicyTexts *judged; /* owned; of what was refused last; NULL: nothing was */
    BnsAddedRules *added;   /* owned */
    char *once;             /* owned; NULL: files are read again */
    bool has_said_fixed;
    bool has_said_unwatched;
};

/* Sets @error, for use with return. Returns: false. */
bool
bns_policy_reload_fail(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Of files, or of @texts alone (nullable), and of the rules that are added. Returns:
 * (transfer full): the policy, or %NULL with @error. */
BnsPolicy *bns_policy_reload_make(const BnsPolicyReload *reload,
                                  const BnsPolicyTexts *texts,
                                  BnsPolicyTexts *out_texts,
                                  GError **error);
/* @policy and what it was made of (both transfer full; @texts may be those of before) are
 * in force from now on. Returns: whether the gateway has been told. */
bool bns_policy_reload_put(BnsPolicyReload *reload,
                           BnsPolicy *policy,
                           BnsPolicyTexts *texts,
                           const char *reason);
/* A timer's: rules may have expired. */
void bns_policy_reload_on_expiry(void *data);
