/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Review forget: takes away reviews that hold nothing: of sessions that were killed, or
 * failed, before the command wrote anything, so that nobody is asked about them.
 */
#pragma once

/* Removes each review whose lock is free, whose uppers are empty and that tells no change
 * (sandbox/review_changes.h). What cannot be told is kept. */
void bns_review_forget_empty(void);
