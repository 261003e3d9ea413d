/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole netstack for tests: a real kernel's TCP on one side of it, in namespaces of a
 * child process, and the test in the place of gateway, supervisor and recorder.
 */
#pragma once

#include "netstack/tap/netstack.h"
#include "netstack/wire.h"

#include <glib.h>
#include <sys/types.h>

/* In the guest's process: ends it with a message unless @what holds. */
#define GUEST_CHECK(what)                                                              \
    do {                                                                               \
        if (!(what))                                                                   \
            world_guest_fail(__FILE__, __LINE__, #what);                               \
    } while (0)

typedef struct {
    const char *program; /* run this boundary-ns-netstack instead of a thread of ours */
    bool use_veth;
    size_t max_names;
    size_t max_flows;
    uint32_t flow_rate;
    void (*guest)(void); /* the command; plain C, returns when it is content */
} WorldConfig;

typedef struct {
    int wire_fd;           /* the gateway's end, blocking */
    BnsNetstack *netstack; /* NULL with a program */
    GPtrArray *records; /* of owned text "event host addr port count reason"; read them
                         * after world_end_session() */
    /* The rest is world.c's own. */
    int control[2];
    int wire[2];
    int life[2];
    GThread *thread;
    pid_t program;
    pid_t guest;
    int recorder[2];
    GMutex lock;
    char *directory;
    char *socket_path;
} World;

/* Returns: NULL after bns_test_skip() where there can be no link. */
World *world_new(const WorldConfig *config);

/* Waits until a netstack of ours holds no flow. */
void world_await_no_flow(const World *world);

/* Waits until the guest is content, ends the session, and waits for netstack, which must
 * end well. */
void world_end_session(World *world);
/* Waits until netstack ends by itself. Returns: (transfer full) (nullable): why; also
 * ends the guest. */
GError *world_join(World *world);
void world_free(World *world);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(World, world_free)

/* Whether a record begins with @prefix. */
bool world_has_record(const World *world, const char *prefix);

/* The next message of netstack; fails the test at the end of the stream. */
BnsWire world_receive(World *world, int *out_fd);
/* The same, which must be of @type and, for STREAM, comes with a blocking descriptor. */
BnsWire world_expect(World *world, BnsWireType type, int *out_fd);
void world_send(World *world, BnsWireType type, uint64_t flow, BnsWireVerdict verdict);
/* Accepts the next offer, and expects its stream. Returns: the offer. */
BnsWire world_accept(World *world, int *out_fd);

/* In the guest. */
void world_guest_fail(const char *file, int line, const char *what) G_GNUC_NORETURN;
/* Connects; a descriptor or -errno. */
int world_guest_connect(const char *addr, uint16_t port, int type);
