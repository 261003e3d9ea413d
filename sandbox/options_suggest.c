/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/options_table.h"

#include <string.h>

bool
bns_options_age(const char *text, int64_t *out_s)
{
    static const struct {
        char unit;
        int64_t seconds;
    } units[] = { { 'm', 60 }, { 'h', 60 * 60 }, { 'd', 24 * 60 * 60 } };
    size_t len = strspn(text, "0123456789");

    /* Nine digits of days are in range. */
    for (size_t i = 0; i < G_N_ELEMENTS(units); i++)
        if (len > 0 && len < 10 && text[len] == units[i].unit &&
            text[len + 1] == '\0') {
            *out_s = g_ascii_strtoll(text, NULL, 10) * units[i].seconds;
            return *out_s > 0;
        }
    return false;
}

static const char *
find_problem(const BnsOptions *options)
{
    int64_t since_s;

    if (options->since != NULL && !bns_options_age(options->since, &since_s))
        return "--since: write an age such as 30m, 12h or 7d";
    if ((options->all || options->since != NULL) && options->arguments[0] != NULL)
        return "--all and --since are for the default place: leave them out where "
               "files "
               "or sessions are named";
    if (options->check != NULL &&
        (options->denied || options->no_presets || options->output != NULL))
        return "--check makes no policy: leave --denied, --no-presets and --output out";
    return NULL;
}

bool
bns_options_check_suggest(const BnsOptions *options, GError **error)
{
    const char *problem =
        options->command == BNS_COMMAND_SUGGEST ? find_problem(options) : NULL;

    return problem == NULL || bns_options_fail(options->command, error, "%s", problem);
}
