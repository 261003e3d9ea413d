/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Causes: from what failed and what the machine's files say to one sentence and one fix.
 *
 * The table is read from top to bottom; the first row that fits is the cause. Rows that
 * a file proves come before those that an error number suggests.
 */
#include "sandbox/probe.h"

#include <errno.h>
#include <glib.h>
#include <string.h>
#include <unistd.h>

/* --- facts --- */

static char *
read_file(const char *root, const char *path)
{
    g_autofree char *full = g_strconcat(root, path, NULL);
    char *text = NULL;

    return g_file_get_contents(full, &text, NULL, NULL) ? text : NULL;
}

static long
read_number(const char *root, const char *path)
{
    g_autofree char *text = read_file(root, path);
    char *end = NULL;
    gint64 number;

    if (text == NULL)
        return -1;
    number = g_ascii_strtoll(text, &end, 10);
    return end == text ? -1 : (long)CLAMP(number, 0, G_MAXINT);
}

static bool
exists(const char *root, const char *path)
{
    g_autofree char *full = g_strconcat(root, path, NULL);

    return access(full, F_OK) == 0;
}

static long
read_seccomp_mode(const char *root)
{
    g_autofree char *text = read_file(root, "/proc/self/status");
    const char *line = text != NULL ? strstr(text, "\nSeccomp:\t") : NULL;

    return line != NULL ? strtol(line + strlen("\nSeccomp:\t"), NULL, 10) : -1;
}

/* binfmt_misc and the like are mounted there on any host; they hide nothing that a new
 * instance would show. */
static bool
is_harmless(const char *mount_point)
{
    static const char *const harmless[] = { "/proc/sys/fs/binfmt_misc", "/proc/fs/nfsd",
                                            "/proc/xen", NULL };

    return g_strv_contains(harmless, mount_point);
}

static bool
read_masked_proc(const char *root)
{
    g_autofree char *text = read_file(root, "/proc/self/mountinfo");
    g_auto(GStrv) lines = g_strsplit(text != NULL ? text : "", "\n", -1);

    for (char **line = lines; *line != NULL; line++) {
        g_auto(GStrv) fields = g_strsplit(*line, " ", 6);

        if (g_strv_length(fields) == 6 && g_str_has_prefix(fields[4], "/proc/") &&
            !is_harmless(fields[4]))
            return true;
    }
    return false;
}

static bool
read_wsl1(const char *root)
{
    g_autofree char *release = read_file(root, "/proc/sys/kernel/osrelease");

    return release != NULL && strstr(release, "Microsoft") != NULL &&
           strstr(release, "microsoft-standard") == NULL;
}

void
bns_facts_read(const char *root, BnsFacts *out_facts)
{
    *out_facts = (BnsFacts){
        .apparmor_restricts =
            read_number(root, "/proc/sys/kernel/apparmor_restrict_unprivileged_userns"),
        .userns_clone = read_number(root, "/proc/sys/kernel/unprivileged_userns_clone"),
        .max_user_namespaces = read_number(root, "/proc/sys/user/max_user_namespaces"),
        .selinux_enforces = read_number(root, "/sys/fs/selinux/enforce"),
        .seccomp_mode = read_seccomp_mode(root),
        .is_container =
            exists(root, "/.dockerenv") || exists(root, "/run/.containerenv"),
        .has_masked_proc = read_masked_proc(root),
        .is_wsl1 = read_wsl1(root),
        .is_inside = exists(root, "/etc/boundary-ns/ca.pem"),
    };
}

/* --- causes --- */

static bool
failed(const BnsProbe *probe, BnsProbeStep step)
{
    return probe->errors[step] > 0;
}

/* A security module lets the namespace be made and then takes its powers away. */
static bool
lost_its_powers(const BnsProbe *probe)
{
    for (BnsProbeStep step = BNS_STEP_USER_NAMESPACE; step < BNS_N_STEPS; step++)
        if (probe->errors[step] == EPERM || probe->errors[step] == EACCES)
            return true;
    return false;
}

static bool
is_wsl1(const BnsProbe *probe, const BnsFacts *facts)
{
    return facts->is_wsl1;
}

static bool
has_no_process(const BnsProbe *probe, const BnsFacts *facts)
{
    return probe->errors[bns_probe_first_failure(probe)] == EAGAIN;
}

static bool
is_unsupported(const BnsProbe *probe, const BnsFacts *facts)
{
    int error = probe->errors[BNS_STEP_USER_NAMESPACE];

    return error == EINVAL || (error == ENOSYS && facts->seccomp_mode != 2);
}

static bool
is_clone_off(const BnsProbe *probe, const BnsFacts *facts)
{
    return facts->userns_clone == 0 && failed(probe, BNS_STEP_USER_NAMESPACE);
}

static bool
is_count_zero(const BnsProbe *probe, const BnsFacts *facts)
{
    return facts->max_user_namespaces == 0 &&
           probe->errors[BNS_STEP_USER_NAMESPACE] == ENOSPC;
}

static bool
is_inside(const BnsProbe *probe, const BnsFacts *facts)
{
    return facts->is_inside && bns_probe_first_failure(probe) < BNS_N_STEPS;
}

static bool
is_inside_another(const BnsProbe *probe, const BnsFacts *facts)
{
    return probe->errors[BNS_STEP_USER_NAMESPACE] == ENOSPC ||
           probe->errors[BNS_STEP_INNER_NAMESPACE] == ENOSPC ||
           probe->errors[BNS_STEP_USER_NAMESPACE] == EUSERS;
}

static bool
is_apparmor(const BnsProbe *probe, const BnsFacts *facts)
{
    return facts->apparmor_restricts == 1 && lost_its_powers(probe);
}

static bool
is_container_seccomp(const BnsProbe *probe, const BnsFacts *facts)
{
    return facts->is_container &&
           (failed(probe, BNS_STEP_USER_NAMESPACE) ||
            failed(probe, BNS_STEP_NAMESPACES) || failed(probe, BNS_STEP_MOUNT));
}

static bool
is_foreign_seccomp(const BnsProbe *probe, const BnsFacts *facts)
{
    return facts->seccomp_mode == 2 &&
           (failed(probe, BNS_STEP_USER_NAMESPACE) ||
            failed(probe, BNS_STEP_NAMESPACES) || failed(probe, BNS_STEP_MOUNT));
}

static bool
is_masked_proc(const BnsProbe *probe, const BnsFacts *facts)
{
    return facts->has_masked_proc && failed(probe, BNS_STEP_PROC);
}

static bool
is_selinux(const BnsProbe *probe, const BnsFacts *facts)
{
    return facts->selinux_enforces == 1 && lost_its_powers(probe);
}

static bool
is_chroot(const BnsProbe *probe, const BnsFacts *facts)
{
    return probe->errors[BNS_STEP_USER_NAMESPACE] == EPERM;
}

static bool
has_no_link(const BnsProbe *probe, const BnsFacts *facts)
{
    return failed(probe, BNS_STEP_LINK);
}

static const struct {
    bool (*fits)(const BnsProbe *probe, const BnsFacts *facts);
    BnsCause cause;
} causes[] = {
    { is_inside,
      { "inside",
        "this runs inside boundary-ns, which its policy (nested: none, unless it says "
        "more) lets make no other",
        "start it outside" } },
    { is_wsl1,
      { "wsl1", "WSL1 has no namespaces",
        "convert the distribution: wsl --set-version NAME 2" } },
    { has_no_process,
      { "processes", "no further process may be started here",
        "raise the limit: ulimit -u, or the container's --pids-limit" } },
    { is_unsupported,
      { "kernel", "this kernel was built without user namespaces",
        "use a kernel with CONFIG_USER_NS=y" } },
    { is_clone_off,
      { "userns-clone", "this kernel forbids user namespaces to ordinary users",
        "sudo sysctl -w kernel.unprivileged_userns_clone=1 (and a file in "
        "/etc/sysctl.d)" } },
    { is_count_zero,
      { "max-user-namespaces", "user.max_user_namespaces is 0",
        "sudo sysctl -w user.max_user_namespaces=15000 (and a file in "
        "/etc/sysctl.d)" } },
    { is_inside_another,
      { "nested",
        "no further user namespace may be made here, as inside another sandbox",
        "start boundary-ns outside of it" } },
    { is_container_seccomp,
      { "container", "the container that this runs in forbids namespaces or mounts",
        "give it --security-opt seccomp=unconfined --security-opt apparmor=unconfined "
        "--security-opt systempaths=unconfined, or run boundary-ns outside" } },
    { is_masked_proc,
      { "masked-proc", "parts of /proc are masked, so no new one can be mounted",
        "give the container --security-opt systempaths=unconfined" } },
    { is_foreign_seccomp,
      { "seccomp",
        "a system call filter of the program that started this one forbids "
        "namespaces or mounts",
        "start boundary-ns outside of it" } },
    { is_apparmor,
      { "apparmor",
        "AppArmor takes the powers of user namespaces from programs without a "
        "profile",
        "install a profile for boundary-ns with the rule \"userns,\", or: sudo sysctl "
        "-w "
        "kernel.apparmor_restrict_unprivileged_userns=0" } },
    { is_selinux,
      { "selinux", "SELinux denies what a user namespace needs",
        "see which rule: sudo ausearch -m avc -ts recent" } },
    { is_chroot,
      { "userns", "user namespaces are forbidden here, as in a chroot",
        "run boundary-ns outside of the chroot, or as a user who may unshare(1) "
        "-Ur" } },
    { has_no_link,
      { "link", "neither /dev/net/tun can be used nor a veth device be made",
        "sudo modprobe tun && sudo chmod 0666 /dev/net/tun, or: sudo modprobe veth" } },
};

/* The step alone, where nothing explains it. */
static const BnsCause unexplained[] = {
    [BNS_STEP_USER_NAMESPACE] = { "userns", "no user namespace can be made", "" },
    [BNS_STEP_ID_MAP] = { "id-map", "the user cannot be mapped in a user namespace",
                          "" },
    [BNS_STEP_NAMESPACES] = { "namespaces",
                              "no network, mount, pid, ipc, uts or cgroup "
                              "namespace can be made",
                              "" },
    [BNS_STEP_MOUNT] = { "mount", "nothing can be mounted in a mount namespace", "" },
    [BNS_STEP_PROC] = { "proc", "no new /proc can be mounted", "" },
    [BNS_STEP_LOOPBACK] = { "loopback", "the loopback device cannot be started", "" },
    [BNS_STEP_LINK] = { "link", "no network device can be made", "" },
    [BNS_STEP_INNER_NAMESPACE] = { "inner", "no user namespace can be made in another",
                                   "" },
    [BNS_STEP_SECCOMP] = { "no-seccomp", "this kernel cannot filter system calls",
                           "use a kernel with CONFIG_SECCOMP_FILTER=y, 4.14 or newer" },
};
G_STATIC_ASSERT(G_N_ELEMENTS(unexplained) == BNS_N_STEPS);

const char *
bns_probe_step_name(BnsProbeStep step)
{
    static const char *const names[] = {
        [BNS_STEP_USER_NAMESPACE] = "user namespace",
        [BNS_STEP_ID_MAP] = "user map",
        [BNS_STEP_NAMESPACES] = "other namespaces",
        [BNS_STEP_MOUNT] = "mounts",
        [BNS_STEP_PROC] = "own /proc",
        [BNS_STEP_LOOPBACK] = "loopback device",
        [BNS_STEP_LINK] = "network link",
        [BNS_STEP_INNER_NAMESPACE] = "inner user namespace",
        [BNS_STEP_SECCOMP] = "system call filter",
    };
    G_STATIC_ASSERT(G_N_ELEMENTS(names) == BNS_N_STEPS);

    return names[step];
}

BnsProbeStep
bns_probe_first_failure(const BnsProbe *probe)
{
    BnsProbeStep step = 0;

    while (step < BNS_N_STEPS && probe->errors[step] == 0)
        step++;
    return step;
}

const BnsCause *
bns_probe_cause(const BnsProbe *probe, const BnsFacts *facts)
{
    BnsProbeStep step = bns_probe_first_failure(probe);

    if (step == BNS_N_STEPS)
        return NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(causes); i++)
        if (causes[i].fits(probe, facts))
            return &causes[i].cause;
    return &unexplained[step];
}
