/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Run as the command of a session whose start met a fault: leaves its mark, then looks
 * whether everything holds that the session's policy promises (faults.c makes it). Prints
 * what does not; ends with 0 if all does.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATH_BYTES 4096

static bool has_failed;

static void __attribute__((format(printf, 2, 3)))
expect(bool holds, const char *format, ...)
{
    va_list args;

    if (holds)
        return;
    has_failed = true;
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
}

static const char *
in_home(const char *name)
{
    static char path[PATH_BYTES];

    snprintf(path, sizeof(path), "%s/%s", getenv("HOME"), name);
    return path;
}

static bool
can_open(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC | O_NONBLOCK, 0600);

    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static void
check_files(void)
{
    static const char *const hidden[] = { ".ssh/id_rsa", ".netrc", "secrets/key" };
    static const char *const read_only[] = { "elsewhere/file",
                                             ".config/boundary-ns/config.yaml",
                                             ".bashrc" };
    static const char *const pinned[] = { ".git/hooks/pre-commit", "locked/file",
                                          ".envrc" };

    for (size_t i = 0; i < sizeof(hidden) / sizeof(*hidden); i++)
        expect(!can_open(in_home(hidden[i]), O_RDONLY), "%s can be read", hidden[i]);
    for (size_t i = 0; i < sizeof(read_only) / sizeof(*read_only); i++)
        expect(!can_open(in_home(read_only[i]), O_WRONLY), "%s can be written to",
               read_only[i]);
    for (size_t i = 0; i < sizeof(pinned) / sizeof(*pinned); i++)
        expect(!can_open(pinned[i], O_WRONLY), "%s can be written to", pinned[i]);
    expect(!can_open(in_home("elsewhere/new"), O_WRONLY | O_CREAT),
           "a file can be made elsewhere");
    expect(rename(".git/hooks", ".git/away") < 0, ".git/hooks can be moved");
    expect(rename(".git", "away") < 0, ".git can be moved");
    expect(rename("locked", "unlocked") < 0, "a read_only directory can be moved");
    /* Into the layer, or not at all: faults.c looks. */
    (void)can_open(in_home("private/new"), O_WRONLY | O_CREAT);
    expect(!can_open(getenv("HOST_TMP"), O_RDONLY), "the host's /tmp is there");
}

static void
check_mounts(void)
{
    static const char *const frozen[] = { "/", "/etc", "/dev", "/sys", "/usr" };
    struct statvfs info;
    char text[256] = "";
    int fd = open("/etc/resolv.conf", O_RDONLY | O_CLOEXEC);

    for (size_t i = 0; i < sizeof(frozen) / sizeof(*frozen); i++)
        expect(statvfs(frozen[i], &info) == 0 && (info.f_flag & ST_RDONLY) != 0,
               "%s is writable", frozen[i]);
    expect(fd >= 0 && read(fd, text, sizeof(text) - 1) > 0 &&
               strncmp(text, "nameserver 198.18.0.", 20) == 0,
           "/etc/resolv.conf is not ours");
    close(fd);
    expect(!can_open("/dev/net/tun", O_RDWR) && !can_open("/dev/kmsg", O_RDONLY) &&
               !can_open("/dev/mem", O_RDONLY),
           "devices of the host are there");
    expect(!can_open("/proc/sys/kernel/core_pattern", O_WRONLY) &&
               !can_open("/proc/sysrq-trigger", O_WRONLY),
           "settings of the kernel can be written to");
    expect(mount("none", "/mnt", "tmpfs", 0, NULL) < 0, "mount(2) works");
    expect(umount2("/etc", MNT_DETACH) < 0, "umount(2) works");
}

static bool
has_status_line(const char *status, const char *line)
{
    return strstr(status, line) != NULL;
}

static void
check_rights(void)
{
    static const char *const lines[] = {
        "\nCapInh:\t0000000000000000\n", "\nCapPrm:\t0000000000000000\n",
        "\nCapEff:\t0000000000000000\n", "\nCapBnd:\t0000000000000000\n",
        "\nCapAmb:\t0000000000000000\n", "\nNoNewPrivs:\t1\n",
        "\nSigBlk:\t0000000000000000\n",
    };
    char status[8192] = "";
    int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    const char *filters;

    expect(fd >= 0 && read(fd, status, sizeof(status) - 1) > 0, "no status");
    close(fd);
    for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
        expect(has_status_line(status, lines[i]), "not in the status:%s", lines[i]);
    /* One is the test's. */
    filters = strstr(status, "\nSeccomp_filters:\t");
    expect(filters != NULL && atoi(filters + 18) >= 2, "there is no filter");
    expect(unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0, "unshare(2) works");
    expect(syscall(SYS_keyctl, 0, -3, 0) < 0 && errno == EPERM, "keyctl(2) works");
    expect(socket(40, SOCK_STREAM, 0) < 0, "there are vsocks");
    expect(socket(AF_PACKET, SOCK_RAW, 0) < 0, "there are packet sockets");
    expect(!can_open("/proc/1/environ", O_RDONLY), "init can be looked into");
}

static void
check_others(void)
{
    DIR *proc = opendir("/proc");
    struct dirent *entry;
    int n = 0;

    while (proc != NULL && (entry = readdir(proc)) != NULL)
        n += entry->d_name[0] >= '1' && entry->d_name[0] <= '9';
    expect(n == 2, "%d processes are there", n);
    if (proc != NULL)
        closedir(proc);
    for (int fd = 3; fd < 1024; fd++)
        expect(fcntl(fd, F_GETFD) < 0, "descriptor %d is open", fd);
}

static void
check_network(void)
{
    struct if_nameindex *all = if_nameindex();

    expect(all != NULL, "no interfaces");
    for (struct if_nameindex *one = all; one != NULL && one->if_index != 0; one++)
        expect(strcmp(one->if_name, "lo") == 0 || strcmp(one->if_name, "tap0") == 0,
               "the interface %s is there", one->if_name);
    if_freenameindex(all);
}

/* A denied program says why, and that it was not executed. */
static void
check_commands(void)
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        close(STDERR_FILENO);
        execl("/usr/bin/env", "env", "true", (char *)NULL);
        _exit(99);
    }
    expect(pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
               WEXITSTATUS(status) == 126,
           "a denied program runs (%x)", (unsigned)status);
}

static void
check_rest(void)
{
    struct rlimit files;
    char here[PATH_BYTES];

    expect(getenv("AWS_SECRET_ACCESS_KEY") == NULL, "a secret is in the environment");
    expect(getcwd(here, sizeof(here)) != NULL && strcmp(here, getenv("WORK")) == 0,
           "it is not the working directory");
    expect(getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_max == 200,
           "limits.open_files does not hold");
    expect(umask(0) == 022, "the umask is another");
}

int
main(void)
{
    if (!can_open(getenv("MARK"), O_WRONLY | O_CREAT))
        return 99;
    check_files();
    check_mounts();
    check_rights();
    check_others();
    check_network();
    check_rest();
    check_commands();
    fflush(stdout);
    return has_failed ? 1 : 0;
}
