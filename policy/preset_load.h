/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The presets that files and the command line name: which, and in which order.
 */
#pragma once

#include "policy/policy_private.h"
#include "policy/preset.h"

typedef struct {
    GPtrArray *presets; /* owned, of borrowed BnsPreset: each once, in the order of
                         * bns_preset_list_add(), what one is built on before it */
    GPtrArray *configs; /* owned, of owned BnsConfig: theirs */
} BnsPresetList;

void bns_preset_list_init(BnsPresetList *list);
void bns_preset_list_clear(BnsPresetList *list);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(BnsPresetList, bns_preset_list_clear)

/* Adds the preset and those that it is built on, unless they are there. @place: what an
 * error begins with. */
bool bns_preset_list_add(BnsPresetList *list,
                         const char *name,
                         const char *place,
                         GError **error);
bool bns_preset_list_has(const BnsPresetList *list, const BnsPreset *preset);

/* Adds what they say to @policy, which has nothing of a file yet. Once. */
void bns_preset_list_apply(BnsPresetList *list, BnsPolicy *policy);
