/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Endpoint: the parts of NAME:PORT:ADDR[:PORT] and [ADDR:]PORT[:PORT] on the command
 * line. Pure; each function takes its part from *@at and moves it on.
 */
#pragma once

#include "policy/host.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* Takes a host, in brackets or up to the next colon. */
bool bns_endpoint_take_host(const char **at, BnsHost *out_host);
/* Takes a port in decimal, from 1 or, if @may_be_zero, from 0. */
bool bns_endpoint_take_port(const char **at, bool may_be_zero, uint16_t *out_port);
/* Takes @byte. */
bool bns_endpoint_take_byte(const char **at, char byte);

/**
 * bns_endpoint_take_address:
 * @out_address: port 0; AF_UNSPEC if there is none
 *
 * Takes "ADDR:", if there is one: IPv4, or IPv6 in brackets. Returns: false if what is
 * there instead is neither an address nor the beginning of a port.
 */
bool bns_endpoint_take_address(const char **at, struct sockaddr_storage *out_address);

/* Returns: whether @host is an address; then it is written with @port. */
bool
bns_endpoint_set(struct sockaddr_storage *address, const BnsHost *host, uint16_t port);
void bns_endpoint_set_port(struct sockaddr_storage *address, uint16_t port);
uint16_t bns_endpoint_port(const struct sockaddr_storage *address);
socklen_t bns_endpoint_len(const struct sockaddr_storage *address);
/* Whether it is in 127.0.0.0/8 or ::1. */
bool bns_endpoint_is_loopback(const struct sockaddr_storage *address);
/* Returns: (transfer full): the address without its port, IPv6 in brackets. */
char *bns_endpoint_text(const struct sockaddr_storage *address);
