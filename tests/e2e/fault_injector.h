/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fault injector: runs a program and lets one system call of it, or of a process that
 * it starts, fail.
 *
 * How it works: a seccomp filter, which all that the program starts inherit, hands every
 * call that can fail to us (SECCOMP_RET_USER_NOTIF) before the kernel sees it. We let it
 * go on, or answer it with an error. Nothing is traced, so the processes wait for and kill
 * each other as always; and when the last of them has ended the filter's descriptor says
 * so.
 *
 * Calls are named by process, number and how often that process has made it, which is
 * the same in every run of the same start. Not among them: what the loader calls for
 * itself, threads, memory (GLib ends a program that gets none), what waits, and a last
 * line that goes to standard error.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* The program is 1; the third process that process 12 starts is 123. */
typedef struct {
    unsigned process;
    int number; /* of the system call */
    unsigned nth;
} FaultCall;

/* "12 openat#3" into @text. */
void fault_call_print(const FaultCall *call, char *text, size_t size);

/* Borrowed. */
typedef struct {
    const char *const *argv;
    const char *const *envp;
    const char *workdir;
    /* The process that executes the command: once it has, nothing fails any more. */
    unsigned command;
    bool has_fault;
    FaultCall fault;
    int error; /* what @fault fails with */
} FaultStart;

typedef struct {
    int status;      /* of wait(2) */
    char *out, *err; /* owned */
    GArray *calls;   /* owned, of FaultCall: all that could have failed */
    bool was_injected;
    bool has_executed; /* the command's process called execve(2) */
    bool is_over;      /* every process has ended */
} FaultRun;

/* Whether this kernel and this user can do it (Linux 5.19). */
bool fault_is_possible(void);

/* Ends after @timeout_s whatever still runs, by SIGKILL of the program. */
FaultRun *fault_run(const FaultStart *start, unsigned timeout_s);
void fault_run_free(FaultRun *run);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FaultRun, fault_run_free)
