/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Npm: programs that a test takes from the npm registry, installed once.
 */
#pragma once

#include "tests/e2e/story.h"

#include <stdbool.h>

/**
 * story_npm:
 * @package: installed below $BNS_NPM_DIR (default: npm/ in the build directory) unless
 *           it is there
 *
 * Puts its programs first in the PATH of what the story runs. Skips the test with the
 * reason if it cannot be installed, also when BNS_MUST_WORK=1: that the registry can be
 * reached is nobody's promise. Returns: whether it is there.
 */
bool story_npm(Story *story, const char *package);
