/* SPDX-License-Identifier: Apache-2.0 */
/* A veth's link becomes wide while frames come: none is lost, and none overtakes. */
#include "netstack/tap/link.h"

#include "base/fd.h"
#include "netstack/tap/tap.h"
#include "tests/support/test.h"
#include "tests/tap/guest_link.h"

#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define N_FRAMES 20000
/* Fewer than any queue holds, so that none is lost for want of room. */
#define AHEAD 100
/* Of no protocol that anybody else in the namespace speaks. */
#define PROTOCOL 0x88b5

typedef struct {
    struct ether_header header;
    uint32_t number;
    char rest[60];
} Frame;

typedef struct {
    BnsLoop *loop;
    BnsLink *link;
    int sender_fd;
    atomic_uint got; /* 0 to got - 1 have come */
    bool has_gap;
    unsigned repeated;
} Run;

static void
on_frame(uint8_t *bytes, size_t len, void *data)
{
    Run *run = data;
    Frame frame;

    if (len != sizeof(frame))
        return; /* the kernel's own */
    memcpy(&frame, bytes, sizeof(frame));
    if (frame.header.ether_type != g_htons(PROTOCOL))
        return;
    if (frame.number > run->got)
        run->has_gap = true;
    else if (frame.number < run->got)
        run->repeated++;
    else
        run->got++;
}

static void
on_event(void *data)
{
}

static const BnsLinkHandler handler = {
    .on_frame = on_frame, .on_turn = on_event, .on_lost = on_event, .on_end = on_event
};

/* The command's side. */
static gpointer
send_frames(gpointer data)
{
    Run *run = data;
    Frame frame = { .header = { .ether_type = g_htons(PROTOCOL),
                                .ether_dhost = { 2, 0, 0, 0, 0, 1 } } };

    while (frame.number < N_FRAMES) {
        if (frame.number >= run->got + AHEAD ||
            send(run->sender_fd, &frame, sizeof(frame), 0) < 0) {
            g_thread_yield();
            continue;
        }
        frame.number++;
    }
    return NULL;
}

static int
open_sender(void)
{
    struct sockaddr_ll address = { .sll_family = AF_PACKET,
                                   .sll_ifindex = (int)if_nametoindex(BNS_TAP_NAME) };
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

    return bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 ? fd : -1;
}

/* Returns: NULL, or what is wrong. */
static const char *
follow(void)
{
    Run run = { .loop = bns_loop_new(), .sender_fd = -1 };
    int wide_fd = -1;
    int fd = guest_link_unshare() == 0 ? guest_link_packet(&wide_fd) : -1;
    GThread *sender;

    if (fd < 0)
        return "no link";
    run.sender_fd = open_sender();
    run.link = bns_link_new(run.loop, fd, wide_fd, &handler, &run, NULL);
    if (run.sender_fd < 0 || run.link == NULL)
        return "no ends";
    sender = g_thread_new("sender", send_frames, &run);
    while (run.got < N_FRAMES && !run.has_gap) {
        if (run.got >= N_FRAMES / 2)
            bns_link_widen(run.link);
        bns_loop_turn(run.loop, -1);
    }
    if (run.has_gap)
        return "a frame is missing";
    g_thread_join(sender);
    if (run.repeated > AHEAD)
        return "too many frames came twice";
    bns_link_free(run.link);
    bns_loop_free(run.loop);
    return NULL;
}

static void
test_nothing_lost(void)
{
    pid_t pid;
    int status;

    if (!bns_test_can_unshare()) {
        bns_test_skip("user namespaces are off here");
        return;
    }
    pid = fork();
    if (pid == 0) {
        const char *wrong;

        prctl(PR_SET_PDEATHSIG, SIGKILL); /* the watchdog is the parent's */
        wrong = follow();

        if (wrong != NULL)
            fprintf(stderr, "# %s\n", wrong);
        _exit(wrong != NULL);
    }
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    g_assert_cmpint(status, ==, 0);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    bns_test_add("/tap/link/nothing-is-lost-as-it-becomes-wide", test_nothing_lost);
    return g_test_run();
}
