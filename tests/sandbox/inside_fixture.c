/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sandbox/inside_fixture.h"

#include "base/fd.h"
#include "base/ready.h"
#include "sandbox/environment.h"
#include "sandbox/init.h"
#include "sandbox/leave.h"
#include "sandbox/namespaces.h"
#include "tests/support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

const char inside_ca_pem[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBjDCCATOgAwIBAgIUOyH/XFKluEVYPJ5kBh4DkLFZ46owCgYIKoZIzj0EAwIw\n"
    "GzEZMBcGA1UEAwwQYm91bmRhcnktbnMgdGVzdDAgFw0yNjExMjQwNzQ5MDhaGA8y\n"
    "MTI2MTAzMTA3NDkwOFowGzEZMBcGA1UEAwwQYm91bmRhcnktbnMgdGVzdDBZMBMG\n"
    "ByqGSM49AgEGCCqGSM49AwEHA0IABPqANeRx1wmfhw1Ya9VE4N0gc6/YfpL0ueup\n"
    "X57xJhZlQNcUZmOL8Eb43h/bxUZvpX7Wwm5CU6hlXjphTSrFHH6jUzBRMB0GA1Ud\n"
    "DgQWBBSEJ8r4rlSGNrVqe3vXDWueqydmEjAfBgNVHSMEGDAWgBSEJ8r4rlSGNrVq\n"
    "e3vXDWueqydmEjAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0cAMEQCIDTj\n"
    "u+UkRn/9FwiNM3jnQr/RbBQQrSn4cn7QFzb6iiXUAiAt08dXoFmyYPDTj6I61gbi\n"
    "7DjcP3zgAOAxwvfpPswDmQ==\n"
    "-----END CERTIFICATE-----\n";

/* --- the supervisor's stand-in --- */

typedef struct {
    const BnsInitConfig *config;
    const InsideOptions *options;
    int channel_fd; /* to the test */
    int output_fd;
} Stand;

/* Returns: false when the session is over. */
static bool
relay_from_init(int control_fd, int channel_fd)
{
    char text[BNS_READY_TEXT_MAX + 1];
    bns_autofd fd = -1;
    int type = bns_ready_receive(control_fd, text, &fd);

    if (type <= 0)
        return false;
    if (type == BNS_READY_READY)
        bns_ready_send(control_fd, BNS_READY_GO, NULL, -1);
    bns_ready_send(channel_fd, (BnsReadyType)type, text, fd);
    return true;
}

static bool
relay_to_init(int channel_fd, int control_fd)
{
    char text[BNS_READY_TEXT_MAX + 1];
    int type = bns_ready_receive(channel_fd, text, NULL);

    return type > 0 && bns_ready_send(control_fd, (BnsReadyType)type, text, -1) == 0;
}

static void
serve(int control_fd, int channel_fd)
{
    struct pollfd fds[] = { { .fd = control_fd, .events = POLLIN },
                            { .fd = channel_fd, .events = POLLIN } };

    while (poll(fds, G_N_ELEMENTS(fds), -1) >= 0) {
        if (fds[0].revents != 0 && !relay_from_init(control_fd, channel_fd))
            return;
        if (fds[1].revents != 0 && !relay_to_init(channel_fd, control_fd))
            return;
    }
}

/* landlock_create_ruleset(2), on all architectures. */
static void
refuse_landlock(int error)
{
    struct sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 444, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog filter = { .len = G_N_ELEMENTS(program), .filter = program };

    g_assert_cmpint(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), ==, 0);
    g_assert_cmpint(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter), ==, 0);
}

static void G_GNUC_NORETURN
stand_main(const Stand *stand)
{
    BnsInitConfig config = *stand->config;
    g_autofree char *ca = g_strconcat(INSIDE_CA_HASH, inside_ca_pem, NULL);
    int control[2];
    int life[2];
    pid_t pid;

    /* A test that fails must not leave a sandbox behind. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (stand->options->old_kernel)
        inside_old_kernel();
    if (stand->options->landlock_error != 0)
        refuse_landlock(stand->options->landlock_error);
    dup2(stand->options->input_fd > 0 ? stand->options->input_fd
                                      : open("/dev/null", O_RDONLY | O_CLOEXEC),
         STDIN_FILENO);
    dup2(stand->output_fd, STDOUT_FILENO);
    dup2(stand->output_fd, STDERR_FILENO);
    if (bns_fd_pair(control) < 0 || pipe2(life, O_CLOEXEC) < 0)
        _exit(2);
    config.control_fd = control[1];
    config.life_fd = life[0];
    pid = bns_init_clone(&config);
    if (pid < 0)
        _exit(3);
    close(control[1]);
    close(life[0]);
    if (!stand->options->no_ca)
        bns_ready_send(control[0], BNS_READY_CA, ca, -1);
    serve(control[0], stand->channel_fd);
    close(life[1]);
    waitpid(pid, NULL, 0);
    _exit(0);
}

/* --- the test's side --- */

static GStrv
make_environment(const InsideOptions *options)
{
    char *host[] = { (char *)(uintptr_t) "PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL };
    g_autoptr(BnsEnv) nothing_said = bns_env_new();
    g_autoptr(BnsEnvironment) made = bns_environment_new(host, nothing_said);
    GStrv environment = g_steal_pointer(&made->variables);

    for (const char *const *entry = options->environment;
         entry != NULL && *entry != NULL; entry++) {
        g_auto(GStrv) parts = g_strsplit(*entry, "=", 2);

        environment = g_environ_setenv(environment, parts[0], parts[1], TRUE);
    }
    return environment;
}

static GStrv
make_argv(const char *const *argv)
{
    GPtrArray *out = g_ptr_array_new();

    for (; *argv != NULL; argv++)
        g_ptr_array_add(out, g_strdup(g_str_equal(*argv, "@probe")
                                          ? g_getenv("BNS_INSIDE_PROBE")
                                          : *argv));
    g_ptr_array_add(out, NULL);
    return (GStrv)g_ptr_array_free(out, FALSE);
}

/* As of the defaults, but that nothing is hidden. @out_mount: what it borrows. */
static BnsFileView
make_view(const InsideOptions *options, const char *workdir, BnsViewMount *out_mount)
{
    const BnsFileView view = { .mounts = out_mount, .n_mounts = 1 };

    *out_mount = (BnsViewMount){ workdir, BNS_VIEW_WRITE, false };
    return options->view != NULL ? *options->view : view;
}

Inside *
inside_start(const char *const *argv, const InsideOptions *options)
{
    static const InsideOptions none = { 0 };
    const InsideOptions *given = options != NULL ? options : &none;
    Inside *inside = g_new0(Inside, 1);
    g_autofree char *probe_dir = g_path_get_dirname(g_getenv("BNS_INSIDE_PROBE"));
    g_auto(GStrv) environment = make_environment(given);
    g_auto(GStrv) words = make_argv(argv);
    const char *workdir = given->workdir != NULL ? given->workdir : probe_dir;
    char *real = realpath(workdir, NULL);
    BnsViewMount mount;
    mode_t mask = umask(0);
    int channel[2];
    int output[2];
    BnsInitConfig config = {
        .owner_fd = -1,
        .lend_fd = -1,
        .recorder_fd = -1,
        .uid = getuid(),
        .gid = getgid(),
        .argv = words,
        .envp = environment,
        .workdir = workdir,
        .view = make_view(given, real, &mount),
        .protected_paths = given->protected_paths,
        .protected_links = given->protected_links,
        .denied = given->denied,
        .allowed = given->allowed,
        .nested = given->nested,
        .umask = mask,
        .ignored = given->ignored,
    };

    umask(mask);
    g_assert_cmpint(bns_fd_pair(channel), ==, 0);
    g_assert_cmpint(pipe2(output, O_CLOEXEC), ==, 0);
    inside->supervisor = fork();
    g_assert_cmpint(inside->supervisor, >=, 0);
    if (inside->supervisor == 0) {
        Stand stand = { &config, given, channel[1], output[1] };

        close(channel[0]);
        close(output[0]);
        stand_main(&stand);
    }
    free(real);
    close(channel[1]);
    close(output[1]);
    inside->event_fd = channel[0];
    inside->output_fd = output[0];
    inside->link_fd = -1;
    return inside;
}

/* Returns: the type, 0 at the end. */
static int
receive(Inside *inside, char *out_text)
{
    bns_autofd fd = -1;
    int type = bns_ready_receive(inside->event_fd, out_text, &fd);

    if (type == BNS_READY_TAP || type == BNS_READY_PACKET) {
        inside->is_tap = type == BNS_READY_TAP;
        inside->link_fd = g_steal_fd(&fd);
    }
    return MAX(type, 0);
}

char *
inside_wait(Inside *inside, int type)
{
    char text[BNS_READY_TEXT_MAX + 1] = "";

    for (;;) {
        int seen = receive(inside, text);

        if (seen == type)
            return g_strdup(text);
        if (seen == 0 || seen == BNS_READY_FAILED || seen == BNS_READY_EXITED)
            g_error("waiting for '%c', init said '%c' %s", type, seen != 0 ? seen : '-',
                    text);
    }
}

int
inside_end(Inside *inside, char **out_failure)
{
    char text[BNS_READY_TEXT_MAX + 1] = "";
    int type;

    while ((type = receive(inside, text)) > 0) {
        if (type == BNS_READY_EXITED)
            return atoi(text);
        if (type == BNS_READY_FAILED && out_failure != NULL) {
            *out_failure = g_strdup(text);
            return -1;
        }
        if (type == BNS_READY_FAILED)
            g_error("init failed: %s", text);
    }
    return -1;
}

void
inside_tell(Inside *inside, int type, const char *text)
{
    g_assert_cmpint(bns_ready_send(inside->event_fd, (BnsReadyType)type, text, -1), ==,
                    0);
}

char *
inside_output(Inside *inside)
{
    GString *output = g_string_new(NULL);
    char block[4096];
    ssize_t n;

    while ((n = read(inside->output_fd, block, sizeof(block))) > 0)
        g_string_append_len(output, block, n);
    return g_string_free(output, FALSE);
}

void
inside_free(Inside *inside)
{
    if (inside == NULL)
        return;
    bns_fd_clear(&inside->event_fd);
    waitpid(inside->supervisor, NULL, 0);
    bns_fd_clear(&inside->output_fd);
    bns_fd_clear(&inside->link_fd);
    g_free(inside);
}

char *
inside_run(const char *const *argv, const InsideOptions *options, int *out_status)
{
    g_autoptr(Inside) inside = inside_start(argv, options);
    int status = inside_end(inside, NULL);
    char *output = inside_output(inside);

    if (out_status != NULL)
        *out_status = status;
    return g_strchomp(output);
}

char *
inside_sh(const char *script, const InsideOptions *options)
{
    const char *argv[] = { "sh", "-c", script, NULL };
    int status;
    char *output = inside_run(argv, options, &status);

    if (status != 0)
        g_error("\"%s\" ended with %d and said: %s", script, status, output);
    return output;
}

char *
inside_make_directory(void)
{
    g_autoptr(GError) error = NULL;
    char *dir = g_dir_make_tmp("bns-inside-XXXXXX", &error);

    g_assert_no_error(error);
    return dir;
}

void
inside_make_file(const char *dir, const char *name, const char *text, int mode)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);

    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    g_assert_cmpint(g_chmod(path, mode), ==, 0);
}

bool
inside_is_possible(void)
{
    if (bns_test_can_unshare())
        return true;
    bns_test_skip("user namespaces are off here");
    return false;
}

void
inside_old_kernel(void)
{
    struct sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_open_tree, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mount_setattr, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
    };
    struct sock_fprog filter = { .len = G_N_ELEMENTS(program), .filter = program };

    g_assert_cmpint(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), ==, 0);
    g_assert_cmpint(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter), ==, 0);
}

void
inside_namespaces(bool (*func)(void))
{
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        uid_t uid = getuid();
        gid_t gid = getgid();
        BnsFault fault = { "unshare" };

        if (unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET) < 0 ||
            !bns_namespaces_map_root(uid, gid, &fault) ||
            mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) < 0) {
            g_printerr("%s\n", fault.text);
            bns_leave(2);
        }
        bns_leave(func() ? 0 : 1);
    }
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    g_assert_cmpint(status, ==, 0);
}
