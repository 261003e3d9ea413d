/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Left: what the command made in directories that end with the session.
 *
 * Plain C.
 */
#pragma once

#include "sandbox/file_view.h"

#include <stdint.h>

/**
 * bns_left_list:
 * @since_us: of the real-time clock; what was changed later counts (sandbox/mounts.h)
 * @out_text: their number in decimal, then the paths of as many as fit, each after a
 *            newline; "" if there is none
 *
 * Entries of rebuilt directories alone: not caches and other layers, not what is named as
 * hidden or private, as histories are. After some 20,000 entries the look ends.
 */
void
bns_left_list(const BnsFileView *view, int64_t since_us, char *out_text, size_t size);

/**
 * bns_left_hand_out:
 *
 * Sends one PERSIST message (base/ready.h) to the supervisor for each of the persisted
 * files. Follows no symbolic link.
 */
void bns_left_hand_out(const BnsFileView *view, int control_fd);
