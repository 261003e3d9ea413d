/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trust variables: those that tell programs where the certificates to trust are.
 *
 * Inside they name our files (sandbox/trust_files.h), whatever the user had in them; what
 * his named goes into our files, so that it stays trusted where a flow passes sealed.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct {
    const char *name;
    const char *value; /* NULL: removed, since it would win over one that we set */
} BnsTrustVariable;

/* Returns: (transfer none): all of them, @out_n. */
const BnsTrustVariable *bns_trust_variables(size_t *out_n);

/* What @variable, which the user had as @host_value (nullable), is inside; %NULL: removed.
 * Returns: (transfer none) */
const char *
bns_trust_variables_value(const BnsTrustVariable *variable, const char *host_value);

/**
 * bns_trust_variables_java_options:
 * @name: of a variable
 * @value: its value
 *
 * Java's options may name a store, or a proxy, in the middle of others.
 * Returns: (transfer full): @value without those, or %NULL if @name holds no options of
 *          Java's.
 */
char *bns_trust_variables_java_options(const char *name, const char *value);

/**
 * BnsTrustInherited: what the user's variables named; owned.
 * @roots: certificates in PEM, each once, of variables that replace a program's roots;
 *         without those of the system's own bundle
 * @added: certificates of variables that add to a program's roots, but for variables
 *         that name the system's bundle: see bns_trust_variables_value()
 */
typedef struct {
    char *roots;
    char *added;
} BnsTrustInherited;

/* Reads regular files of at most 1 MiB and directories of them; what cannot be read is
 * left out: it served no program of the user's either. Nothing but certificates is
 * taken from them. */
void bns_trust_inherited_init(BnsTrustInherited *out_inherited, char **host_environ);
void bns_trust_inherited_clear(BnsTrustInherited *inherited);
