/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of doctor's findings comes from trying things on this host: for doctor.c alone.
 */
#pragma once

#include "sandbox/doctor.h"

/* @name, @fix: static. */
void bns_doctor_add(GPtrArray *findings,
                    const char *name,
                    BnsFindingState state,
                    const char *fix,
                    const char *format,
                    ...) G_GNUC_PRINTF(5, 6);

/* Adds the kernel's features, our programs, the system's trust and policy, the audit's
 * place. */
void bns_doctor_add_host(GPtrArray *findings);
