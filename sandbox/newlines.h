/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Newlines: what a terminal's output processing adds, taken away again.
 *
 * A terminal makes CR LF of each LF (ONLCR). Where the output of one is written to another
 * that does so, too, the first CR goes, and the second terminal puts it back: what is seen
 * is what one terminal would show.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * bns_newlines_undo:
 * @has_return: (inout): whether a CR is held back, since LF may follow; false to begin
 *              with. Where @is_undone is false it is given back
 * @bytes: room for @len + 1; changed in place
 *
 * Pure. Returns: the new length.
 */
size_t bns_newlines_undo(bool *has_return, bool is_undone, uint8_t *bytes, size_t len);
