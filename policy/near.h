/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Near: which known name somebody meant who wrote one that is not.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* Whether the names differ in one place and by two letters at most there: one left out,
 * one too many, two swapped. */
bool bns_near_is_like(const char *name, const char *known);

/* Returns: (transfer full): ": is it a, b or c?", of the at most four of @known (borrowed,
 * of strings) that are like @name, hold it or begin it; "" if none is. */
char *bns_near_hint(const char *name, const GPtrArray *known);
