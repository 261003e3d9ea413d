/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Front: a rig in front of one origin that the test plays, and one plain HTTP flow to it.
 */
#pragma once

#include "tests/gateway/engine_rig.h"

typedef struct {
    Rig *rig;
    int listener;   /* "origin.test", port 80, leads here */
    RigFlow flow;   /* the command's connection */
    RigFlow origin; /* the origin's, once the test has accepted it */
} Front;

/* @yaml: NULL: origin.test is allowed */
void front_init(Front *front, const char *yaml);
/* Closes both connections first. */
void front_clear(Front *front);

/* The command says @request, the origin accepts it (on a new connection if it has none)
 * and hears it up to the end of its head. Returns: (transfer full): what it heard. */
char *front_pass(Front *front, const char *request);
/* Closes the origin's connection: cleanly, or by an RST. */
void front_end_origin(Front *front, bool by_reset);
