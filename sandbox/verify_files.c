/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files: what must not be written to, what must not be read, and variables. Nothing is
 * written: a file that opens for it is enough.
 */
#include "sandbox/verify_probes.h"

#include "policy/files.h"
#include "sandbox/variables.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- where --- */

/* "$XDG_CONFIG_HOME/x": where that is, or "~/.config/x"; other variables name no place of
 * their own. */
static bool
find_path(const char *path, char out_path[PATH_MAX])
{
    static const struct {
        const char *variable, *below_home;
    } bases[] = { { "XDG_CONFIG_HOME", "~/.config" },
                  { "XDG_DATA_HOME", "~/.local/share" },
                  { "XDG_CACHE_HOME", "~/.cache" },
                  { "XDG_STATE_HOME", "~/.local/state" } };

    for (size_t i = 0; i < sizeof(bases) / sizeof(*bases); i++) {
        size_t len = strlen(bases[i].variable);
        const char *value = getenv(bases[i].variable);
        bool is_set = value != NULL && value[0] == '/';

        if (path[0] == '$' && strncmp(path + 1, bases[i].variable, len) == 0 &&
            path[1 + len] == '/') {
            snprintf(out_path, PATH_MAX, "%s%s", is_set ? value : bases[i].below_home,
                     path + 1 + len);
            return true;
        }
    }
    snprintf(out_path, PATH_MAX, "%s", path);
    return path[0] == '~';
}

static void
expand(const char *path, char out_path[PATH_MAX])
{
    const char *home = getenv("HOME");
    char found[PATH_MAX];

    find_path(path, found);
    if (found[0] == '~')
        snprintf(out_path, PATH_MAX, "%s%s", home != NULL ? home : "", found + 1);
    else
        snprintf(out_path, PATH_MAX, "%s", found);
}

/* --- what must not be written to --- */

static BnsVerified
run_open(const BnsVerifyRow *row, const BnsVerifyWorld *world)
{
    char path[PATH_MAX];
    int fd;

    expand(row->subject, path);
    fd = open(path, (int)row->number | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd >= 0)
        return BNS_VERIFIED_OPEN;
    /* A container around us keeps it from root, too. */
    if (world->is_outside && row->needs_root && errno != EACCES)
        return BNS_VERIFIED_UNTESTABLE;
    /* Inside, the devices of the host are not there, and that is how they are kept. */
    if (errno == EPERM || errno == EACCES || errno == EROFS)
        return BNS_VERIFIED_HELD;
    return world->is_outside || !row->needs_root ? BNS_VERIFIED_UNTESTABLE
                                                 : BNS_VERIFIED_HELD;
}

static BnsVerified
run_directory(const BnsVerifyRow *row, const BnsVerifyWorld *world)
{
    char path[PATH_MAX];

    expand(row->subject, path);
    if (access(path, W_OK) == 0)
        return BNS_VERIFIED_OPEN;
    return errno == ENOENT || errno == ENOTDIR ? BNS_VERIFIED_UNTESTABLE
                                               : BNS_VERIFIED_HELD;
}

#define KERNEL(path)                                                                   \
    {                                                                                  \
        "kernel setting", path, run_open, O_WRONLY, { 0 }, path, true                  \
    }
#define DEVICE(path)                                                                   \
    {                                                                                  \
        "device", path, run_open, O_RDONLY, { 0 }, path, true                          \
    }
#define SYSTEM(path)                                                                   \
    {                                                                                  \
        "system file", path, run_open, O_WRONLY, { 0 }, path, true                     \
    }
#define SYSTEM_DIRECTORY(path)                                                         \
    {                                                                                  \
        "system file", path, run_directory, 0, { 0 }, path, true                       \
    }
#define OWN(path)                                                                      \
    {                                                                                  \
        "run by the host", path, run_open, O_WRONLY, { 0 }, path, false                \
    }
#define OWN_DIRECTORY(name, path)                                                      \
    {                                                                                  \
        "our own files", name, run_directory, 0, { 0 }, path, false                    \
    }

const BnsVerifyRow bns_verify_files[] = {
    KERNEL("/proc/sys/kernel/core_pattern"),
    KERNEL("/proc/sys/kernel/modprobe"),
    KERNEL("/proc/sys/kernel/panic"),
    KERNEL("/proc/sys/kernel/randomize_va_space"),
    KERNEL("/proc/sys/kernel/kptr_restrict"),
    KERNEL("/proc/sys/kernel/sysrq"),
    KERNEL("/proc/sys/vm/overcommit_memory"),
    KERNEL("/proc/sys/vm/drop_caches"),
    KERNEL("/proc/sys/fs/suid_dumpable"),
    KERNEL("/proc/sys/fs/file-max"),
    KERNEL("/proc/sys/fs/binfmt_misc/register"),
    KERNEL("/proc/sysrq-trigger"),
    KERNEL("/proc/irq/default_smp_affinity"),
    KERNEL("/sys/kernel/uevent_helper"),
    KERNEL("/sys/power/state"),
    KERNEL("/sys/kernel/mm/transparent_hugepage/enabled"),
    DEVICE("/dev/mem"),
    DEVICE("/dev/kmsg"),
    DEVICE("/dev/port"),
    DEVICE("/dev/kvm"),
    DEVICE("/dev/fuse"),
    DEVICE("/dev/net/tun"),
    DEVICE("/dev/loop-control"),
    DEVICE("/dev/vhost-net"),
    DEVICE("/dev/vhost-vsock"),
    DEVICE("/dev/uinput"),
    DEVICE("/dev/sda"),
    DEVICE("/dev/vda"),
    DEVICE("/dev/nvme0n1"),
    DEVICE("/dev/mapper/control"),
    DEVICE("/dev/autofs"),
    DEVICE("/dev/btrfs-control"),
    DEVICE("/dev/rtc0"),
    DEVICE("/dev/hpet"),
    DEVICE("/dev/nvram"),
    DEVICE("/dev/userfaultfd"),
    SYSTEM("/etc/passwd"),
    SYSTEM("/etc/shadow"),
    SYSTEM("/etc/hosts"),
    SYSTEM("/etc/resolv.conf"),
    SYSTEM_DIRECTORY("/etc"),
    SYSTEM_DIRECTORY("/usr/bin"),
    SYSTEM_DIRECTORY("/usr/lib"),
    SYSTEM_DIRECTORY("/boot"),
    SYSTEM_DIRECTORY("/opt"),
    OWN("~/.bashrc"),
    OWN("~/.profile"),
    OWN("~/.bash_profile"),
    OWN("~/.zshrc"),
    OWN("~/.gitconfig"),
    OWN("~/.ssh/authorized_keys"),
    OWN("~/.ssh/config"),
    OWN("~/.local/bin/tool"),
    OWN("~/.config/git/config"),
    OWN(".git/hooks/pre-commit"),
    OWN(".envrc"),
    OWN(".vscode/tasks.json"),
    OWN(".github/workflows/ci.yml"),
    OWN_DIRECTORY("~/.config/boundary-ns", "$XDG_CONFIG_HOME/boundary-ns"),
    OWN_DIRECTORY("~/.local/state/boundary-ns", "$XDG_STATE_HOME/boundary-ns"),
    OWN_DIRECTORY("~/.local/state/boundary-ns/audit",
                  "$XDG_STATE_HOME/boundary-ns/audit"),
};
const size_t bns_n_verify_files = sizeof(bns_verify_files) / sizeof(*bns_verify_files);

/* --- what must not be read --- */

static const struct {
    BnsFileKind kind;
    const char *path, *why;
} files[] = {
#include "data/files.inc"
};

/* A directory that is there and empty shows nothing. */
static bool
can_read(const char *path)
{
    struct dirent *entry;
    DIR *dir = opendir(path);
    bool has_entry = false;
    int fd;

    if (dir == NULL) {
        fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (fd >= 0)
            close(fd);
        return fd >= 0;
    }
    while ((entry = readdir(dir)) != NULL)
        has_entry |=
            strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(dir);
    return has_entry;
}

/* What is shown of what matches is another entry's affair. */
static bool
is_shown(const char *name)
{
    static const char *const shown[] = { "config", "config.d", "conf.d",
                                         "allowed_signers" };
    const char *dot = strrchr(name, '.');

    for (size_t i = 0; i < sizeof(shown) / sizeof(*shown); i++)
        if (strcmp(shown[i], name) == 0)
            return true;
    return strncmp(name, "known_hosts", 11) == 0 ||
           strncmp(name, "authorized_keys", 15) == 0 ||
           (dot != NULL && strcmp(dot, ".pub") == 0);
}

static BnsVerified
run_hidden(const BnsVerifyRow *row, const BnsVerifyWorld *world)
{
    BnsVerified verified =
        world->is_outside ? BNS_VERIFIED_UNTESTABLE : BNS_VERIFIED_HELD;
    char pattern[PATH_MAX];
    glob_t found;

    expand(row->subject, pattern);
    if (glob(pattern, GLOB_NOSORT | GLOB_PERIOD, NULL, &found) != 0)
        return verified;
    for (size_t i = 0; i < found.gl_pathc; i++) {
        const char *name = strrchr(found.gl_pathv[i], '/') + 1;

        if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && !is_shown(name) &&
            can_read(found.gl_pathv[i]))
            verified = BNS_VERIFIED_OPEN;
    }
    globfree(&found);
    return verified;
}

const BnsVerifyRow *
bns_verify_hidden(size_t i)
{
    static BnsVerifyRow row = {
        "hidden file", NULL, run_hidden, 0, { 0 }, NULL, false
    };
    static char path[PATH_MAX];

    for (size_t at = 0; at < sizeof(files) / sizeof(*files); at++)
        if (files[at].kind == BNS_FILE_HIDE && find_path(files[at].path, path) &&
            i-- == 0) {
            row.name = row.subject = path;
            return &row;
        }
    return NULL;
}

/* --- variables --- */

static BnsVerified
run_variable(const BnsVerifyRow *row, const BnsVerifyWorld *world)
{
    if (getenv(row->subject) != NULL)
        return BNS_VERIFIED_OPEN;
    return world->is_outside ? BNS_VERIFIED_UNTESTABLE : BNS_VERIFIED_HELD;
}

void
bns_verify_variable_name(const char *pattern, char *out_name, size_t size)
{
    snprintf(out_name, size, "%s", pattern);
    for (char *at = out_name; *at != '\0'; at++)
        if (*at == '*')
            *at = 'X';
}

const BnsVerifyRow *
bns_verify_variable(size_t i)
{
    static BnsVerifyRow row = { "variable", NULL, run_variable, 0, { 0 }, NULL, false };
    static char name[256];

    for (size_t at = 0; at < bns_n_variable_defaults; at++)
        if (bns_variable_defaults[at].kind == BNS_VARIABLE_SECRET && i-- == 0) {
            bns_verify_variable_name(bns_variable_defaults[at].name, name,
                                     sizeof(name));
            row.name = row.subject = name;
            return &row;
        }
    return NULL;
}
