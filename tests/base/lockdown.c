/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each role is entered for real in a child; the child's exit status says what it could
 * do. A call outside the lists must end it by SIGSYS.
 */
#include "base/lockdown.h"

#include "base/fd.h"
#include "tests/support/test.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* Exit statuses of the child. 0: the step did what it tries. */
#define DID_NOT    1
#define NOT_LOCKED 2

/* Runs in the child. @fd: an open file, as the recorder has. Returns: whether it could. */
typedef bool (*Step)(int fd);

typedef struct {
    const char *name;
    BnsRole role;
    Step before; /* between the two halves; may be NULL */
    Step step;   /* after both */
    int signal;  /* that ends the child, or 0 */
} Case;

static bool
no_capability_is_left(int fd)
{
    char text[4096];
    ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

    if (n <= 0)
        return false;
    text[n] = '\0';
    for (const char *set = strstr(text, "Cap"); set != NULL;
         set = strstr(set + 1, "\nCap"))
        if (strstr(set, ":\t0000000000000000\n") == NULL)
            return false;
    return strstr(text, "CapBnd:\t0000000000000000\n") != NULL &&
           strstr(text, "NoNewPrivs:\t1\n") != NULL &&
           strstr(text, "Seccomp:\t2\n") != NULL;
}

static int saved_status_fd = -1;

static bool
open_status(int fd)
{
    saved_status_fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    return saved_status_fd >= 0;
}

static bool
read_saved_status(int fd)
{
    return no_capability_is_left(saved_status_fd);
}

static bool
root_is_empty(int fd)
{
    DIR *root = opendir("/");
    const struct dirent *entry;
    bool empty = root != NULL;

    while (empty && (entry = readdir(root)) != NULL)
        empty = entry->d_name[0] == '.';
    if (root != NULL)
        closedir(root);
    return empty && open("/x", O_CREAT | O_WRONLY | O_CLOEXEC, 0600) < 0 &&
           errno == EROFS;
}

static bool
files_are_absent(int fd)
{
    return open("/etc/passwd", O_RDONLY | O_CLOEXEC) < 0 && errno == ENOENT &&
           access("/", F_OK) < 0 && errno == ENOENT;
}

static bool
only_lo_is_there_and_down(int fd)
{
    struct ifaddrs *list = NULL;
    bool good = getifaddrs(&list) == 0;

    for (struct ifaddrs *at = list; at != NULL; at = at->ifa_next)
        good = good && g_strcmp0(at->ifa_name, "lo") == 0 && !(at->ifa_flags & IFF_UP);
    freeifaddrs(list);
    return good;
}

static bool
network_is_the_hosts(int fd)
{
    struct ifaddrs *list = NULL;
    bool good = getifaddrs(&list) == 0 && list != NULL;

    freeifaddrs(list);
    return good;
}

static bool
core_and_dump_are_off(int fd)
{
    struct rlimit core;

    return prctl(PR_GET_DUMPABLE) == 0 && getrlimit(RLIMIT_CORE, &core) == 0 &&
           core.rlim_max == 0 && getsid(0) == getpid();
}

static bool
make_socket_in_run(int fd)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "/run/flow" };
    int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    return bind(sock, (struct sockaddr *)&address, sizeof(address)) == 0 &&
           listen(sock, 4) == 0;
}

static bool
connect_to_run(int fd)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "/run/flow" };
    int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    return connect(sock, (struct sockaddr *)&address, sizeof(address)) == 0;
}

static bool
write_to_file(int fd)
{
    return pwrite(fd, "x", 1, 0) == 1 && fdatasync(fd) == 0 && ftruncate(fd, 0) == 0;
}

static bool
connect_by_tcp(int fd)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(1) };
    int sock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return sock >= 0 &&
           connect(sock, (struct sockaddr *)&address, sizeof(address)) < 0 &&
           errno == ECONNREFUSED;
}

static bool
open_udp(int fd)
{
    return socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0) >= 0;
}

static bool
open_unix(int fd)
{
    return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) >= 0;
}

static bool
open_tcp(int fd)
{
    return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) >= 0;
}

static bool
listen_by_tcp(int fd)
{
    return listen(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), 1) == 0;
}

static bool
map_code(int fd)
{
    return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                0) != MAP_FAILED;
}

static bool
make_memory_code(int fd)
{
    void *page =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0;
}

static bool
run_program(int fd)
{
    execl("/bin/true", "true", NULL);
    return false;
}

static bool
start_process(int fd)
{
    return fork() >= 0;
}

static bool
refuses_process(int fd)
{
    return fork() < 0 && errno == ENOSYS;
}

static bool
signal_another(int fd)
{
    return syscall(SYS_tgkill, getppid(), getppid(), 0) == 0;
}

static bool
abort_itself(int fd)
{
    abort();
    return false;
}

static void *
thread_main(void *data)
{
    *(bool *)data = true;
    return NULL;
}

static bool
start_thread(int fd)
{
    pthread_t thread;
    bool ran = false;

    return pthread_create(&thread, NULL, thread_main, &ran) == 0 &&
           pthread_join(thread, NULL) == 0 && ran;
}

static bool
resolve_name(int fd)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
    struct addrinfo *list = NULL;
    bool good = getaddrinfo("localhost", "80", &hints, &list) == 0;

    if (good)
        freeaddrinfo(list);
    return good && open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0;
}

static bool
cannot_create(const char *path)
{
    return open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600) < 0 && errno == EROFS;
}

static bool
files_cannot_be_written(int fd)
{
    return cannot_create("/tmp/.bns-lockdown") &&
           cannot_create("/dev/shm/.bns-lockdown");
}

static bool
log_a_line(int fd)
{
    g_log_set_default_handler(g_log_default_handler, NULL);
    g_message("a line");
    return true;
}

static bool
ignores_what_a_terminal_sends(int fd)
{
    static const int signals[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE };

    for (size_t i = 0; i < G_N_ELEMENTS(signals); i++)
        raise(signals[i]);
    return true;
}

static int
child_main(const Case *test, int fd)
{
    g_autoptr(GError) error = NULL;

    dup2(fd, STDERR_FILENO); /* for log_a_line() */
    if (!bns_lockdown_isolate(test->role, &error) ||
        (test->before != NULL && !test->before(fd)) ||
        !bns_lockdown_enter(test->role, &error)) {
        g_print("# %s\n", error != NULL ? error->message : "before");
        return NOT_LOCKED;
    }
    return test->step(fd) ? 0 : DID_NOT;
}

static void
test_case(gconstpointer data)
{
    const Case *test = data;
    g_autofree char *path = NULL;
    bns_autofd fd = g_file_open_tmp("bns-lockdown-XXXXXX", &path, NULL);
    int status = 0;
    pid_t pid;

    if (bns_test_under_valgrind() || !bns_test_can_unshare()) {
        unlink(path);
        bns_test_skip("user namespaces are off here, or valgrind is in the way");
        return;
    }
#ifdef BNS_SANITIZED
    if (test->signal == SIGSYS) {
        unlink(path);
        g_test_skip("sanitized builds log what they would kill for");
        return;
    }
#endif
    pid = fork();
    if (pid == 0)
        _exit(child_main(test, fd));
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    unlink(path);
    if (WIFSIGNALED(status) || test->signal != 0)
        g_assert_cmpint(WTERMSIG(status), ==, test->signal);
    g_assert_cmpint(WEXITSTATUS(status), ==, 0);
}

static const Case cases[] = {
    { "recorder-writes-its-file", BNS_ROLE_RECORDER, NULL, write_to_file, 0 },
    { "recorder-has-an-empty-root", BNS_ROLE_RECORDER, root_is_empty, files_are_absent,
      0 },
    { "recorder-has-no-network", BNS_ROLE_RECORDER, only_lo_is_there_and_down,
      log_a_line, 0 },
    { "recorder-opens-no-socket", BNS_ROLE_RECORDER, NULL, open_unix, SIGSYS },
    { "gateway-connects", BNS_ROLE_GATEWAY, NULL, connect_by_tcp, 0 },
    { "gateway-has-an-empty-root", BNS_ROLE_GATEWAY, root_is_empty, files_are_absent,
      0 },
    { "gateway-keeps-the-network", BNS_ROLE_GATEWAY, network_is_the_hosts, log_a_line,
      0 },
    { "gateway-opens-no-udp", BNS_ROLE_GATEWAY, NULL, open_udp, SIGSYS },
    { "gateway-opens-no-unix-socket", BNS_ROLE_GATEWAY, NULL, open_unix, SIGSYS },
    { "gateway-does-not-listen", BNS_ROLE_GATEWAY, NULL, listen_by_tcp, SIGSYS },
    { "gateway-maps-no-code", BNS_ROLE_GATEWAY, NULL, map_code, SIGSYS },
    { "gateway-makes-no-code", BNS_ROLE_GATEWAY, NULL, make_memory_code, SIGSYS },
    { "gateway-runs-no-program", BNS_ROLE_GATEWAY, NULL, run_program, SIGSYS },
    { "gateway-starts-no-process", BNS_ROLE_GATEWAY, NULL, start_process, SIGSYS },
    { "gateway-signals-nobody", BNS_ROLE_GATEWAY, NULL, signal_another, SIGSYS },
    { "gateway-can-abort", BNS_ROLE_GATEWAY, NULL, abort_itself, SIGABRT },
    { "gateway-ignores-the-terminals-signals", BNS_ROLE_GATEWAY,
      ignores_what_a_terminal_sends, log_a_line, 0 },
    { "netstack-has-no-network", BNS_ROLE_NETSTACK, only_lo_is_there_and_down,
      log_a_line, 0 },
    { "netstack-connects-to-its-own-socket", BNS_ROLE_NETSTACK, make_socket_in_run,
      connect_to_run, 0 },
    { "netstack-opens-no-internet-socket", BNS_ROLE_NETSTACK, NULL, open_tcp, SIGSYS },
    { "netstack-sees-no-files", BNS_ROLE_NETSTACK, NULL, files_are_absent, 0 },
    { "resolver-resolves-and-reads-files", BNS_ROLE_RESOLVER, NULL, resolve_name, 0 },
    { "resolver-writes-no-file", BNS_ROLE_RESOLVER, NULL, files_cannot_be_written, 0 },
    { "resolver-starts-threads", BNS_ROLE_RESOLVER, NULL, start_thread, 0 },
    { "resolver-starts-no-process", BNS_ROLE_RESOLVER, NULL, refuses_process, 0 },
    { "no-capability-is-left", BNS_ROLE_RESOLVER, open_status, read_saved_status, 0 },
    { "no-core-and-not-dumpable", BNS_ROLE_RECORDER, core_and_dump_are_off, log_a_line,
      0 },
};

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/base/lockdown/", cases[i].name, NULL);

        bns_test_add_data(path, &cases[i], test_case);
    }
    return g_test_run();
}
