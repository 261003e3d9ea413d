/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tap/world.h"

#include "audit/record.h"
#include "base/fd.h"
#include "base/ready.h"
#include "tests/support/test.h"
#include "tests/tap/guest_link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- the guest --- */

void
world_guest_fail(const char *file, int line, const char *what)
{
    fprintf(stderr, "# guest: %s:%d: %s (errno %s)\n", file, line, what,
            strerror(errno));
    _exit(1);
}

int
world_guest_connect(const char *addr, uint16_t port, int type)
{
    struct sockaddr_in to = { .sin_family = AF_INET,
                              .sin_port = htons(port),
                              .sin_addr.s_addr = inet_addr(addr) };
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

    GUEST_CHECK(fd >= 0);
    if (connect(fd, (const struct sockaddr *)&to, sizeof(to)) == 0 ||
        errno == EINPROGRESS)
        return fd;
    int saved = errno;
    close(fd);
    return -saved;
}

/* Makes the link and passes its other end to netstack, as the supervisor would; says
 * what it cannot. Then is the command. */
static void G_GNUC_NORETURN
guest_main(const WorldConfig *config, int control_fd)
{
    int r;
    int link_fd;
    int wide_fd = -1;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    r = guest_link_unshare();
    link_fd = r < 0              ? r
              : config->use_veth ? guest_link_packet(&wide_fd)
                                 : guest_link_tap();
    if (link_fd < 0) {
        bns_ready_send(control_fd, BNS_READY_FAILED, strerror(-link_fd), -1);
        _exit(2);
    }
    if (wide_fd >= 0)
        bns_ready_send(control_fd, BNS_READY_WIDE, NULL, wide_fd);
    bns_ready_send(control_fd, config->use_veth ? BNS_READY_PACKET : BNS_READY_TAP,
                   NULL, link_fd);
    close(link_fd);
    bns_fd_clear(&wide_fd);
    config->guest();
    _exit(0);
}

/* --- netstack --- */

static bool
on_record(const BnsRecord *record, void *data)
{
    World *world = data;

    g_mutex_lock(&world->lock);
    g_ptr_array_add(world->records,
                    g_strdup_printf("%s %s %s %u %" G_GUINT64_FORMAT " %s",
                                    bns_event_name(record->event),
                                    record->host != NULL ? record->host : "-",
                                    record->addr != NULL ? record->addr : "-",
                                    record->port, record->count,
                                    record->reason != NULL ? record->reason : "-"));
    g_mutex_unlock(&world->lock);
    return true;
}

static gpointer
run_netstack(gpointer data)
{
    GError *error = NULL;

    bns_netstack_run(data, &error);
    return error;
}

static bool
start_netstack(World *world, const WorldConfig *config)
{
    g_autoptr(GError) error = NULL;
    const BnsNetstackConfig netstack = { .control_fd = world->control[1],
                                         .wire_fd = world->wire[1],
                                         .life_fd = world->life[0],
                                         .record = on_record,
                                         .record_data = world,
                                         .max_names = config->max_names,
                                         .max_flows = config->max_flows,
                                         .flow_rate = config->flow_rate,
                                         .socket_path = world->socket_path };

    world->netstack = bns_netstack_new(&netstack, &error);
    if (world->netstack == NULL) {
        g_assert_no_error(error);
        return false;
    }
    world->thread = g_thread_new("netstack", run_netstack, world->netstack);
    return true;
}

/* As the supervisor does: without an environment. */
static void G_GNUC_NORETURN
program_main(const World *world, const WorldConfig *config)
{
    char *const environment[] = { NULL };
    g_autofree char *control = g_strdup_printf("%d", world->control[1]);
    g_autofree char *wire = g_strdup_printf("%d", world->wire[1]);
    g_autofree char *recorder = g_strdup_printf("%d", world->recorder[1]);
    g_autofree char *life = g_strdup_printf("%d", world->life[0]);
    g_autofree char *names = g_strdup_printf("%zu", config->max_names);
    g_autofree char *flows = g_strdup_printf("%zu", config->max_flows);
    g_autofree char *rate = g_strdup_printf("%u", config->flow_rate);

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    bns_fd_keep_on_exec(world->control[1]);
    bns_fd_keep_on_exec(world->wire[1]);
    bns_fd_keep_on_exec(world->recorder[1]);
    bns_fd_keep_on_exec(world->life[0]);
    execle(config->program, config->program, control, wire, recorder, life, names,
           flows, rate, "3", "0", (char *)NULL, environment);
    _exit(127);
}

static bool
start_program(World *world, const WorldConfig *config)
{
    char text[BNS_READY_TEXT_MAX + 1] = "";
    int type;

    world->program = fork();
    if (world->program == 0)
        program_main(world, config);
    bns_fd_clear(&world->control[1]);
    bns_fd_clear(&world->wire[1]);
    bns_fd_clear(&world->recorder[1]);
    type = bns_ready_receive(world->control[0], text, NULL);
    if (type != BNS_READY_READY)
        g_error("the program is not ready: %d %s", type, text);
    return true;
}

/* The guest's word to the supervisor, passed on to netstack unless it is FAILED. */
static bool
pass_link_on(World *world)
{
    char text[BNS_READY_TEXT_MAX + 1];
    bns_autofd link_fd = -1;
    int type = bns_ready_receive(world->control[0], text, &link_fd);

    if (link_fd < 0) {
        g_autofree char *why = g_strdup_printf("no link: %s", text);

        bns_test_skip(why);
        return false;
    }
    /* The socket pair's other end is netstack's. */
    g_assert_cmpint(
        bns_ready_send(world->control[0], (BnsReadyType)type, NULL, link_fd), ==, 0);
    return type != BNS_READY_WIDE || pass_link_on(world);
}

World *
world_new(const WorldConfig *config)
{
    g_autoptr(World) world = g_new0(World, 1);

    world->guest = -1;
    world->program = -1;
    world->records = g_ptr_array_new_with_free_func(g_free);
    g_mutex_init(&world->lock);
    world->directory = g_dir_make_tmp("bns-tap-XXXXXX", NULL);
    world->socket_path = g_build_filename(world->directory, "flow", NULL);
    g_assert_cmpint(bns_fd_pair(world->control), ==, 0);
    g_assert_cmpint(bns_fd_pair(world->wire), ==, 0);
    g_assert_cmpint(bns_fd_pair(world->recorder), ==, 0);
    g_assert_cmpint(pipe2(world->life, O_CLOEXEC), ==, 0);
    world->wire_fd = world->wire[0];
    world->guest = fork();
    g_assert_cmpint(world->guest, >=, 0);
    if (world->guest == 0) {
        bns_fd_clear(&world->life[1]);
        guest_main(config, world->control[1]);
    }
    if (!pass_link_on(world) ||
        !(config->program != NULL ? start_program(world, config)
                                  : start_netstack(world, config)))
        return NULL;
    return g_steal_pointer(&world);
}

static void
end_process(pid_t *pid, bool must_be_content)
{
    int status = 0;

    if (*pid < 0)
        return;
    g_assert_cmpint(waitpid(*pid, &status, 0), ==, *pid);
    *pid = -1;
    if (must_be_content)
        g_assert_cmpint(status, ==, 0);
}

/* What the program sent to the recorder. */
static void
read_records(World *world)
{
    g_autofree uint8_t *bytes = g_malloc(1 + BNS_RECORD_MAX);
    BnsRecord record;
    ssize_t n;

    while ((n = bns_fd_receive(world->recorder[0], bytes, 1 + BNS_RECORD_MAX, NULL)) >
           0) {
        /* Behind the type of the recorder's protocol. */
        g_assert_true(bns_record_decode(bytes + 1, (size_t)n - 1, &record));
        on_record(&record, world);
    }
    g_assert_cmpint(n, ==, 0);
}

/* It tells nobody. */
void
world_await_no_flow(const World *world)
{
    while (bns_netstack_flows(world->netstack) > 0)
        g_usleep(1000);
}

void
world_end_session(World *world)
{
    g_autoptr(GError) error = NULL;

    end_process(&world->guest, true);
    bns_fd_clear(&world->life[1]);
    if (world->program >= 0) {
        end_process(&world->program, true);
        read_records(world);
        return;
    }
    error = g_thread_join(g_steal_pointer(&world->thread));
    g_assert_no_error(error);
}

GError *
world_join(World *world)
{
    GError *error = g_thread_join(g_steal_pointer(&world->thread));

    kill(world->guest, SIGKILL);
    end_process(&world->guest, false);
    return error;
}

void
world_free(World *world)
{
    if (world == NULL)
        return;
    g_assert_null(world->thread);
    bns_netstack_free(world->netstack);
    end_process(&world->guest, false);
    for (int i = 0; i < 2; i++) {
        bns_fd_clear(&world->control[i]);
        bns_fd_clear(&world->wire[i]);
        bns_fd_clear(&world->recorder[i]);
    }
    bns_fd_clear(&world->life[0]);
    g_unlink(world->socket_path);
    g_rmdir(world->directory);
    g_free(world->socket_path);
    g_free(world->directory);
    g_ptr_array_unref(world->records);
    g_mutex_clear(&world->lock);
    g_free(world);
}

bool
world_has_record(const World *world, const char *prefix)
{
    for (guint i = 0; i < world->records->len; i++)
        if (g_str_has_prefix(g_ptr_array_index(world->records, i), prefix))
            return true;
    return false;
}

/* --- the gateway --- */

BnsWire
world_receive(World *world, int *out_fd)
{
    BnsWire message;

    g_assert_cmpint(bns_wire_receive(world->wire_fd, &message, out_fd), ==, 1);
    if (*out_fd >= 0)
        g_assert_cmpint(bns_fd_set_nonblocking(*out_fd, false), ==, 0);
    return message;
}

BnsWire
world_expect(World *world, BnsWireType type, int *out_fd)
{
    int fd;
    BnsWire message = world_receive(world, &fd);

    g_assert_cmpint(message.type, ==, type);
    g_assert_cmpint(fd >= 0, ==, type == BNS_WIRE_STREAM);
    if (out_fd != NULL)
        *out_fd = fd;
    return message;
}

void
world_send(World *world, BnsWireType type, uint64_t flow, BnsWireVerdict verdict)
{
    const BnsWire message = { .type = (uint8_t)type,
                              .verdict = (uint8_t)verdict,
                              .flow = flow };

    g_assert_cmpint(bns_wire_send(world->wire_fd, &message, -1), ==, 0);
}

BnsWire
world_accept(World *world, int *out_fd)
{
    BnsWire offer = world_expect(world, BNS_WIRE_OFFER, NULL);

    world_send(world, BNS_WIRE_VERDICT, offer.flow, BNS_WIRE_ACCEPT);
    g_assert_cmpuint(world_expect(world, BNS_WIRE_STREAM, out_fd).flow, ==, offer.flow);
    return offer;
}
