/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Probe: can this machine do it, and if not, why?
 *
 * Reading settings does not answer the first question: a container, a security module or
 * a kernel may refuse what they seem to allow. So a child goes through the real sequence
 * of steps and says how far it came. Settings then name the cause.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/**
 * BnsProbeStep: in the order in which they are tried.
 * @BNS_STEP_USER_NAMESPACE: unshare(CLONE_NEWUSER)
 * @BNS_STEP_ID_MAP: writing setgroups, uid_map, gid_map
 * @BNS_STEP_NAMESPACES: net, mount, pid, ipc, uts, cgroup
 * @BNS_STEP_MOUNT: private propagation, a tmpfs
 * @BNS_STEP_PROC: a /proc of its own
 * @BNS_STEP_LOOPBACK: lo up
 * @BNS_STEP_LINK: a tap device, or a pair of veth devices and a packet socket
 * @BNS_STEP_INNER_NAMESPACE: a second user namespace inside the first
 * @BNS_STEP_SECCOMP: a filter that kills the process
 */
typedef enum {
    BNS_STEP_USER_NAMESPACE,
    BNS_STEP_ID_MAP,
    BNS_STEP_NAMESPACES,
    BNS_STEP_MOUNT,
    BNS_STEP_PROC,
    BNS_STEP_LOOPBACK,
    BNS_STEP_LINK,
    BNS_STEP_INNER_NAMESPACE,
    BNS_STEP_SECCOMP,
    BNS_N_STEPS,
} BnsProbeStep;

/* "user namespace", ... */
const char *bns_probe_step_name(BnsProbeStep step);

typedef struct {
    int errors[BNS_N_STEPS]; /* 0: it works; an errno; -1: not reached */
    int tun_error;           /* why LINK needs veth devices; 0: it does not */
} BnsProbe;

/* Tries all steps in a child. Call it single-threaded. */
void bns_probe_run(BnsProbe *out_probe);
/* Returns: the first step that does not work, or BNS_N_STEPS. */
BnsProbeStep bns_probe_first_failure(const BnsProbe *probe);

/* What the files of a machine say. Numbers: -1 where there is no such file. */
typedef struct {
    long apparmor_restricts; /* kernel.apparmor_restrict_unprivileged_userns */
    long userns_clone;       /* kernel.unprivileged_userns_clone (Debian) */
    long max_user_namespaces;
    long selinux_enforces;
    long seccomp_mode; /* of this process: 2 is a filter of somebody else */
    bool is_container;
    bool has_masked_proc; /* something is mounted over parts of /proc */
    bool is_wsl1;
    bool is_inside; /* another boundary-ns: its command sees such files */
} BnsFacts;

/* @root: "" for this machine; a directory with proc/, sys/, ... for tests. */
void bns_facts_read(const char *root, BnsFacts *out_facts);

typedef struct {
    const char *name;  /* for programs: "apparmor", ... */
    const char *cause; /* one sentence without final dot */
    const char *fix;   /* what to do, in one line */
} BnsCause;

/* Pure. Returns: (transfer none): the cause of the first step that does not work, or
 * %NULL: all work. */
const BnsCause *bns_probe_cause(const BnsProbe *probe, const BnsFacts *facts);

/* Probes this machine. Returns: (transfer full): "cause; fix" in one line, or %NULL: all
 * steps work. */
char *bns_probe_explain(void);
