/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Init: pid 1 of the sandbox. It makes the command's world, locks it, starts the command
 * and reaps.
 *
 * It owns the outer user namespace (and with it net, mount, pid, ipc, uts, cgroup); the
 * command runs in an inner one and so has no power over any of them. Init is not
 * dumpable and holds nothing worth stealing.
 */
#pragma once

#include "policy/limits.h"
#include "policy/nested.h"
#include "sandbox/allowed.h"
#include "sandbox/cgroup_plan.h"
#include "sandbox/denied.h"
#include "sandbox/exec_watch.h"
#include "sandbox/file_view.h"
#include "sandbox/streams.h"
#include "sandbox/trust_files.h"

#include <signal.h>
#include <sys/types.h>

/**
 * BnsInitConfig: borrowed; made by the supervisor before the clone.
 * @control_fd: to the supervisor (base/ready.h)
 * @life_fd: the read end of the life pipe
 * @owner_fd: the gateway asks there whose a connection is (base/owner.h); -1: nobody does
 * @lend_fd: the gateway asks for sockets there (base/lend.h); -1: nobody does
 * @uid, @gid: the user's, in the host's namespace
 * @streams: what the command gets as 0-2
 * @argv: the command; argv[0] is looked up in PATH of @envp
 * @envp: its whole environment (sandbox/environment.h)
 * @workdir: absolute
 * @view: what it sees of the host's files, and what it may write; n_mounts is at most
 *        BNS_VIEWS_MAX (sandbox/views.h)
 * @protected_paths: absolute, without symbolic links, NULL-terminated: read-only inside
 *                   (or absent, below what is private), and what is above them cannot be
 *                   renamed (sandbox/pins.h)
 * @protected_links: (nullable): symbolic links, which cannot be replaced either; their
 *                   directories as above
 * @denied: programs that it may not execute (sandbox/denied.h)
 * @allowed: those that alone it may execute (sandbox/allowed.h)
 * @nested: which namespaces it may make
 * @exec: whether and how what it executes is watched (sandbox/exec_watch.h)
 * @recorder_fd: to the recorder, if it is, else -1
 * @trust: what the user's programs trust beside the roots of /etc
 * @limits: of the command's processes, but for those that the cgroups alone hold
 * @n_cgroups: that the command enters (sandbox/cgroup.h); as many CGROUP come
 * @forbids_cgroups: no cgroup namespace may be made (bns_cgroup_plan_is_open())
 * @cgroup_fds: init's own
 * @umask: the user's
 * @ignored: (nullable): signals that the command ignores because its caller did (nohup);
 *           all others get their default
 */
typedef struct {
    int control_fd;
    int life_fd;
    int owner_fd;
    int lend_fd;
    uid_t uid;
    gid_t gid;
    BnsStreamsInside streams;
    char *const *argv;
    char *const *envp;
    const char *workdir;
    BnsFileView view;
    const char *const *protected_paths;
    const char *const *protected_links;
    BnsDenied denied;
    BnsAllowed allowed;
    BnsNested nested;
    BnsExecPolicy exec;
    int recorder_fd;
    BnsTrustSource trust;
    BnsProcessLimits limits;
    unsigned n_cgroups;
    int cgroup_fds[BNS_N_CGROUP_LIMITS];
    bool forbids_cgroups;
    mode_t umask;
    const sigset_t *ignored;
} BnsInitConfig;

/**
 * bns_init_clone:
 *
 * Starts init in its namespaces. In the child everything but the descriptors of @config
 * and 0-2 is closed; it then: maps its user, makes the link and sends it (TAP, or WIDE and PACKET),
 * mounts, waits for the CGROUPs and for CA and writes the trust files, says READY, masks sockets of the host (SOCKETS, MASKED,
 * SEARCHED), waits for GO, starts the command, masks those that come, passes signals on (SIGNAL, CONTINUE), reports STOPPED and EXITED. Anything
 * that fails before GO is one FAILED line that names cause and fix.
 *
 * Plain C, call it single-threaded. Returns: init's pid, or -errno; doctor's probe
 * (sandbox/probe.h) tells why cloning fails here.
 */
pid_t bns_init_clone(const BnsInitConfig *config);
