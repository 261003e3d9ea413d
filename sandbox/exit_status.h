/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exit statuses of our own (boundary.1, EXIT STATUS): the command did not run, or its
 * session was ended.
 */
#pragma once

#define BNS_EXIT_FAILED         125
#define BNS_EXIT_NOT_EXECUTABLE 126
#define BNS_EXIT_NOT_FOUND      127
