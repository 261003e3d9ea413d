/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stub: the program that stands where a denied one would be.
 *
 * It writes one text to standard error and exits with 126, as a shell does for what it
 * cannot execute. A program, since every caller knows what to do with one: execve(2)
 * itself, a shell, env(1), a script's "#!" line. It is made of two system calls and the
 * text: it needs no interpreter, no library and no file, all of which may be denied or
 * missing.
 *
 * Plain C, pure.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Longest text in bytes: two paths cut to a line, and a reason. */
#define BNS_STUB_TEXT_MAX 3072
#define BNS_STUB_MAX      4096

/**
 * bns_stub_build:
 * @text: what is written, with its newline; what is beyond BNS_STUB_TEXT_MAX is left out
 *
 * Returns: the length in bytes of @out_file, an ELF executable for this machine
 */
size_t bns_stub_build(uint8_t out_file[BNS_STUB_MAX], const char *text);
