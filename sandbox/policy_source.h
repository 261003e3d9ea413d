/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The policy that a command line means: which file, which flags, which notices.
 */
#pragma once

#include "policy/policy.h"
#include "sandbox/options.h"

/**
 * bns_policy_source_load:
 * @out_config: (transfer full) (nullable): the config file that was chosen, or NULL: none
 *
 * The system layer is always in it, and options that it forbids are errors. Prints the
 * notices of @options and of the file on standard error unless -q. Returns: (transfer
 * full): the policy, or %NULL with @error of the BNS_POLICY_ERROR domain.
 */
BnsPolicy *
bns_policy_source_load(const BnsOptions *options, char **out_config, GError **error);

/* One of two layers, where there is a system policy. */
typedef enum {
    BNS_POLICY_LAYER_SYSTEM,
    BNS_POLICY_LAYER_BELOW,
} BnsPolicyLayer;

/* The policy that there would be with this layer alone; without notices. Returns:
 * (transfer full), or %NULL with @error */
BnsPolicy *bns_policy_source_load_layer(const BnsOptions *options,
                                        BnsPolicyLayer layer,
                                        GError **error);
/* (transfer full) (nullable): the config file that is chosen; NULL: none */
char *bns_policy_source_config(const BnsOptions *options);
/* What @options and @config (nullable) mean. It borrows from both. */
BnsPolicySource bns_policy_source_of(const BnsOptions *options, const char *config);
/* The policy of @source, which has to permit @options. Prints nothing. @out_notices:
 * (transfer full) (nullable) */
BnsPolicy *bns_policy_source_read(const BnsPolicySource *source,
                                  const BnsOptions *options,
                                  GStrv *out_notices,
                                  GError **error);
/* The same, with the notices printed as bns_policy_source_load() does. */
BnsPolicy *bns_policy_source_begin(const BnsPolicySource *source,
                                   const BnsOptions *options,
                                   GError **error);

/* Whether the system layer lets the person use @what ("--resolve"). If not, @error: one line
 * that names the file. */
bool bns_policy_source_permit(const BnsPolicy *policy,
                              BnsPermit permit,
                              const char *what,
                              GError **error);

/* Says on standard error, -q or not, that the session only records what rules refuse, and
 * who wants it so; nothing if it enforces. */
void bns_policy_source_announce(const BnsPolicy *policy);

/* Returns: (transfer none) (nullable): "enforce" or "observe"; %NULL: no system policy */
const char *bns_policy_source_system_mode(const BnsPolicy *policy);

/* Returns: (transfer full): where its rules came from, for the audit: presets, files, the
 * profile, single rules with their text. */
GStrv bns_policy_source_layers(const BnsPolicy *policy, const BnsOptions *options);
