/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Load: the works of the load generator. Each runs one command to its end on the loop
 * and appends " KEY=VALUE" to the reply; "failures=" is how many connections or requests
 * came to nothing, " error=" why the first did.
 */
#pragma once

#include "tests/bench/command.h"
#include "tests/bench/conn.h"
#include "tests/bench/samples.h"

#include <glib.h>

/* What went wrong in a command. */
typedef struct {
    unsigned count;
    char first[96];
} Failures;

void failures_add(Failures *failures, const char *why);
void failures_reply(const Failures *failures, GString *reply);
/* " NAME_p50_us=" and so on. */
void samples_reply(Samples *samples, const char *name, GString *reply);

/* requests: conns= at once, path=, until time_us= is over or count= are done; new=1: a
 * connection for each. path=- asks for nothing: a connection is all. */
void work_requests(BnsLoop *loop, const Command *command, GString *reply);
/* transfer: flows= at once, bytes= each, up=1 or down. */
void work_transfer(BnsLoop *loop, const Command *command, GString *reply);
/* stream: events= of interval_us=, each with the origin's clock in it. */
void work_stream(BnsLoop *loop, const Command *command, GString *reply);
/* hold: opens connections until count= are idle, each after one request of path=; they
 * stay. With fewer, some are closed. */
void work_hold(BnsLoop *loop, const Command *command, GString *reply);
/* churn: rate= new connections in a second for time_us=, one request of path= each. */
void work_churn(BnsLoop *loop, const Command *command, GString *reply);
