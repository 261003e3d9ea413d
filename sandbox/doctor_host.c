/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/doctor_host.h"

#include "audit/place.h"
#include "base/fd.h"
#include "netstack/gateway/trust.h"
#include "policy/policy.h"
#include "sandbox/cgroup_plan.h"
#include "sandbox/kernel.h"
#include "sandbox/landlock.h"
#include "sandbox/layer_store.h"
#include "sandbox/pid_limit.h"
#include "sandbox/places.h"
#include "sandbox/programs.h"
#include "sandbox/upstream_proxy.h"

#include <errno.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

static void
add_kernel(GPtrArray *findings)
{
    struct utsname name;

    uname(&name);
    /* Arguments that no kernel accepts: the call itself answers EINVAL or EBADF. */
    if (syscall(SYS_mount_setattr, -1, "", 0, NULL, 0) < 0 && errno == ENOSYS)
        bns_doctor_add(findings, "kernel", BNS_FINDING_REDUCED,
                       "use Linux 5.12 or newer",
                       "%s: mounts are made read-only one by one", name.release);
    else
        bns_doctor_add(findings, "kernel", BNS_FINDING_OK, "", "%s", name.release);
}

/* The directory for them is made for real, and removed. */
static void
add_layers(GPtrArray *findings)
{
    static const char name[] = "private directories";
    g_autoptr(GError) error = NULL;
    g_autoptr(BnsLayerStore) store = NULL;

    if (bns_kernel_has_tmpfs_attributes()) {
        bns_doctor_add(findings, name, BNS_FINDING_OK, "", "layers lie in memory");
        return;
    }
    store = bns_layer_store_new();
    if (bns_layer_store_make(store, &error))
        bns_doctor_add(findings, name, BNS_FINDING_OK, "",
                       "layers lie in %s until the session ends (Linux 6.6: in memory)",
                       bns_layer_store_all(store));
    else
        bns_doctor_add(
            findings, name, BNS_FINDING_REDUCED,
            "use Linux 6.6 or newer, or put XDG_STATE_HOME on ext4, xfs or btrfs",
            "what was a directory in one (a cache) cannot be removed: input/output "
            "error; layers cannot lie on disk: %s",
            error->message);
}

/* A second lock behind the mounts: a session goes on without. */
static void
add_landlock(GPtrArray *findings)
{
    static const char fix[] =
        "use Linux 6.12 or newer, with landlock in CONFIG_LSM or lsm= at boot";
    int version = bns_landlock_version();

    if (version < 0)
        bns_doctor_add(findings, "Landlock", BNS_FINDING_MISSING,
                       "let landlock_create_ruleset(2) pass the filter that is around "
                       "this process",
                       "somebody refuses to tell: %s", g_strerror(-version));
    else if (version >= BNS_LANDLOCK_SCOPES)
        bns_doctor_add(findings, "Landlock", BNS_FINDING_OK, "",
                       "version %d: writes outside of what is writable, signals and "
                       "abstract sockets to others",
                       version);
    else if (version >= BNS_LANDLOCK_FILES)
        bns_doctor_add(
            findings, "Landlock", BNS_FINDING_REDUCED, fix,
            "version %d: writes outside of what is writable, but not signals "
            "to the command's process group outside",
            version);
    else
        bns_doctor_add(
            findings, "Landlock", BNS_FINDING_REDUCED, fix,
            "not on this kernel: mounts alone keep files from being written");
}

/* It is run for real: a library that is missing shows only then. */
static void
add_netstack(GPtrArray *findings)
{
    static const char fix[] = "install boundary-ns again, with libslirp 4.7 or newer";
    g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *path = self != NULL ? bns_programs_find_netstack(self) : NULL;
    char option[] = "--version";
    char *argv[] = { path, option, NULL };
    g_autofree char *output = NULL;
    int status = -1;

    if (path == NULL) {
        bns_doctor_add(findings, "netstack", BNS_FINDING_MISSING, fix,
                       "boundary-ns-netstack is not installed");
        return;
    }
    g_spawn_sync(NULL, argv, NULL, G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, &output,
                 NULL, &status, NULL);
    if (status != 0)
        bns_doctor_add(findings, "netstack", BNS_FINDING_MISSING, fix,
                       "%s does not start", path);
    else
        bns_doctor_add(findings, "netstack", BNS_FINDING_OK, "", "%s",
                       g_strchomp(output));
}

/* As `run` would take it from the same environment; none is nothing to speak of. */
static void
add_proxy(GPtrArray *findings)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BnsProxies) proxies = bns_upstream_proxy_read(NULL, &error);
    g_autofree char *text = proxies != NULL ? bns_upstream_proxy_text(proxies) : NULL;

    if (proxies == NULL)
        bns_doctor_add(findings, "upstream proxy", BNS_FINDING_MISSING,
                       "correct or unset the variable, or use --upstream-proxy", "%s",
                       error->message);
    else if (text != NULL)
        bns_doctor_add(findings, "upstream proxy", BNS_FINDING_OK, "", "%s", text);
}

static void
add_trust(GPtrArray *findings)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BnsTrust) trust = bns_trust_read(NULL, &error);

    if (trust == NULL)
        bns_doctor_add(findings, "trusted roots", BNS_FINDING_MISSING,
                       "install ca-certificates", "%s", error->message);
    else
        bns_doctor_add(findings, "trusted roots", BNS_FINDING_OK, "", "found");
}

static void
add_audit(GPtrArray *findings)
{
    static const char fix[] = "name a file that can be written: --audit-log FILE";
    g_autoptr(GError) error = NULL;
    g_autofree char *path = NULL;
    g_autofree char *shared = NULL;
    bns_autofd fd = bns_place_open(BNS_PLACE_STATE, true, &path, &error);

    if (fd >= 0) {
        bns_doctor_add(findings, "audit", BNS_FINDING_OK, "", "%s", path);
        return;
    }
    fd = bns_place_open(BNS_PLACE_SHARED, true, &shared, NULL);
    bns_doctor_add(findings, "audit",
                   fd >= 0 ? BNS_FINDING_REDUCED : BNS_FINDING_MISSING, fix, "%s%s%s",
                   error->message, fd >= 0 ? "; instead: " : "", fd >= 0 ? shared : "");
}

static void
add_system_layer(GPtrArray *findings)
{
    const BnsPolicySource source = { .system_dir = BNS_POLICY_SYSTEM_DIR };
    g_autoptr(GError) error = NULL;
    g_autoptr(BnsPolicy) policy = bns_policy_load(&source, NULL, &error);

    if (policy == NULL)
        bns_doctor_add(findings, "system policy", BNS_FINDING_MISSING,
                       "ask whoever keeps " BNS_POLICY_SYSTEM_DIR, "%s",
                       error->message);
    else if (bns_policy_has_system(policy))
        bns_doctor_add(findings, "system policy", BNS_FINDING_OK, "",
                       "%s, %u rules, mode: %s", BNS_POLICY_SYSTEM_DIR,
                       bns_policy_n_rules(policy),
                       bns_mode_name(bns_policy_system_mode(policy)));
    else
        bns_doctor_add(findings, "system policy", BNS_FINDING_OK, "", "none");
}

/* What `limits:` can hold of each process, and of how many. */
static void
add_limits(GPtrArray *findings, const BnsCgroupPlan *plan)
{
    if (getuid() != 0 || plan->holds[BNS_CGROUP_PIDS])
        bns_doctor_add(findings, "limits", BNS_FINDING_OK, "",
                       "processes together; memory and time of each process");
    else if (bns_pid_limit_is_possible())
        bns_doctor_add(findings, "limits", BNS_FINDING_OK, "",
                       "processes together, %d at least for root; memory and time of "
                       "each process",
                       BNS_PID_LIMIT_MIN);
    else
        bns_doctor_add(findings, "limits", BNS_FINDING_REDUCED,
                       "start as another user, or use Linux 6.14 or newer",
                       "not the number of root's processes; memory and time of each "
                       "process");
}

/* What it can hold of all processes together. */
static void
add_cgroup(GPtrArray *findings, const BnsCgroupPlan *plan)
{
    static const char *const kinds[] = {
        [BNS_CGROUP_NONE] = "no cgroup",
        [BNS_CGROUP_OWN] = "the delegated cgroup that this process is in",
        [BNS_CGROUP_SCOPE] = "a scope of systemd's",
        [BNS_CGROUP_BESIDE] = "a cgroup beside this one",
        [BNS_CGROUP_V1] = "cgroups of version 1",
    };
    G_STATIC_ASSERT(G_N_ELEMENTS(kinds) == BNS_N_CGROUP_KINDS);

    if (plan->holds[BNS_CGROUP_MEMORY])
        bns_doctor_add(findings, "cgroup", BNS_FINDING_OK, "",
                       "memory of all processes together, by %s", kinds[plan->kind]);
    else
        bns_doctor_add(findings, "cgroup", BNS_FINDING_REDUCED,
                       "start in a session of systemd's, or where a cgroup with the "
                       "controllers memory and pids can be written to",
                       "limits.memory holds for each process by itself: %s",
                       plan->kind == BNS_CGROUP_NONE ? "no cgroup can be used"
                                                     : "no memory controller");
}

void
bns_doctor_add_host(GPtrArray *findings)
{
    g_auto(BnsCgroupPlan) plan = { 0 };

    bns_cgroup_plan_find_all(&plan);
    add_kernel(findings);
    add_layers(findings);
    add_landlock(findings);
    add_limits(findings, &plan);
    add_cgroup(findings, &plan);
    add_netstack(findings);
    add_trust(findings);
    add_proxy(findings);
    add_system_layer(findings);
    add_audit(findings);
}
