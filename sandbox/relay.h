/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Relay: between the user's terminal and sockets on one side, and what the command has
 * instead of them (sandbox/streams.h) on the other. The supervisor's, in its loop.
 *
 * Who has the keys:
 *
 *     APART   The terminal is as it was found; nothing is read. The command is in the
 *             background of its own terminal: whoever reads or sets modes there is stopped
 *             (SIGTTIN, SIGTTOU), which says that it wants the keys.
 *     LENT    The terminal is raw, and what is typed goes to the command, which is in the
 *             foreground of its own.
 *
 * The keys are only ever lent while we are the foreground of the user's terminal: as soon
 * as the command starts if its standard input and output are both the terminal, as of a
 * full-screen program; else when it asks, since it may be part of a pipeline whose other
 * end reads the terminal (less). They are taken back when it stops or ends.
 *
 * What is written comes out in either state. Clipboard sequences are taken out of it
 * (sandbox/clipboard.h) unless the policy allows them.
 */
#pragma once

#include "base/loop.h"
#include "sandbox/streams.h"

typedef struct BnsRelay BnsRelay;

/* Tells init whether the command's group is its terminal's foreground. */
typedef void (*BnsRelayTell)(bool is_foreground, void *data);

/**
 * bns_relay_new:
 * @streams: borrowed; what it holds for us is taken out of it. The terminal outlives the
 *           relay
 * @clipboard: whether the command may use the clipboard
 *
 * Returns: (transfer full) (nullable): %NULL if nothing is to be relayed. All functions
 *          take that, and do nothing.
 */
BnsRelay *bns_relay_new(
    BnsLoop *loop, BnsStreams *streams, bool clipboard, BnsRelayTell tell, void *data);
void bns_relay_free(BnsRelay *relay);

/* Whether the command has a terminal. */
bool bns_relay_has_terminal(const BnsRelay *relay);

/* @master: (transfer full): the other end of the command's terminal, from init. Returns:
 * whether there is to be one. */
bool bns_relay_take_terminal(BnsRelay *relay, int master);

/* The command starts, or goes on: lends it the keys if it has both ends. */
void bns_relay_resume(BnsRelay *relay);
/* It wants them. Returns: whether it has them now, or the end of its terminal. */
bool bns_relay_lend(BnsRelay *relay);
/* It will never have them: the terminal is gone, or we are in the background of a shell
 * that is gone. As with any other program it finds its own terminal hung up. */
void bns_relay_hang_up(BnsRelay *relay);
/* It is stopped, and so will we be. */
void bns_relay_suspend(BnsRelay *relay);
/* The size of the user's terminal has changed. Returns: whether the command's terminal
 * has told the command. */
bool bns_relay_resize(BnsRelay *relay);

/* The command has ended; @by_itself: the modes that it left are what it wanted. */
void bns_relay_end(BnsRelay *relay, bool by_itself);
/* All of the sandbox is dead. Returns: whether all that it wrote has arrived, or never
 * will. */
bool bns_relay_is_drained(const BnsRelay *relay);

/* Which of SIGINT and SIGQUIT was typed last, or 0: the command alone got it, but the
 * terminal would have sent it to our whole group. */
int bns_relay_typed_signal(const BnsRelay *relay);
