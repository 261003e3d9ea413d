/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Path walk: the names that the kernel looks up on the way along a path, through every
 * symbolic link: whoever may change one of them decides what is found at the end.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct {
    char *dir;    /* owned; real */
    char *name;   /* owned; looked up in it; no "/", "." or ".." */
    bool is_link; /* there is a symbolic link */
} BnsPathStep;

/* @path: a relative one begins in the working directory. It may lead nowhere. Returns:
 * (transfer full): of owned BnsPathStep, in the kernel's order; those of a circle end
 * where the kernel gives up. */
GPtrArray *bns_path_walk(const char *path);

/* (transfer full): its path */
char *bns_path_step_path(const BnsPathStep *step);
