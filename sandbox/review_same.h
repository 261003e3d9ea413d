/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Review same: whether two files hold the same. What they are was looked at before; that
 * they change meanwhile is no harm.
 */
#pragma once

#include <stdbool.h>

/* Whether the regular files @one and @other hold the same bytes. What cannot be read is
 * not the same. */
bool bns_review_same_content(int one, int other);

/* The same of symbolic links: where they lead to. */
bool bns_review_same_link(int one_dir, int other_dir, const char *name);
