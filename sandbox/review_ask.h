/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Review, the question at the end of a session: what becomes of the changes.
 *
 * Asked on the user's terminal, when the command and all that it started is dead, what it
 * wrote has arrived and the modes are those that were found. What was typed before the
 * question is no answer to it; and since the command may have made the terminal answer for
 * the person (reports that are asked for by escape sequences), only a whole line that is
 * one of the words is.
 */
#pragma once

#include <stdbool.h>

/**
 * BnsReviewAnswer:
 * @BNS_REVIEW_KEEP: it waits in the store; also whatever is not an answer
 * @BNS_REVIEW_UNCLEAR: ask again
 */
typedef enum {
    BNS_REVIEW_KEEP,
    BNS_REVIEW_APPLY,
    BNS_REVIEW_DISCARD,
    BNS_REVIEW_UNCLEAR,
} BnsReviewAnswer;

/* What @line, without its newline, means: "a", "apply", "k", "keep", "", "d", "discard", in
 * any case, with blanks around. Pure, for hostile bytes. */
BnsReviewAnswer bns_review_answer(const char *line);

/* Whether somebody can be asked: standard input and error are terminals, and standard
 * output leads to no program that may read the terminal itself. Ask before they are
 * given up. */
bool bns_review_can_ask(void);

/**
 * bns_review_ask:
 * @text: shown before it
 * @signal_fd: when it can be read, @on_signals is called
 * @on_signals: returns whether somebody wants the end: that is KEEP
 *
 * Returns: the answer; KEEP at the end of file, when the terminal is gone or not ours, and
 *          after three lines that are none
 */
BnsReviewAnswer bns_review_ask(const char *text,
                               int signal_fd,
                               bool (*on_signals)(void *data),
                               void *data);
