/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes: what a process and all its descendants have used, by name.
 *
 * CPU time is the scheduler's (/proc/PID/task/TID/schedstat, nanoseconds), of threads that
 * live: what ends between two looks is lost.
 */
#pragma once

#include <glib.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct {
    char name[24]; /* a child with the name of the root has " init" behind it */
    int64_t cpu_ns;
    unsigned pss_kib; /* proportional set size; 0 unless asked for */
} ProcessUse;

/**
 * processes_use:
 * @with_memory: also PSS, which takes milliseconds for each
 * @out_unreadable: (nullable): how many did not show their PSS, as other people's do
 *                  not; what is anonymous in them counts instead
 *
 * Returns: (transfer full): of ProcessUse; several of one name are added up.
 */
GArray *processes_use(pid_t root, gboolean with_memory, unsigned *out_unreadable);

/* PSS of all but @except, in MiB. */
double processes_mib(const GArray *uses, const char *except);
/* That name's CPU time, 0 if there is none. */
int64_t processes_cpu_ns(const GArray *uses, const char *name);
