/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fault: why a step of the sandbox's set-up failed, as one line for the person.
 *
 * Plain C: between clone and exec there is no GError. The first fault ends the start, so
 * one fixed buffer is enough.
 */
#pragma once

#include <stdbool.h>

/* Longest line in bytes, with room for two paths; fits a message (base/ready.h). */
#define BNS_FAULT_MAX 3072

typedef struct {
    char text[BNS_FAULT_MAX + 1];
} BnsFault;

/**
 * bns_fault_set:
 * @format: as of printf(3)
 *
 * Bytes outside 0x20-0x7e become '?': paths are the user's. Returns: false.
 */
bool bns_fault_set(BnsFault *fault, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
