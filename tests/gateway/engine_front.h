/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Front: a rig in front of one origin that the test plays, under one name with one plain
 * HTTP flow to it, or under several.
 */
#pragma once

#include "tests/gateway/engine_rig.h"

typedef struct {
    Rig *rig;
    int listener;   /* all names lead here */
    RigFlow flow;   /* the command's connection */
    RigFlow origin; /* the origin's, once the test has accepted it */
} Front;

/* The name is "origin.test", port 80, and the flow is open. @yaml: NULL: it is allowed */
void front_init(Front *front, const char *yaml);
/* @hosts: names and their ports, "web.test:80 db.test:5432"; no flow is open */
void front_init_hosts(Front *front, const char *yaml, const char *hosts);
/* Closes first what connections there are. */
void front_clear(Front *front);

/* The command says @request, the origin accepts it (on a new connection if it has none)
 * and hears it up to the end of its head. Returns: (transfer full): what it heard. */
char *front_pass(Front *front, const char *request);
/* Closes the origin's connection: cleanly, or by an RST. */
void front_end_origin(Front *front, bool by_reset);
