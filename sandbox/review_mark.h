/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Review mark: which changes are of what the host executes or obeys later
 * (sandbox/file_protect.h), as it would be if they were applied.
 */
#pragma once

#include "sandbox/review_changes.h"

/**
 * bns_review_mark:
 * @hooks: (nullable): of the tree (sandbox/git_hooks.h)
 * @change: of no directory, but for one that was removed
 * @upper_fd: the directory that @name, its last part, lies in; -1: it was removed
 * @lower_fd: the tree's; -1: it has none
 *
 * A symbolic link that stands for a directory on the way to such a file is one, too. A
 * configuration of git's whose programs stay the same is none.
 *
 * Returns: (nullable): static: why
 */
const char *bns_review_mark(const BnsReview *review,
                            const char *hooks,
                            const BnsChange *change,
                            int upper_fd,
                            int lower_fd,
                            const char *name);
