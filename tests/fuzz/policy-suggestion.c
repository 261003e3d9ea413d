/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/policy.h"
#include "policy/suggestion.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

/* A line is "FATE SCHEME PORT HOST METHOD PATH EXE REASON", with tabs between; what is
 * empty is not there. */
static void
add_line(BnsSuggestion *suggestion, const char *line)
{
    g_auto(GStrv) words = g_strsplit(line, "\t", 8);
    const char *all[8] = { NULL };
    BnsAsked asked = { 0 };

    for (guint i = 0; words[i] != NULL; i++)
        all[i] = *words[i] != '\0' ? words[i] : NULL;
    if (all[0] == NULL || all[1] == NULL || all[2] == NULL)
        return;
    asked.fate = (BnsAskedFate)((uint8_t)all[0][0] % (BNS_ASKED_FORBIDDEN + 1));
    asked.request.scheme = (BnsScheme)((uint8_t)all[1][0] % BNS_N_SCHEMES);
    asked.request.port = (uint16_t)g_ascii_strtoull(all[2], NULL, 10);
    asked.request.host = all[3];
    asked.request.method = all[4];
    asked.request.path = all[5];
    asked.exe = all[6];
    asked.reason = all[7];
    bns_suggestion_add(suggestion, &asked);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const BnsSuggestionOptions options = { .no_presets = true,
                                           .with_missed = size % 2 != 0 };
    g_autoptr(BnsSuggestion) suggestion = bns_suggestion_new(&options);
    g_autofree char *text =
        size > 0 ? g_strndup((const char *)data, size) : g_strdup("");
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_autoptr(GError) error = NULL;
    g_autofree char *yaml = NULL;

    for (char **line = lines; *line != NULL; line++)
        add_line(suggestion, *line);
    /* It has read it itself. */
    yaml = bns_suggestion_write(suggestion, &error);
    g_assert_no_error(error);
    for (const char *byte = yaml; *byte != '\0'; byte++)
        g_assert_true((*byte >= 0x20 && *byte < 0x7f) || *byte == '\n');
    return 0;
}
