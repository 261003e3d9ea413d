/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/cgroup_plan.h"

#include "base/fd.h"
#include "sandbox/cgroup_place.h"
#include "sandbox/pid_limit.h"
#include "sandbox/rlimits.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

/* Where systemd runs this is a directory (sd_booted(3)). */
#define SYSTEMD_DIR "/run/systemd/system"

const char *
bns_cgroup_controller(BnsCgroupLimit limit)
{
    static const char *const names[] = {
        [BNS_CGROUP_MEMORY] = "memory",
        [BNS_CGROUP_PIDS] = "pids",
    };
    G_STATIC_ASSERT(G_N_ELEMENTS(names) == BNS_N_CGROUP_LIMITS);

    return names[limit];
}

void
bns_cgroup_plan_clear(BnsCgroupPlan *plan)
{
    for (int i = 0; i < BNS_N_CGROUP_LIMITS; i++)
        g_clear_pointer(&plan->dirs[i], g_free);
    plan->kind = BNS_CGROUP_NONE;
}

/* --- looking --- */

char *
bns_cgroup_read(const char *dir, const char *file)
{
    g_autofree char *path = g_build_filename(dir, file, NULL);
    char *text = NULL;

    return g_file_get_contents(path, &text, NULL, NULL) ? text : NULL;
}

bool
bns_cgroup_file_has(const char *dir, const char *file, const char *word)
{
    g_autofree char *text = bns_cgroup_read(dir, file);
    g_auto(GStrv) words = g_strsplit_set(text != NULL ? text : "", " \n", -1);

    return g_strv_contains((const char *const *)words, word);
}

static bool
find_place(const char *process, const char *controller, BnsCgroupPlace *out_place)
{
    g_autofree char *dir = g_strconcat("/proc/", process, NULL);
    g_autofree char *cgroups = bns_cgroup_read(dir, "cgroup");
    g_autofree char *mounts = bns_cgroup_read("/proc/self", "mountinfo");

    *out_place = (BnsCgroupPlace){ 0 };
    return cgroups != NULL && mounts != NULL &&
           bns_cgroup_place_find(cgroups, mounts, controller, out_place);
}

char *
bns_cgroup_dir_of(pid_t pid)
{
    g_auto(BnsCgroupPlace) place = { 0 };
    g_autofree char *process = g_strdup_printf("%d", pid);

    find_place(process, NULL, &place);
    return g_steal_pointer(&place.dir);
}

static bool
may_write(const char *dir, const char *file)
{
    g_autofree char *path = g_build_filename(dir, file, NULL);

    return access(path, W_OK) == 0;
}

static bool
has_systemd(void)
{
    return access(SYSTEMD_DIR, F_OK) == 0;
}

static bool
is_delegated(const char *dir)
{
    char value;

    return getxattr(dir, "user.delegate", &value, 1) == 1 && value == '1';
}

static bool
is_alone(const char *dir)
{
    g_autofree char *text = bns_cgroup_read(dir, "cgroup.procs");
    g_autofree char *own = g_strdup_printf("%d\n", getpid());

    return g_strcmp0(text, own) == 0;
}

/* --- ways --- */

/* Fills in what @file of @dir has. */
static void
take_controllers(BnsCgroupPlan *plan, const char *dir, const char *file)
{
    for (BnsCgroupLimit i = 0; i < BNS_N_CGROUP_LIMITS; i++)
        plan->holds[i] = bns_cgroup_file_has(dir, file, bns_cgroup_controller(i));
}

static void
take_dir(BnsCgroupPlan *plan, const char *dir)
{
    for (int i = 0; i < BNS_N_CGROUP_LIMITS; i++)
        if (plan->holds[i])
            plan->dirs[i] = g_strdup(dir);
}

/* A cgroup that has processes gives none of its controllers to those below it (the root of
 * all does, and has no type): we have to leave it first. */
static void
find_own(BnsCgroupPlan *plan)
{
    g_auto(BnsCgroupPlace) place = { 0 };

    if (!find_place("self", NULL, &place) || !may_write(place.dir, ".") ||
        !may_write(place.dir, "cgroup.procs") ||
        !may_write(place.dir, "cgroup.subtree_control") ||
        !bns_cgroup_file_has(place.dir, "cgroup.type", "domain") ||
        !is_alone(place.dir) || (has_systemd() && !is_delegated(place.dir)))
        return;
    take_controllers(plan, place.dir, "cgroup.controllers");
    take_dir(plan, place.dir);
}

char *
bns_cgroup_manager_socket(void)
{
    const char *runtime = g_getenv("XDG_RUNTIME_DIR");

    if (getuid() == 0)
        return g_strdup("/run/systemd/private");
    if (runtime != NULL && runtime[0] == '/')
        return g_build_filename(runtime, "systemd/private", NULL);
    return g_strdup_printf("/run/user/%u/systemd/private", getuid());
}

/* One of another pid namespace would take our number for somebody else's, and the kernel
 * shows us none of its own. */
static bool
manager_listens(void)
{
    g_autofree char *path = bns_cgroup_manager_socket();
    bns_autofd fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    struct ucred peer = { 0 };
    socklen_t len = sizeof(peer);

    if (fd < 0 || strlen(path) >= sizeof(address.sun_path))
        return false;
    strcpy(address.sun_path, path);
    return connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
           getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 && peer.pid > 0 &&
           peer.uid == getuid();
}

/* What it can give is what it has itself. */
static void
find_scope(BnsCgroupPlan *plan)
{
    g_auto(BnsCgroupPlace) place = { 0 };
    g_autofree char *dir = NULL;

    if (!has_systemd() || !find_place("self", NULL, &place) || !place.is_whole ||
        !manager_listens())
        return;
    dir = getuid() == 0 ? g_strdup(place.mount)
                        : g_strdup_printf("%s/user.slice/user-%u.slice/user@%u.service",
                                          place.mount, getuid(), getuid());
    take_controllers(plan, dir, "cgroup.controllers");
}

static bool
find_beside_at(BnsCgroupPlan *plan, const char *dir)
{
    take_controllers(plan, dir, "cgroup.subtree_control");
    if ((plan->holds[BNS_CGROUP_MEMORY] || plan->holds[BNS_CGROUP_PIDS]) &&
        may_write(dir, ".") && may_write(dir, "cgroup.procs")) {
        take_dir(plan, dir);
        return true;
    }
    memset(plan->holds, 0, sizeof(plan->holds));
    return false;
}

static void
find_beside(BnsCgroupPlan *plan)
{
    g_auto(BnsCgroupPlace) place = { 0 };

    if (has_systemd() || !find_place("self", NULL, &place))
        return;
    while (!find_beside_at(plan, place.dir) && strcmp(place.dir, place.mount) != 0) {
        char *parent = g_path_get_dirname(place.dir);

        g_free(place.dir);
        place.dir = parent;
    }
}

static void
find_v1(BnsCgroupPlan *plan)
{
    for (BnsCgroupLimit i = 0; i < BNS_N_CGROUP_LIMITS; i++) {
        g_auto(BnsCgroupPlace) place = { 0 };

        plan->holds[i] = find_place("self", bns_cgroup_controller(i), &place) &&
                         may_write(place.dir, ".") &&
                         may_write(place.dir, "cgroup.procs");
        if (plan->holds[i])
            plan->dirs[i] = g_steal_pointer(&place.dir);
    }
}

/* --- the plan --- */

static bool
holds_all(const BnsCgroupPlan *plan, const bool *needs)
{
    for (int i = 0; i < BNS_N_CGROUP_LIMITS; i++)
        if (needs[i] && !plan->holds[i])
            return false;
    return true;
}

/* Sets @plan->kind and what belongs to it. Its @wants are set. */
static void
find(BnsCgroupPlan *plan, const bool *needs)
{
    static void (*const ways[])(BnsCgroupPlan *) = {
        [BNS_CGROUP_NONE] = NULL,        [BNS_CGROUP_OWN] = find_own,
        [BNS_CGROUP_SCOPE] = find_scope, [BNS_CGROUP_BESIDE] = find_beside,
        [BNS_CGROUP_V1] = find_v1,
    };
    G_STATIC_ASSERT(G_N_ELEMENTS(ways) == BNS_N_CGROUP_KINDS);

    for (BnsCgroupKind kind = BNS_CGROUP_OWN; kind < BNS_N_CGROUP_KINDS; kind++) {
        plan->kind = kind;
        ways[kind](plan);
        if (holds_all(plan, needs))
            return;
        bns_cgroup_plan_clear(plan);
        memset(plan->holds, 0, sizeof(plan->holds));
    }
}

/* With one limit that cannot be held the other still can. */
static void
find_most(BnsCgroupPlan *plan, const bool *needs)
{
    find(plan, needs);
    for (int i = 0; i < BNS_N_CGROUP_LIMITS && plan->kind == BNS_CGROUP_NONE; i++) {
        bool one[BNS_N_CGROUP_LIMITS] = { false };

        one[i] = needs[i];
        if (needs[i])
            find(plan, one);
    }
}

void
bns_cgroup_plan_find(const BnsProcessLimits *limits, BnsCgroupPlan *out_plan)
{
    bool needs[BNS_N_CGROUP_LIMITS] = {
        [BNS_CGROUP_MEMORY] = limits->values[BNS_LIMIT_MEMORY] != 0,
        [BNS_CGROUP_PIDS] =
            limits->values[BNS_LIMIT_PROCESSES] != 0 &&
            !bns_rlimits_hold_processes(limits->values[BNS_LIMIT_PROCESSES]),
    };

    *out_plan = (BnsCgroupPlan){ .wants = {
                                     [BNS_CGROUP_MEMORY] =
                                         limits->values[BNS_LIMIT_MEMORY] != 0,
                                     [BNS_CGROUP_PIDS] =
                                         limits->values[BNS_LIMIT_PROCESSES] != 0,
                                 } };
    if (needs[BNS_CGROUP_MEMORY] || needs[BNS_CGROUP_PIDS])
        find_most(out_plan, needs);
    for (int i = 0; i < BNS_N_CGROUP_LIMITS; i++)
        if (!out_plan->wants[i]) {
            out_plan->holds[i] = false;
            g_clear_pointer(&out_plan->dirs[i], g_free);
        }
}

void
bns_cgroup_plan_find_all(BnsCgroupPlan *out_plan)
{
    static const bool needs[BNS_N_CGROUP_LIMITS] = { true, true };

    *out_plan = (BnsCgroupPlan){ .wants = { true, true } };
    find_most(out_plan, needs);
}

const char *
bns_cgroup_plan_notice(const BnsCgroupPlan *plan, const BnsProcessLimits *limits)
{
    if (limits->values[BNS_LIMIT_MEMORY] != 0 && !plan->holds[BNS_CGROUP_MEMORY])
        return "limits.memory holds for each process by itself: there is no cgroup "
               "here "
               "that could hold it for all together";
    return NULL;
}

/* --- what the command could reach --- */

/* One that is shown nowhere may be mounted by the command itself. */
static bool
is_ours(const char *dir)
{
    g_autofree char *path = g_build_filename(dir, "cgroup.procs", NULL);
    struct stat info;

    return getuid() == 0 || stat(path, &info) < 0 || info.st_uid == getuid();
}

/* A line of /proc/PID/cgroup: one of several controllers tells the hierarchy, none is
 * version 2; and a hierarchy with a mere name has nothing to limit or kill by. */
static bool
line_is_open(const char *line, const char *mounts)
{
    g_auto(GStrv) parts = g_strsplit(line, ":", 3);
    g_auto(GStrv) controllers = NULL;
    g_auto(BnsCgroupPlace) place = { 0 };

    if (g_strv_length(parts) != 3 || g_str_has_prefix(parts[1], "name="))
        return false;
    controllers = g_strsplit(parts[1], ",", -1);
    return !bns_cgroup_place_find(line, mounts, controllers[0], &place) ||
           (!place.is_fenced && is_ours(place.dir));
}

bool
bns_cgroup_plan_is_open(void)
{
    g_autofree char *cgroups = bns_cgroup_read("/proc/self", "cgroup");
    g_autofree char *mounts = bns_cgroup_read("/proc/self", "mountinfo");
    g_auto(GStrv) lines = NULL;

    if (cgroups == NULL || mounts == NULL)
        return true;
    lines = g_strsplit(cgroups, "\n", -1);
    for (char **line = lines; *line != NULL; line++)
        if (line_is_open(*line, mounts))
            return true;
    return false;
}

bool
bns_cgroup_plan_check(const BnsCgroupPlan *plan,
                      const BnsProcessLimits *limits,
                      GError **error)
{
    uint64_t processes = limits->values[BNS_LIMIT_PROCESSES];

    if (processes == 0 || getuid() != 0 || plan->holds[BNS_CGROUP_PIDS])
        return true;
    if (!bns_pid_limit_is_possible()) {
        g_set_error(
            error, G_FILE_ERROR, G_FILE_ERROR_NOSYS,
            "limits.processes: Linux before 6.14 does not count the processes of "
            "root without a cgroup; leave it out, or start as another user");
        return false;
    }
    if (processes >= BNS_PID_LIMIT_MIN)
        return true;
    g_set_error(
        error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
        "limits.processes: of root's processes Linux allows %d at least without a "
        "cgroup",
        BNS_PID_LIMIT_MIN);
    return false;
}
