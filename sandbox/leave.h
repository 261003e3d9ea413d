/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Leave: how a process of the sandbox ends.
 */
#pragma once

/* _exit(2); in a build that measures coverage, with what was counted: neither init nor
 * the command's process ever returns from main(). */
void bns_leave(int status) __attribute__((noreturn));
