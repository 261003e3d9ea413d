/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Debug messages where they would cost: g_debug() makes its text before anybody can say
 * that it is not wanted.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* Whether debug messages are shown; at first they are not. */
void bns_debug_show(bool is_shown);
bool bns_debug_is_shown(void);

/* As g_debug(), whose arguments are looked at only if they are shown. */
#define bns_debug(...)                                                                 \
    G_STMT_START                                                                       \
    {                                                                                  \
        if (bns_debug_is_shown())                                                      \
            g_debug(__VA_ARGS__);                                                      \
    }                                                                                  \
    G_STMT_END
