/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Review lock: who works on a review (sandbox/review_store.h). One on the open file
 * description, which a reader can ask about without taking it.
 */
#pragma once

#include <stdbool.h>

/* @flags: O_CREAT | O_EXCL, or 0. (transfer full): the lock file of the review @dir_fd,
 * locked, or -errno; -EAGAIN: another has it. */
int bns_review_lock(int dir_fd, int flags);

/* Whether another has it. */
bool bns_review_is_locked(int dir_fd);
