/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tamper: whether the command could change what a path leads to.
 *
 * It could by writing to the file, by any of its names, or by exchanging a directory or a
 * symbolic link on the way to it.
 */
#pragma once

#include "sandbox/file_view.h"

#include <glib.h>
#include <stdbool.h>

#define BNS_TAMPER_ERROR (bns_tamper_error_quark())
GQuark bns_tamper_error_quark(void);

/* @view: of the command's files; @path: absolute, there or not. Returns: true if it cannot;
 * false with @error: one line that says where it can. */
bool bns_tamper_check(const BnsFileView *view, const char *path, GError **error);
