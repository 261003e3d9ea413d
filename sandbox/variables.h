/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Variables: what of the user's environment is not for the command, by its name
 * (data/environment.inc) or by its value. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/**
 * BnsVariableKind: what becomes of a variable that no policy names.
 * @BNS_VARIABLE_PASS: it is passed, whatever its value
 * @BNS_VARIABLE_BASE: the same, in a clean environment, too
 * @BNS_VARIABLE_TEMPORARY: the same, unless it names a directory that is private inside
 * @BNS_VARIABLE_SECRET: it is hidden: it opens another service
 * @BNS_VARIABLE_SERVICE: it is hidden: it leads to a program of the host
 * @BNS_VARIABLE_SOCKET: the same, unless its value is a URL of the network
 * @BNS_VARIABLE_VOID: it is removed, and that is nothing to speak of
 */
typedef enum {
    BNS_VARIABLE_PASS,
    BNS_VARIABLE_BASE,
    BNS_VARIABLE_TEMPORARY,
    BNS_VARIABLE_SECRET,
    BNS_VARIABLE_SERVICE,
    BNS_VARIABLE_SOCKET,
    BNS_VARIABLE_VOID,
} BnsVariableKind;

/* One line of data/environment.inc. */
typedef struct {
    BnsVariableKind kind;
    const char *name; /* may hold "*" */
    const char *why;
} BnsVariableDefault;

extern const BnsVariableDefault bns_variable_defaults[];
extern const size_t bns_n_variable_defaults;

/* Returns: the entry that decides about the variable @name, or %NULL: none does. */
const BnsVariableDefault *bns_variables_find(const char *name);

/**
 * bns_variables_find_secret:
 *
 * Whether a value is a secret though its name does not say so: a URL with a password (or
 * for http with a user, who is a token then), an Authorization header, a private key.
 * It knows forms, not tokens: what stands alone is not recognised.
 *
 * Returns: what it is, static, or %NULL
 */
const char *bns_variables_find_secret(const char *value);
