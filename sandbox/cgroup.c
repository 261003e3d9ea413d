/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/cgroup.h"

#include "base/fd.h"
#include "sandbox/cgroup_dir.h"
#include "sandbox/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* A cgroup below a delegated one, for who was alone in that. */
#define REST "rest"
/* What the command's own sandboxes may make (nested: full), so that it can be removed. */
#define DEPTH_MAX       "16"
#define DESCENDANTS_MAX "1024"
/* Another session's sweep may remove ours before it is locked. */
#define ATTEMPTS 10

/* One hierarchy. */
typedef struct {
    bool holds[BNS_N_CGROUP_LIMITS];
    int parent_fd; /* owned */
    int limits_fd; /* owned, locked */
    int door_fd;   /* owned */
    char *name;    /* owned; of the directory; NULL: none was made */
} Part;

struct BnsCgroup {
    BnsCgroupPlan plan;
    uint64_t limits[BNS_N_CGROUP_LIMITS];
    Part parts[BNS_N_CGROUP_LIMITS];
    unsigned n_parts;
    BnsKeeper keeper;
};

static bool G_GNUC_PRINTF(3, 4)
    fail(GError **error, int error_number, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(error_number), "%s: %s",
                text, g_strerror(error_number));
    return false;
}

/* --- parts --- */

/* Both limits in one directory are one part. */
static void
plan_parts(BnsCgroup *cgroup)
{
    const BnsCgroupPlan *plan = &cgroup->plan;

    for (int i = 0; i < BNS_N_CGROUP_LIMITS; i++) {
        bool is_same = cgroup->n_parts > 0 &&
                       g_strcmp0(plan->dirs[i], plan->dirs[BNS_CGROUP_MEMORY]) == 0;

        if (!plan->holds[i])
            continue;
        cgroup->n_parts += !is_same;
        cgroup->parts[cgroup->n_parts - 1].holds[i] = true;
    }
}

BnsCgroup *
bns_cgroup_new(BnsCgroupPlan *plan, const BnsProcessLimits *limits)
{
    BnsCgroup *cgroup = g_new0(BnsCgroup, 1);

    cgroup->plan = *plan;
    memset(plan, 0, sizeof(*plan));
    cgroup->limits[BNS_CGROUP_MEMORY] = limits->values[BNS_LIMIT_MEMORY];
    cgroup->limits[BNS_CGROUP_PIDS] = limits->values[BNS_LIMIT_PROCESSES];
    cgroup->keeper = BNS_KEEPER_NONE;
    for (int i = 0; i < BNS_N_CGROUP_LIMITS; i++)
        cgroup->parts[i].parent_fd = cgroup->parts[i].limits_fd =
            cgroup->parts[i].door_fd = -1;
    plan_parts(cgroup);
    return cgroup;
}

static void
part_clear(Part *part)
{
    bns_fd_clear(&part->door_fd);
    bns_fd_clear(&part->limits_fd);
    bns_fd_clear(&part->parent_fd);
    g_clear_pointer(&part->name, g_free);
}

void
bns_cgroup_free(BnsCgroup *cgroup)
{
    if (cgroup == NULL)
        return;
    bns_cgroup_release(cgroup);
    bns_cgroup_plan_clear(&cgroup->plan);
    g_free(cgroup);
}

const BnsCgroupPlan *
bns_cgroup_plan(const BnsCgroup *cgroup)
{
    return &cgroup->plan;
}

unsigned
bns_cgroup_n_doors(const BnsCgroup *cgroup)
{
    return cgroup->n_parts;
}

int
bns_cgroup_door(const BnsCgroup *cgroup, unsigned index)
{
    return index < cgroup->n_parts ? cgroup->parts[index].door_fd : -1;
}

/* --- limits --- */

/* What the kernel keeps is the limit, rounded down to pages: it is read back, so that none
 * is taken for set that is not. */
static int
set_number(int fd, const char *file, uint64_t number)
{
    char text[24];
    uint64_t is = 0;
    int r;

    g_snprintf(text, sizeof(text), "%" PRIu64, number);
    r = bns_cgroup_dir_write(fd, file, text);
    if (r < 0)
        return r;
    return bns_cgroup_dir_number(fd, file, NULL, &is) && is <= number ? 0 : -ERANGE;
}

/* A kernel without swap has no such file, and a limit that nothing could exceed. */
static int
set_swap(int fd, const char *file, uint64_t number)
{
    int r = set_number(fd, file, number);

    return r == -ENOENT || r == -EOPNOTSUPP ? 0 : r;
}

static int
set_memory_v1(int fd, uint64_t number)
{
    uint64_t counts_below = 1;
    int r = 0;

    bns_cgroup_dir_number(fd, "memory.use_hierarchy", NULL, &counts_below);
    if (counts_below == 0)
        r = bns_cgroup_dir_write(fd, "memory.use_hierarchy", "1");
    if (r == 0)
        r = set_number(fd, "memory.limit_in_bytes", number);
    return r < 0 ? r : set_swap(fd, "memory.memsw.limit_in_bytes", number);
}

/* The memory is to be memory: with swap a limit would only make the machine slow. */
static int
set_memory_v2(int fd, uint64_t number)
{
    int r = set_number(fd, "memory.max", number);

    return r < 0 ? r : set_swap(fd, "memory.swap.max", 0);
}

static bool
set_limits(const BnsCgroup *cgroup, const Part *part, GError **error)
{
    uint64_t memory = cgroup->limits[BNS_CGROUP_MEMORY];
    int r = 0;

    if (part->holds[BNS_CGROUP_MEMORY])
        r = cgroup->plan.kind == BNS_CGROUP_V1 ? set_memory_v1(part->limits_fd, memory)
                                               : set_memory_v2(part->limits_fd, memory);
    if (r < 0)
        return fail(error, -r, "Could not set limits.memory in a cgroup");
    if (part->holds[BNS_CGROUP_PIDS])
        r = set_number(part->limits_fd, "pids.max", cgroup->limits[BNS_CGROUP_PIDS]);
    if (r < 0)
        return fail(error, -r, "Could not set limits.processes in a cgroup");
    if (cgroup->plan.kind == BNS_CGROUP_V1)
        return true;
    r = bns_cgroup_dir_write(part->limits_fd, "cgroup.max.depth", DEPTH_MAX);
    if (r == 0)
        r = bns_cgroup_dir_write(part->limits_fd, "cgroup.max.descendants",
                                 DESCENDANTS_MAX);
    return r == 0 || fail(error, -r, "Could not bound the cgroups below the command's");
}

/* --- making --- */

/* Returns: the directory, or -errno (-ENOENT: a sweep of another session has removed it,
 * or is about to). */
static int
open_locked(int parent_fd, const char *name)
{
    bns_autofd fd =
        openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return -errno;
    if (flock(fd, LOCK_EX | LOCK_NB) < 0)
        return errno == EWOULDBLOCK ? -ENOENT : -errno;
    if (faccessat(parent_fd, name, F_OK, 0) < 0)
        return -errno;
    return g_steal_fd(&fd);
}

static int
make_locked(Part *part)
{
    g_autofree char *name = g_strdup_printf(BNS_CGROUP_PREFIX "%d.%" PRIx64, getpid(),
                                            (uint64_t)g_get_real_time());
    int fd;

    if (mkdirat(part->parent_fd, name, 0755) < 0)
        return -errno;
    fd = open_locked(part->parent_fd, name);
    if (fd >= 0)
        part->name = g_steal_pointer(&name);
    else if (fd != -ENOENT)
        (void)bns_cgroup_dir_remove(part->parent_fd, name);
    return fd;
}

static bool
make_part(const BnsCgroup *cgroup, Part *part, const char *dir, GError **error)
{
    part->parent_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (part->parent_fd < 0)
        return fail(error, errno, "Could not open the cgroup %s", dir);
    bns_cgroup_dir_sweep(part->parent_fd);
    for (int i = 0; i < ATTEMPTS && part->limits_fd < 0; i++) {
        part->limits_fd = make_locked(part);
        if (part->limits_fd < 0 && part->limits_fd != -ENOENT)
            break;
    }
    if (part->limits_fd < 0)
        return fail(error, -part->limits_fd, "Could not make a cgroup in %s", dir);
    if (!set_limits(cgroup, part, error))
        return false;
    if (mkdirat(part->limits_fd, "in", 0755) < 0)
        return fail(error, errno, "Could not make a cgroup in %s", dir);
    part->door_fd = openat(part->limits_fd, "in/cgroup.procs", O_WRONLY | O_CLOEXEC);
    return part->door_fd >= 0 ||
           fail(error, errno, "Could not open the command's cgroup");
}

/* Version 2: its one process, @pid, leaves @dir to those below it. */
static int
give_way(const BnsCgroup *cgroup, int fd, pid_t pid)
{
    char text[16];
    int r = 0;

    g_snprintf(text, sizeof(text), "%d", pid);
    if (mkdirat(fd, REST, 0755) < 0 && errno != EEXIST)
        return -errno;
    r = bns_cgroup_dir_write(fd, REST "/cgroup.procs", text);
    for (BnsCgroupLimit i = 0; i < BNS_N_CGROUP_LIMITS && r == 0; i++) {
        g_snprintf(text, sizeof(text), "+%s", bns_cgroup_controller(i));
        if (cgroup->plan.holds[i])
            r = bns_cgroup_dir_write(fd, "cgroup.subtree_control", text);
    }
    return r;
}

static bool
make_below(BnsCgroup *cgroup, const char *dir, pid_t pid, GError **error)
{
    bns_autofd fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int r = fd < 0 ? -errno : give_way(cgroup, fd, pid);

    if (r < 0)
        return fail(error, -r, "Could not use the cgroup %s", dir);
    return make_part(cgroup, &cgroup->parts[0], dir, error);
}

/* Where the parts of the plan are. */
static const char *
dir_of_part(const BnsCgroup *cgroup, const Part *part)
{
    return cgroup->plan
        .dirs[part->holds[BNS_CGROUP_MEMORY] ? BNS_CGROUP_MEMORY : BNS_CGROUP_PIDS];
}

bool
bns_cgroup_make(BnsCgroup *cgroup, GError **error)
{
    if (cgroup->plan.kind == BNS_CGROUP_SCOPE)
        return true;
    if (cgroup->plan.kind == BNS_CGROUP_OWN)
        return make_below(cgroup, dir_of_part(cgroup, &cgroup->parts[0]), getpid(),
                          error);
    for (unsigned i = 0; i < cgroup->n_parts; i++) {
        Part *part = &cgroup->parts[i];

        if (!make_part(cgroup, part, dir_of_part(cgroup, part), error))
            return false;
    }
    return true;
}

bool
bns_cgroup_make_in_scope(BnsCgroup *cgroup, pid_t init, GError **error)
{
    g_autofree char *dir = bns_cgroup_dir_of(init);
    g_autofree char *own = bns_cgroup_dir_of(getpid());

    if (dir == NULL || g_strcmp0(dir, own) == 0)
        return fail(error, ENOENT, "systemd made no cgroup");
    return make_below(cgroup, dir, init, error);
}

/* --- the end --- */

/* Version 1 counts where the process was, version 2 where the limit is. */
uint64_t
bns_cgroup_count(const BnsCgroup *cgroup, BnsCgroupLimit limit)
{
    static const char *const files[BNS_N_CGROUP_LIMITS][4] = {
        [BNS_CGROUP_MEMORY] = { "memory.events", "memory.oom_control",
                                "in/memory.oom_control", NULL },
        [BNS_CGROUP_PIDS] = { "pids.events", "in/pids.events", NULL },
    };
    static const char *const keys[BNS_N_CGROUP_LIMITS] = {
        [BNS_CGROUP_MEMORY] = "oom_kill",
        [BNS_CGROUP_PIDS] = "max",
    };
    uint64_t most = 0;

    for (unsigned i = 0; i < cgroup->n_parts; i++) {
        const Part *part = &cgroup->parts[i];
        uint64_t count = 0;

        if (!part->holds[limit] || part->limits_fd < 0)
            continue;
        for (const char *const *file = files[limit]; *file != NULL; file++)
            if (bns_cgroup_dir_number(part->limits_fd, *file, keys[limit], &count))
                most = MAX(most, count);
    }
    return most;
}

int
bns_cgroup_keep(BnsCgroup *cgroup)
{
    BnsKept kept[BNS_N_CGROUP_LIMITS];

    for (unsigned i = 0; i < cgroup->n_parts; i++)
        kept[i] = (BnsKept){ .parent_fd = cgroup->parts[i].parent_fd,
                             .lock_fd = cgroup->parts[i].limits_fd,
                             .name = cgroup->parts[i].name,
                             .remove = bns_cgroup_dir_remove };
    return bns_keeper_start(&cgroup->keeper, "bns-cgroup", kept, cgroup->n_parts);
}

void
bns_cgroup_release(BnsCgroup *cgroup)
{
    bool is_empty = true;

    for (int i = 0; i < BNS_N_CGROUP_LIMITS; i++) {
        Part *part = &cgroup->parts[i];

        if (part->name != NULL)
            is_empty &= bns_cgroup_dir_remove(part->parent_fd, part->name) == 0;
        part_clear(part);
    }
    bns_keeper_end(&cgroup->keeper, is_empty);
}
