/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Site: what all lanes of a run share: a directory, certificates, the origin.
 */
#pragma once

#include "tests/bench/child.h"

#include <stdbool.h>

typedef struct {
    char *boundary;    /* owned: the binary */
    char *tools;       /* owned: the directory of bench-load and bench-origin */
    char *dir;         /* owned: removed at the end */
    char *ca_file;     /* owned: signs the origin */
    char *certificate; /* owned: the origin's file */
    char *key;         /* owned: its key's file */
    char *peer_ca;     /* owned: certificate of the interceptors among the peers */
    char *peer_ca_key; /* owned: and its key */
    char *log;         /* owned: what all lanes said on standard error */
    Child *origin;     /* owned */
    unsigned plain_port;
    unsigned tls_port;
} Site;

/* Returns: (transfer full): or %NULL, having said why. */
Site *site_new(const char *boundary, const char *tools);
void site_free(Site *site);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Site, site_free)

/* (transfer full) Writes a file below dir. Returns: its path. */
char *site_file(const Site *site, const char *name, const char *text);
/* (transfer full) */
char *site_tool(const Site *site, const char *name);
/* A port of the loopback that is free now. */
unsigned site_free_port(void);
