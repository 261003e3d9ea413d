/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lane: one of the surroundings in which the same client meets the same origin: none, our
 * sandbox, a peer. It is started once and stays; rounds visit the lanes in turn.
 */
#pragma once

#include "tests/bench/command.h"
#include "tests/bench/site.h"

#include <stdbool.h>

/* Which of the origin's doors, in what way. */
typedef enum {
    LANE_HTTPS,  /* inspected, where a lane inspects */
    LANE_SEALED, /* TLS that is not opened: where a lane tells the two apart */
    LANE_PLAIN,  /* HTTP's bytes over a flow that nobody reads */
    LANE_HTTP,   /* without TLS, inspected where a lane inspects */
    N_LANE_DOORS,
} LaneDoor;

#define LANE_HELPERS_MAX 2

typedef struct Lane Lane;
/* What starts a lane. Returns: (transfer full): or %NULL with @out_why (transfer full) for
 * a line that says so. */
typedef Lane *(*LaneStart)(const Site *site, char **out_why);

struct Lane {
    char *name; /* owned */
    bool is_ours;
    bool is_slow;                     /* so that a few rounds are enough */
    LaneStart start;                  /* for a fresh one of the kind */
    Child *load;                      /* owned: started through the surroundings */
    Child *helpers[LANE_HELPERS_MAX]; /* owned; NULL: a peer's processes beside it */
    char *where[N_LANE_DOORS];        /* owned; NULL: not in this lane */
};

Lane *lane_new(const char *name);
void lane_free(Lane *lane);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Lane, lane_free)

/* Ends its processes; what it is called and where it went is still known. */
void lane_stop(Lane *lane);

/* Starts the load generator as the last words of @argv say. Returns: whether it is ready;
 * else @out_why. */
bool lane_start_load(
    Lane *lane, const Site *site, const char *const *argv, char **env, char **out_why);

/* Returns: (transfer full): the reply, or %NULL if none came (the lane is dead then). */
Command *lane_ask(Lane *lane, LaneDoor door, const char *work, unsigned timeout_s);

/* How it is called here: "boundary-ns (tap)" where the tap is allowed. */
const char *lane_our_name(void);
/* (transfer full): the environment of what we start: a home below the site. */
char **lane_environment(const Site *site);

/**
 * lanes_start:
 * @wanted: (nullable): comma-separated beginnings of names; all unless given
 *
 * Starts what is installed; says in one line why not where it is not.
 * Returns: (transfer full): of owned Lane; the first is native.
 */
GPtrArray *lanes_start(const Site *site, const char *wanted);

/**
 * lane_boundary_with:
 * @policy: lines to stand behind our own; "" for none
 * @options: (nullable): words before "--", ends with %NULL
 *
 * Ours, for a section that wants it otherwise. Returns: as a LaneStart.
 */
Lane *lane_boundary_with(const Site *site,
                         const char *policy,
                         const char *const *options,
                         char **out_why);

/* --- peers (lane_peers.c) --- */
Lane *lane_slirp4netns(const Site *site, char **out_why);
Lane *lane_pasta(const Site *site, char **out_why);
Lane *lane_relay(const Site *site, char **out_why);
Lane *lane_relay_slirp4netns(const Site *site, char **out_why);
Lane *lane_squid(const Site *site, char **out_why);
Lane *lane_mitmproxy(const Site *site, char **out_why);
Lane *lane_srt(const Site *site, char **out_why);
