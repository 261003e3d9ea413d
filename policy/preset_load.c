/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/preset_load.h"

#include <string.h>

void
bns_preset_list_init(BnsPresetList *list)
{
    list->presets = g_ptr_array_new();
    list->configs = g_ptr_array_new_with_free_func((GDestroyNotify)bns_config_free);
}

void
bns_preset_list_clear(BnsPresetList *list)
{
    g_clear_pointer(&list->presets, g_ptr_array_unref);
    g_clear_pointer(&list->configs, g_ptr_array_unref);
}

bool
bns_preset_list_has(const BnsPresetList *list, const BnsPreset *preset)
{
    return g_ptr_array_find(list->presets, preset, NULL);
}

/* Presets are built on presets, which do not go in circles: a test reads them all. */
static bool
add_parents(BnsPresetList *list, const BnsConfig *config, GError **error)
{
    for (guint i = 0; i < config->extends->len; i++) {
        const BnsConfigExtend *extend = config->extends->pdata[i];

        g_assert(g_str_has_prefix(extend->name, BNS_PRESET_PREFIX));
        if (!bns_preset_list_add(list, extend->name + strlen(BNS_PRESET_PREFIX), "",
                                 error))
            return false;
    }
    return true;
}

bool
bns_preset_list_add(BnsPresetList *list,
                    const char *name,
                    const char *place,
                    GError **error)
{
    const BnsPreset *preset = bns_preset_find(name, error);
    g_autofree char *file = NULL;
    g_autoptr(BnsConfig) config = NULL;

    if (preset == NULL) {
        g_prefix_error(error, "%s", place);
        return false;
    }
    if (bns_preset_list_has(list, preset))
        return true;
    file = g_strconcat(BNS_PRESET_PREFIX, name, NULL);
    config = bns_config_parse(file, preset->text, preset->len, error);
    if (config == NULL || !add_parents(list, config, error))
        return false;
    g_ptr_array_add(list->presets, (gpointer)(uintptr_t)preset);
    g_ptr_array_add(list->configs, g_steal_pointer(&config));
    return true;
}

void
bns_preset_list_apply(BnsPresetList *list, BnsPolicy *policy)
{
    for (guint i = 0; i < list->presets->len; i++) {
        const BnsPreset *preset = list->presets->pdata[i];

        bns_policy_add_preset(policy, preset->name, list->configs->pdata[i]);
    }
}
