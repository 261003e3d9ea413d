/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A directory with programs, which is the home too, and what a policy's commands: means
 * there.
 */
#pragma once

#include "policy/policy_private.h"
#include "sandbox/command_plan.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    char *dir; /* owned; real */
    BnsPlaces *places;
} Machine;

static inline char *
machine_path(const Machine *machine, const char *name)
{
    return g_build_filename(machine->dir, name, NULL);
}

/* A script of its own bytes. */
static inline void
machine_add(const Machine *machine, const char *name)
{
    g_autofree char *path = machine_path(machine, name);
    g_autofree char *dir = g_path_get_dirname(path);
    g_autofree char *text = g_strdup_printf("#!/bin/sh\n# %s\n", name);

    g_assert_cmpint(g_mkdir_with_parents(dir, 0700), ==, 0);
    g_assert_true(
        g_file_set_contents_full(path, text, -1, G_FILE_SET_CONTENTS_NONE, 0755, NULL));
}

/* Without any program. */
static inline void
machine_begin(Machine *machine)
{
    g_autofree char *made = g_dir_make_tmp("bns-tools-XXXXXX", NULL);
    char *real = realpath(made, NULL);

    machine->dir = g_strdup(real);
    free(real);
    machine->places = bns_places_new();
    g_free(machine->places->home);
    machine->places->home = g_strdup(machine->dir);
}

static inline void
machine_clear(Machine *machine)
{
    bns_test_remove_tree(machine->dir);
    bns_places_free(machine->places);
    g_free(machine->dir);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Machine, machine_clear)

/* @yaml: of commands:, with the directory for "@". Returns: (transfer full) */
static inline BnsPolicy *
machine_policy(const Machine *machine, const char *yaml)
{
    g_auto(GStrv) parts = g_strsplit(yaml, "@", -1);
    g_autofree char *list = g_strjoinv(machine->dir, parts);
    g_autofree char *text = g_strdup_printf("commands: %s\n", list);
    BnsPolicy *policy = bns_policy_parse("/p.yaml", text, strlen(text), NULL);

    g_assert_nonnull(policy);
    return policy;
}

/* With a PATH of a/, nothing, b/ and what is no directory. Returns: (transfer full) */
static inline BnsCommandPlan *
machine_plan(const Machine *machine, const BnsPolicy *policy)
{
    g_autofree char *path =
        g_strdup_printf("%s/a::%s/b:relative:/nowhere", machine->dir, machine->dir);
    g_autoptr(GError) error = NULL;
    BnsCommandPlan *made = bns_command_plan_new(bns_policy_commands(policy),
                                                machine->places, path, &error);

    g_assert_no_error(error);
    return made;
}
