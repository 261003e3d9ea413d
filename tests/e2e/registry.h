/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registry: a stand-in on loopback of a registry or of a host of code
 * (registry_server.py), under names of a preset.
 */
#pragma once

#include "tests/e2e/story.h"

typedef struct {
    GPid pid;  /* 0: not started */
    int input; /* owned: the stand-in ends with it */
} Registry;

/**
 * registry_init:
 * @kind: of registry_server.py
 * @second: which of the preset's domains has the files, from 0
 *
 * Starts it; later runs of the story find it as $HOST, and its files at $HOST2.
 */
void registry_init(Registry *registry,
                   Story *story,
                   const char *kind,
                   const char *preset,
                   unsigned second);
void registry_clear(Registry *registry);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Registry, registry_clear)
