/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/landlock.h"

#include "base/fd.h"
#include "sandbox/private_trees.h"
#include "sandbox/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* On all architectures alike; linux/landlock.h may be older than the kernel. */
#define CREATE_RULESET 444
#define ADD_RULE       445
#define RESTRICT_SELF  446

#define ASK_VERSION       1u /* LANDLOCK_CREATE_RULESET_VERSION */
#define RULE_PATH_BENEATH 1
#define LOG_NOTHING_YET   1u /* LANDLOCK_RESTRICT_SELF_LOG_SAME_EXEC_OFF */

/* LANDLOCK_ACCESS_FS_ */
#define EXECUTE     (UINT64_C(1) << 0)
#define WRITE_FILE  (UINT64_C(1) << 1)
#define REMOVE_DIR  (UINT64_C(1) << 4)
#define REMOVE_FILE (UINT64_C(1) << 5)
#define MAKE_CHAR   (UINT64_C(1) << 6)
#define MAKE_DIR    (UINT64_C(1) << 7)
#define MAKE_REG    (UINT64_C(1) << 8)
#define MAKE_SOCK   (UINT64_C(1) << 9)
#define MAKE_FIFO   (UINT64_C(1) << 10)
#define MAKE_BLOCK  (UINT64_C(1) << 11)
#define MAKE_SYM    (UINT64_C(1) << 12)
#define REFER       (UINT64_C(1) << 13)
#define TRUNCATE    (UINT64_C(1) << 14)

#define WRITING (WRITE_FILE | TRUNCATE)
#define IN_DIRECTORIES                                                                 \
    (REMOVE_DIR | REMOVE_FILE | MAKE_CHAR | MAKE_DIR | MAKE_REG | MAKE_SOCK |          \
     MAKE_FIFO | MAKE_BLOCK | MAKE_SYM | REFER)

#define TO_WRITE (WRITING | IN_DIRECTORIES)

/* LANDLOCK_SCOPE_ */
#define ABSTRACT_SOCKETS (UINT64_C(1) << 0)
#define SIGNALS          (UINT64_C(1) << 1)

/* struct landlock_ruleset_attr; an older kernel wants zeros where it knows nothing. */
typedef struct {
    uint64_t files;
    uint64_t network;
    uint64_t scopes;
} Handled;

/* struct landlock_path_beneath_attr */
typedef struct {
    uint64_t access;
    int32_t fd;
} __attribute__((packed)) Beneath;

/* What is the session's own, with what is shown in it. /dev is read-only itself. */
static const char *const own[] = { "/dev",     "/proc",    "/tmp", "/run",
                                   "/var/tmp", "/var/run", NULL };

int
bns_landlock_version(void)
{
    long version = syscall(CREATE_RULESET, NULL, 0, ASK_VERSION);

    if (version >= 0)
        return (int)version;
    return errno == ENOSYS || errno == EOPNOTSUPP ? 0 : -errno;
}

bool
bns_landlock_confines_files(const BnsInitConfig *config)
{
    return config->nested != BNS_NESTED_FULL && !config->view.is_shared;
}

static Handled
choose(const BnsInitConfig *config, int version)
{
    Handled handled = { 0 };

    if (version >= BNS_LANDLOCK_FILES && bns_landlock_confines_files(config))
        handled.files = IN_DIRECTORIES | WRITE_FILE;
    if (version >= BNS_LANDLOCK_TRUNCATE && handled.files != 0)
        handled.files |= TRUNCATE;
    /* Who handles anything handles REFER, said or not. */
    if (config->allowed.is_on)
        handled.files |= EXECUTE | REFER;
    if (version >= BNS_LANDLOCK_SCOPES)
        handled.scopes = ABSTRACT_SOCKETS | SIGNALS;
    return handled;
}

typedef struct {
    int fd;
    uint64_t files; /* that are handled */
} Ruleset;

/* 0 or -errno. -EBADFD: a file without a place, a pipe for one, which nothing confines. */
static int
permit(const Ruleset *ruleset, int fd, uint64_t access)
{
    Beneath beneath = { .access = access & ruleset->files, .fd = fd };
    struct stat info;

    if (fstat(fd, &info) < 0)
        return -errno;
    if (!S_ISDIR(info.st_mode))
        beneath.access &= WRITING | EXECUTE;
    if (beneath.access == 0)
        return 0;
    if (syscall(ADD_RULE, ruleset->fd, RULE_PATH_BENEATH, &beneath, 0) == 0)
        return 0;
    return errno == EBADFD ? 0 : -errno;
}

/* What has gone, or is a link to something else here, need not be written. */
static bool
permit_path(const Ruleset *ruleset, const char *path, uint64_t access, BnsFault *fault)
{
    bns_autofd fd = bns_tree_look_along(path);
    int r = fd < 0 ? fd : permit(ruleset, fd, access);

    if (r == 0 || r == -ENOENT || r == -ENOTDIR || r == -ELOOP || r == -EACCES)
        return true;
    return bns_fault_set(fault, "Could not make a Landlock rule for \"%s\": %s", path,
                         strerror(-r));
}

static bool
permit_paths(const Ruleset *ruleset,
             const char *const *paths,
             uint64_t access,
             BnsFault *fault)
{
    for (; paths != NULL && *paths != NULL; paths++)
        if (!permit_path(ruleset, *paths, access, fault))
            return false;
    return true;
}

static bool
permit_view(const Ruleset *ruleset, const BnsFileView *view, BnsFault *fault)
{
    for (size_t i = 0; i < view->n_mounts; i++)
        if (view->mounts[i].access != BNS_VIEW_READ_ONLY &&
            !permit_path(ruleset, view->mounts[i].path, TO_WRITE, fault))
            return false;
    return permit_paths(ruleset, view->rebuilt, TO_WRITE, fault);
}

static bool
permit_own(const Ruleset *ruleset, char *const *envp, BnsFault *fault)
{
    char runtime[PATH_MAX];

    return permit_paths(ruleset, own, TO_WRITE, fault) &&
           (!bns_private_trees_find_runtime(envp, runtime) ||
            permit_path(ruleset, runtime, TO_WRITE, fault));
}

/* They may be opened once more by name (/dev/stdout), for what they are open for. */
static bool
permit_streams(const Ruleset *ruleset, BnsFault *fault)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        int flags = fcntl(fd, F_GETFL);
        bool is_written =
            flags >= 0 && (flags & O_PATH) == 0 && (flags & O_ACCMODE) != O_RDONLY;
        int r = is_written ? permit(ruleset, fd, WRITING) : 0;

        if (r < 0)
            return bns_fault_set(fault,
                                 "Could not permit writing to a standard stream: %s",
                                 strerror(-r));
    }
    return true;
}

static bool
permit_writing(const Ruleset *ruleset, const BnsInitConfig *config, BnsFault *fault)
{
    if (!bns_landlock_confines_files(config))
        return permit_path(ruleset, "/", TO_WRITE, fault);
    return permit_view(ruleset, &config->view, fault) &&
           permit_own(ruleset, config->envp, fault) && permit_streams(ruleset, fault);
}

/* What is allowed, and the stubs that say what is denied. */
static bool
permit_programs(const Ruleset *ruleset, const BnsInitConfig *config, BnsFault *fault)
{
    if (!config->allowed.is_on)
        return true;
    for (size_t i = 0; i < config->denied.n; i++)
        if (!permit_path(ruleset, config->denied.programs[i].path, EXECUTE, fault))
            return false;
    return permit_paths(ruleset, config->allowed.programs, EXECUTE, fault) &&
           permit_paths(ruleset, config->allowed.loaders, EXECUTE, fault);
}

/* The kernel's log would tell of what we are refused ourselves until the command runs;
 * what the command is refused it does not log. */
static bool
restrict_self(int ruleset_fd, int version, BnsFault *fault)
{
    unsigned flags = version >= BNS_LANDLOCK_LOG ? LOG_NOTHING_YET : 0;

    return syscall(RESTRICT_SELF, ruleset_fd, flags) == 0 ||
           bns_fault_set(fault, "Could not enter the command's Landlock domain: %s",
                         strerror(errno));
}

bool
bns_landlock_enter(const BnsInitConfig *config, BnsFault *fault)
{
    int version = bns_landlock_version();
    Handled handled = choose(config, version);
    Ruleset ruleset = { .files = handled.files };
    bns_autofd fd = -1;

    if (version < 0)
        return bns_fault_set(fault, "Could not ask for Landlock: %s",
                             strerror(-version));
    if (config->allowed.is_on && version < BNS_LANDLOCK_FILES)
        return bns_fault_set(fault, "commands.allow needs Landlock, which this kernel "
                                    "does not have (boundary-ns doctor)");
    if (handled.files == 0 && handled.scopes == 0)
        return true;
    fd = (int)syscall(CREATE_RULESET, &handled, sizeof(handled), 0);
    if (fd < 0)
        return bns_fault_set(fault, "Could not make Landlock rules: %s",
                             strerror(errno));
    ruleset.fd = fd;
    if (handled.files != 0 && (!permit_writing(&ruleset, config, fault) ||
                               !permit_programs(&ruleset, config, fault)))
        return false;
    return restrict_self(fd, version, fault);
}
