/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Steps: what a session's start and end wait for, told at the level info (-v) with the
 * milliseconds since the program's start.
 */
#pragma once

#include <glib.h>

/* The program starts now. */
void bns_steps_begin(void);

/* "@step after 12.3 ms". */
void bns_steps_note(const char *step);
