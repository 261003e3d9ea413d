/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Control: what a person outside asks of a session that runs (boundary-ns allow).
 *
 * A SEQPACKET socket (sandbox/session_record.h) in a directory that is the user's alone and
 * cannot be reached from inside. Who connects has to be the
 * user, too, and of our own user namespace: a process inside, should it ever find a way to
 * the socket, is of another, whatever it does.
 *
 * One question, one answer per connection. A question is words that end in NUL each; an
 * answer a digit, the exit status, and a text.
 */
#pragma once

#include "base/loop.h"

#include <glib.h>

/* Of a message. A rule has at most half of it. */
#define BNS_CONTROL_BYTES_MAX (16 * 1024)

typedef struct BnsControl BnsControl;
typedef struct BnsControlClient BnsControlClient;

/* @words: (transfer none): NULL-terminated, at least one. Is to be answered, now or later, by
 * bns_control_answer(), if its client is still there then. */
typedef void (*BnsControlFunc)(void *data, BnsControlClient *client, char **words);
/* @client has gone away, and is not to be answered. */
typedef void (*BnsControlGone)(void *data, BnsControlClient *client);

/* @fd: (transfer full): listens; bns_session_mark_listen(). */
BnsControl *bns_control_new(
    BnsLoop *loop, int fd, BnsControlFunc func, BnsControlGone gone, void *data);
void bns_control_free(BnsControl *control);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsControl, bns_control_free)

/* Answers, and lets go of the client. @status: 0 to 9 */
void bns_control_answer(BnsControlClient *client, int status, const char *text);

/**
 * bns_control_ask:
 * @fd: connected; bns_session_connect()
 * @out_text: (transfer full): the answer's text
 *
 * The other side. Returns: the answer's status, or -errno (-ETIMEDOUT: the session is
 * suspended, or busy)
 */
int bns_control_ask(int fd, const char *const *words, char **out_text);
