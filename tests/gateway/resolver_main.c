/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The resolver process, locked down as in a session, in a network of its own: loopback,
 * an /etc of ours, and a name server that tells what it was asked.
 */
#include "netstack/gateway/resolver.h"

#include "base/fd.h"
#include "base/ready.h"
#include "netstack/gateway/resolver_lifetime.h"
#include "tests/support/test.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netdb.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct {
    int resolver_fd;
    int life_fd; /* the writing end */
    int log_fd;  /* what the name server was asked */
    pid_t resolver;
    pid_t name_server;
} World;

/* --- a name server --- */

/* Reads the question's name, dotted, from a query. Returns: the question's end. */
static size_t
query_name(const guint8 *query, GString *out_name)
{
    size_t at = 12;

    g_string_truncate(out_name, 0);
    for (; query[at] != 0; at += 1U + query[at])
        g_string_append_printf(out_name, "%s%.*s", out_name->len > 0 ? "." : "",
                               query[at], (const char *)query + at + 1);
    return at + 5;
}

/* Names that begin with "ok" have 192.0.2.5, all others do not exist. "ok-ttlN" has that
 * TTL, the others 60. */
static void
reply(int sock, const guint8 *query, const struct sockaddr_in *to)
{
    guint8 answer[] = { 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 5 };
    g_autoptr(GString) name = g_string_new(NULL);
    guint8 message[600];
    size_t end = query_name(query, name);
    bool exists = g_str_has_prefix(name->str, "ok");
    bool is_a = query[end - 3] == 1;
    unsigned ttl;

    if (sscanf(name->str, "ok-ttl%u.", &ttl) == 1) {
        const guint32 wire = htonl(ttl);

        memcpy(answer + 6, &wire, sizeof(wire));
    }
    memcpy(message, query, end);
    message[2] = 0x81;
    message[3] = exists ? 0x80 : 0x83;
    memset(message + 6, 0, 6);
    if (exists && is_a) {
        message[7] = 1;
        memcpy(message + end, answer, sizeof(answer));
        end += sizeof(answer);
    }
    g_assert_cmpint(
        sendto(sock, message, end, 0, (const struct sockaddr *)to, sizeof(*to)), ==,
        end);
}

/* Writes each A question's name as a line to @log_fd. "hang" names are never answered;
 * "ok-late" is when "ok-release" is asked. */
static void G_GNUC_NORETURN
name_server(int sock, int log_fd)
{
    g_autoptr(GString) name = g_string_new(NULL);
    guint8 late[2][512];
    struct sockaddr_in late_from[2];
    size_t n_late = 0;

    for (;;) {
        guint8 query[512];
        struct sockaddr_in from;
        socklen_t len = sizeof(from);
        size_t end;

        if (recvfrom(sock, query, sizeof(query), 0, (struct sockaddr *)&from, &len) <
            12)
            _exit(1);
        end = query_name(query, name);
        if (query[end - 3] == 1)
            dprintf(log_fd, "%s\n", name->str);
        if (g_str_has_prefix(name->str, "hang"))
            continue;
        if (strcmp(name->str, "ok-late.example") == 0 && n_late < 2) {
            memcpy(late[n_late], query, sizeof(query));
            late_from[n_late++] = from;
            continue;
        }
        reply(sock, query, &from);
        for (; strcmp(name->str, "ok-release.example") == 0 && n_late > 0; n_late--)
            reply(sock, late[n_late - 1], &late_from[n_late - 1]);
    }
}

static void
start_name_server(World *world)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons(53),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int log[2];

    g_assert_cmpint(bind(sock, (struct sockaddr *)&address, sizeof(address)), ==, 0);
    g_assert_cmpint(pipe(log), ==, 0);
    world->name_server = fork();
    if (world->name_server == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(log[0]);
        name_server(sock, log[1]);
    }
    close(log[1]);
    close(sock);
    world->log_fd = log[0];
}

/* --- a small world --- */

static void
write_text(const char *path, const char *text)
{
    g_autoptr(GError) error = NULL;

    g_file_set_contents_full(path, text, -1, G_FILE_SET_CONTENTS_NONE, 0644, &error);
    g_assert_no_error(error);
}

static void
write_map(const char *path, unsigned id)
{
    FILE *file = fopen(path, "we");

    g_assert_nonnull(file);
    fprintf(file, "0 %u 1", id);
    g_assert_cmpint(fclose(file), ==, 0);
}

static void
enter_namespaces(void)
{
    unsigned uid = getuid();
    unsigned gid = getgid();
    struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };
    FILE *file;
    int sock;

    g_assert_cmpint(unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET), ==, 0);
    file = fopen("/proc/self/setgroups", "we");
    fputs("deny", file);
    fclose(file);
    write_map("/proc/self/uid_map", uid);
    write_map("/proc/self/gid_map", gid);
    sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(ioctl(sock, SIOCSIFFLAGS, &request), ==, 0);
    close(sock);
    g_assert_cmpint(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), ==, 0);
    g_assert_cmpint(mount("etc", "/etc", "tmpfs", 0, NULL), ==, 0);
    write_text("/etc/nsswitch.conf", "hosts: files dns\n");
    write_text("/etc/hosts", "192.0.2.9 dotted.hosts.test plainhost\n"
                             "2001:db8::9 six.hosts.test\n");
    write_text("/etc/resolv.conf", "nameserver 127.0.0.1\n"
                                   "search corp.test\n"
                                   "options timeout:30 attempts:1\n");
}

static void
start_resolver(World *world)
{
    char text[BNS_READY_TEXT_MAX + 1];
    int gateway[2];
    int control[2];
    int life[2];

    g_assert_cmpint(bns_fd_pair(gateway), ==, 0);
    g_assert_cmpint(bns_fd_pair(control), ==, 0);
    g_assert_cmpint(pipe(life), ==, 0);
    world->resolver = fork();
    if (world->resolver == 0) {
        const BnsResolverConfig config = { .control_fd = control[1],
                                           .life_fd = life[0],
                                           .gateway_fd = gateway[1] };

        close(life[1]);
        close(gateway[0]);
        /* In a session a warning is a line for the person, not the end. */
        g_log_set_always_fatal(G_LOG_FATAL_MASK);
        _exit(bns_resolver_run(&config));
    }
    close(life[0]);
    close(gateway[1]);
    close(control[1]);
    if (bns_ready_receive(control[0], text, NULL) != BNS_READY_READY)
        g_error("The resolver is not ready: %s", text);
    close(control[0]);
    world->resolver_fd = gateway[0];
    world->life_fd = life[1];
}

/* Runs @func in a world of its own; its assertions end that process. */
static void
run_in_world(void (*func)(World *world))
{
    World world = { 0 };
    int status;
    pid_t pid;

    if (!bns_test_can_unshare()) {
        bns_test_skip("user namespaces are off here");
        return;
    }
    pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        enter_namespaces();
        start_name_server(&world);
        start_resolver(&world);
        func(&world);
        kill(world.name_server, SIGKILL);
        _exit(0);
    }
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, 0);
}

static void
run_test(gconstpointer data)
{
    /* ISO C has no conversion from data to function pointers; a copy is one. */
    void (*func)(World * world);

    memcpy(&func, &data, sizeof(func));
    run_in_world(func);
}

/* The lifetimes of earlier ones may come in between. */
static BnsResolverAnswer
receive_answer(World *world)
{
    BnsResolverAnswer answer;

    do
        g_assert_cmpint(bns_resolver_receive(world->resolver_fd, &answer), ==, 1);
    while (answer.kind != BNS_RESOLVER_ANSWER);
    return answer;
}

static BnsResolverAnswer
ask(World *world, const char *name)
{
    static uint64_t id;
    BnsResolverAnswer answer;

    g_assert_cmpint(bns_resolver_ask(world->resolver_fd, ++id, name), ==, 0);
    answer = receive_answer(world);
    g_assert_cmpuint(answer.id, ==, id);
    return answer;
}

static void
expect_address(const BnsResolverAnswer *answer, uint32_t index, const char *expected)
{
    char text[INET6_ADDRSTRLEN];

    g_assert_cmpuint(index, <, answer->n_addresses);
    inet_ntop(answer->addresses[index].family, answer->addresses[index].bytes, text,
              sizeof(text));
    g_assert_cmpstr(text, ==, expected);
}

/* What the name server was asked since the last call. */
static char *
asked(World *world)
{
    char buffer[4096];
    ssize_t n;
    struct pollfd poll_log = { .fd = world->log_fd, .events = POLLIN };

    if (poll(&poll_log, 1, 0) == 0)
        return g_strdup("");
    n = read(world->log_fd, buffer, sizeof(buffer));
    return g_strndup(buffer, (gsize)MAX(n, 0));
}

static int
wait_for_resolver(World *world)
{
    int status;

    g_assert_cmpint(waitpid(world->resolver, &status, 0), ==, world->resolver);
    g_assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* --- tests --- */

static void
test_sources(World *world)
{
    BnsResolverAnswer answer = ask(world, "ok.example");
    g_autofree char *first = asked(world);

    g_assert_cmpint(answer.error, ==, 0);
    g_assert_cmpuint(answer.n_addresses, ==, 1);
    expect_address(&answer, 0, "192.0.2.5");
    g_assert_true(g_str_has_prefix(first, "ok.example\n"));

    answer = ask(world, "plainhost");
    g_assert_cmpint(answer.error, ==, 0);
    expect_address(&answer, 0, "192.0.2.9");
    answer = ask(world, "dotted.hosts.test");
    g_assert_cmpint(answer.error, ==, 0);
    expect_address(&answer, 0, "192.0.2.9");
    answer = ask(world, "six.hosts.test");
    g_assert_cmpint(answer.error, ==, 0);
    expect_address(&answer, 0, "2001:db8::9");
}

/* Neither a name with dots that does not exist nor one without dots. */
static void
test_search_domains(World *world)
{
    BnsResolverAnswer answer = ask(world, "nx.example");
    g_autofree char *first = asked(world);
    g_autofree char *second = NULL;

    g_assert_cmpint(answer.error, ==, EAI_NONAME);
    g_assert_cmpuint(answer.n_addresses, ==, 0);
    g_assert_nonnull(strstr(first, "nx.example\n"));
    g_assert_null(strstr(first, "corp.test"));
    answer = ask(world, "ok");
    second = asked(world);
    g_assert_cmpint(answer.error, ==, 0);
    g_assert_cmpstr(second, ==, "ok\n");
}

/* The lifetime that follows an answer. */
static uint32_t
receive_lifetime(World *world, uint64_t id)
{
    BnsResolverAnswer message;

    do
        g_assert_cmpint(bns_resolver_receive(world->resolver_fd, &message), ==, 1);
    while (message.id != id);
    g_assert_cmpuint(message.kind, ==, BNS_RESOLVER_LIFETIME);
    return message.lifetime_ms;
}

/* An answer is good for a moment, then for as long as its TTL says. */
static void
test_lifetimes(World *world)
{
    static const struct {
        const char *name;
        uint32_t lifetime_ms;
    } cases[] = { { "ok-ttl7.example", 7000 },
                  { "ok-ttl0.example", 0 },
                  { "ok-ttl86400.example", BNS_RESOLVER_LIFETIME_MAX_MS },
                  { "ok-ttl4294967295.example", 0 } };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        BnsResolverAnswer answer = ask(world, cases[i].name);

        g_assert_cmpint(answer.error, ==, 0);
        g_assert_cmpuint(answer.lifetime_ms, ==, BNS_RESOLVER_LIFETIME_MS);
        g_assert_cmpuint(receive_lifetime(world, answer.id), ==, cases[i].lifetime_ms);
    }
    g_assert_cmpuint(ask(world, "nx.example").lifetime_ms, ==,
                     BNS_RESOLVER_ABSENT_LIFETIME_MS);
}

/* What is not the name server's is not told to it for a TTL. */
static void
test_foreign_names(World *world)
{
    static const char *const names[] = { "dotted.hosts.test", "plainhost",
                                         "six.hosts.test" };
    g_autofree char *questions = NULL;

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        BnsResolverAnswer answer = ask(world, names[i]);

        g_assert_cmpint(answer.error, ==, 0);
        g_assert_cmpuint(answer.lifetime_ms, ==, BNS_RESOLVER_LIFETIME_MS);
    }
    receive_lifetime(world, ask(world, "ok-ttl1.example").id);
    questions = asked(world);
    g_assert_cmpstr(questions, ==, "ok-ttl1.example\nok-ttl1.example\n");
    g_free(questions);
    /* of one label: asked once, by getaddrinfo(3) */
    g_assert_cmpint(ask(world, "ok").error, ==, 0);
    receive_lifetime(world, ask(world, "ok-ttl1.example").id);
    questions = asked(world);
    g_assert_cmpstr(questions, ==, "ok\nok-ttl1.example\nok-ttl1.example\n");
}

static void
test_bad_names(World *world)
{
    static const char *const names[] = { "OK.example", "ok.example.", "192.0.2.5",
                                         "::1",        "ok..example", "ok example" };
    g_autofree char *questions = NULL;

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        g_assert_cmpint(ask(world, names[i]).error, ==, EAI_NONAME);
    questions = asked(world);
    g_assert_cmpstr(questions, ==, "");
}

static void
test_order(World *world)
{
    BnsResolverAnswer answer;
    char line[64];

    bns_resolver_ask(world->resolver_fd, 100, "ok-late.example");
    /* Only once the name server holds it back does the next one overtake it. */
    g_assert_cmpint(read(world->log_fd, line, sizeof(line)), ==, 16);
    bns_resolver_ask(world->resolver_fd, 200, "ok-early.example");
    answer = receive_answer(world);
    g_assert_cmpuint(answer.id, ==, 200);
    bns_resolver_ask(world->resolver_fd, 300, "ok-release.example");
    for (int i = 0; i < 2; i++) {
        answer = receive_answer(world);
        g_assert_cmpint(answer.error, ==, 0);
        g_assert_true(answer.id == 100 || answer.id == 300);
    }
}

/* Names whose servers are silent fill all workers and the queue, never memory. */
static void
test_flood(World *world)
{
    BnsResolverAnswer answer;

    for (uint64_t id = 1; id <= 1100; id++)
        g_assert_cmpint(bns_resolver_ask(world->resolver_fd, id, "hang.example"), ==,
                        0);
    g_assert_cmpint(bns_resolver_receive(world->resolver_fd, &answer), ==, 1);
    g_assert_cmpint(answer.error, ==, EAI_AGAIN);
    /* With all workers stuck the session's end is still heard. */
    close(world->life_fd);
    g_assert_cmpint(wait_for_resolver(world), ==, 0);
}

static void
test_gateway_ends(World *world)
{
    close(world->resolver_fd);
    g_assert_cmpint(wait_for_resolver(world), ==, 0);
}

static void
test_malformed(World *world)
{
    g_assert_cmpint(bns_fd_send(world->resolver_fd, "short", 5, -1), ==, 0);
    g_assert_cmpint(wait_for_resolver(world), ==, 1);
}

static void
add(const char *path, void (*func)(World *world))
{
    gconstpointer data;

    memcpy(&data, &func, sizeof(data));
    bns_test_add_data(path, data, run_test);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 30);
    add("/gateway/resolver/asks-hosts-file-and-name-server", test_sources);
    add("/gateway/resolver/no-search-domain-is-tried", test_search_domains);
    add("/gateway/resolver/answers-last-as-long-as-their-ttl", test_lifetimes);
    add("/gateway/resolver/no-ttl-is-asked-for-what-is-not-of-the-dns",
        test_foreign_names);
    add("/gateway/resolver/no-name-is-not-asked", test_bad_names);
    add("/gateway/resolver/answers-come-in-any-order", test_order);
    add("/gateway/resolver/flood-is-told-to-try-again", test_flood);
    add("/gateway/resolver/ends-with-the-gateway", test_gateway_ends);
    add("/gateway/resolver/malformed-question-ends-it", test_malformed);
    return g_test_run();
}
