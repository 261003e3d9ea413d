/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The recorder's work, without its lock-down: tests run it in a plain child.
 */
#pragma once

#include "audit/recorder.h"

/**
 * bns_serve:
 * @lock_down: called when session.start is written, before READY and before a record is
 *             read
 *
 * As bns_recorder_run(), which gives it the recorder's lock-down.
 */
int bns_serve(const BnsRecorderConfig *config, bool (*lock_down)(GError **error));
