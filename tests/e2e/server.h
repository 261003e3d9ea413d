/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Server: accepts TCP connections on loopback and serves them with a test's function,
 * one after the other, in a thread of its own.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct Server Server;

/* Serves one connection; @fd is closed afterwards. */
typedef void (*ServerFunc)(int fd, void *data);

/* On 127.0.0.1, port chosen by the kernel. */
Server *server_new(ServerFunc serve, void *data);
/* Closes; ends a connection that is being served. */
void server_free(Server *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Server, server_free)

/* Its later connections take some KiB of what is not read, and make the peer's kernel
 * keep no more than tens of them. */
void server_make_narrow(Server *server);

uint16_t server_port(const Server *server);
unsigned server_connections(Server *server);
/* Waits until so many connections were served to their end. */
void server_await_served(Server *server, unsigned n);

/* A port on which nobody listens: of a socket that is bound, and stays so. */
typedef struct {
    int fd;
    uint16_t port;
} ClosedPort;

ClosedPort closed_port_new(void);
void closed_port_clear(ClosedPort *closed);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ClosedPort, closed_port_clear)

/* --- for the functions --- */

bool server_say(int fd, const char *text);
/* Reads until @text came. Returns: whether it did before the end. */
bool server_await(int fd, const char *text);
/* Reads to the end. Returns: how many bytes came. */
uint64_t server_drain(int fd);
/* The end of the connection is to be an RST. */
void server_break(int fd);
