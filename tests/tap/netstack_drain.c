/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole netstack when the command has ended: when does nothing wait in it any more?
 */
#include "base/fd.h"
#include "base/ready.h"
#include "tests/support/test.h"
#include "tests/tap/world.h"

#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SERVER "93.184.216.34"
/* Within what libslirp and a stream hold: the guest's kernel can deliver it. */
#define SAID_BYTES 150000

static World *
new_world(gconstpointer use_veth, void (*guest)(void))
{
    const WorldConfig config = { .use_veth = use_veth != NULL,
                                 .max_names = 100,
                                 .max_flows = 1000,
                                 .guest = guest };

    return world_new(&config);
}

static void
ask(World *world)
{
    g_assert_cmpint(bns_ready_send(world->control[0], BNS_READY_DRAIN, NULL, -1), ==,
                    0);
}

static int
hear(World *world)
{
    char text[BNS_READY_TEXT_MAX + 1];

    return bns_ready_receive(world->control[0], text, NULL);
}

/* Frames of the guest's own kernel may be on their way. */
static void
hear_drained(World *world)
{
    int said;

    while ((said = hear(world)) == BNS_READY_DRAINING)
        ;
    g_assert_cmpint(said, ==, BNS_READY_DRAINED);
}

static void
guest_of_nothing(void)
{
}

static void
test_nothing(gconstpointer use_veth)
{
    g_autoptr(World) world = new_world(use_veth, guest_of_nothing);

    if (world == NULL)
        return;
    ask(world);
    hear_drained(world);
    world_end_session(world);
}

/* As init does, it waits until its kernel has delivered what was said. */
static void
guest_of_much(void)
{
    static const struct timespec moment = { .tv_nsec = 1000 * 1000 };
    static char bytes[SAID_BYTES];
    int fd = world_guest_connect(SERVER, 80, SOCK_STREAM);
    int left = 1;

    GUEST_CHECK(fd >= 0);
    GUEST_CHECK(bns_fd_write_all(fd, bytes, sizeof(bytes)) == 0);
    GUEST_CHECK(shutdown(fd, SHUT_WR) == 0);
    while (left > 0) {
        GUEST_CHECK(ioctl(fd, SIOCOUTQ, &left) == 0);
        nanosleep(&moment, NULL);
    }
}

/* The guest is dead, and its network with it; what it said is read afterwards. */
static void
test_much(gconstpointer use_veth)
{
    g_autoptr(World) world = new_world(use_veth, guest_of_much);
    g_autofree char *bytes = g_malloc(SAID_BYTES);
    bns_autofd fd = -1;
    siginfo_t info;

    if (world == NULL)
        return;
    world_accept(world, &fd);
    g_assert_cmpint(waitid(P_PID, (id_t)world->guest, &info, WEXITED | WNOWAIT), ==, 0);
    ask(world);
    g_assert_cmpint(hear(world), ==, BNS_READY_DRAINING);
    g_assert_cmpint(recv(fd, bytes, SAID_BYTES - 1, MSG_WAITALL), ==, SAID_BYTES - 1);
    g_assert_cmpint(recv(fd, bytes, 2, MSG_WAITALL), ==, 1); /* and the end */
    hear_drained(world);
    world_end_session(world);
}

static void
add_for_both(const char *name, void (*func)(gconstpointer))
{
    g_autofree char *tap = g_strdup_printf("/tap/drain/tap/%s", name);
    g_autofree char *veth = g_strdup_printf("/tap/drain/veth/%s", name);

    bns_test_add_data(tap, NULL, func);
    bns_test_add_data(veth, "veth", func);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    add_for_both("nothing-waits", test_nothing);
    add_for_both("what-the-dead-have-said", test_much);
    return g_test_run();
}
