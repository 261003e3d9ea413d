/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The descriptors that libslirp wants polled, as an epoll set.
 *
 * libslirp names all of them before each wait; with thousands of idle flows a poll(2)
 * of that list is where the time goes. Here only what changed since the last time is told
 * to the kernel. Several libslirps share the set: each has a part of it. Numbers go past
 * 1,024: nothing may be an fd_set.
 */
#pragma once

#include <glib.h>
#include <stdint.h>

typedef struct BnsSlirpPoll BnsSlirpPoll;
typedef struct BnsSlirpPart BnsSlirpPart;

/* Aborts only if epoll_create1(2) fails. */
BnsSlirpPoll *bns_slirp_poll_new(void);
/* All parts must have been freed. */
void bns_slirp_poll_free(BnsSlirpPoll *poll);

/* Readable while something is ready; borrowed. */
int bns_slirp_poll_fd(const BnsSlirpPoll *poll);

/* @poll: borrowed, outlives the part; @owner: for bns_slirp_poll_collect() */
BnsSlirpPart *bns_slirp_part_new(BnsSlirpPoll *poll, void *owner);
void bns_slirp_part_free(BnsSlirpPart *part);

/* One round: begin, add each descriptor with SLIRP_POLL_* events, commit. What was not
 * added is not polled any more, not even for errors: an idle one whose peer is gone
 * would be ready for ever. */
void bns_slirp_part_begin(BnsSlirpPart *part);
void bns_slirp_part_add(BnsSlirpPart *part, int fd, int events);
void bns_slirp_part_commit(BnsSlirpPart *part);

/* How many wait to be written to. Looks at all of them. */
size_t bns_slirp_poll_writing(const BnsSlirpPoll *poll);
/* How many were taken that could be written to: changes whenever one was. */
uint32_t bns_slirp_poll_written(const BnsSlirpPoll *poll);

/* @fd is about to be closed. */
void bns_slirp_poll_forget(BnsSlirpPoll *poll, int fd);

/* Asks the kernel, without waiting, what is ready; tells the owner of each. */
void bns_slirp_poll_collect(BnsSlirpPoll *poll, void (*on_ready)(void *owner));
/* Returns: SLIRP_POLL_* as of the last collect; each is reported once. */
int bns_slirp_poll_take(BnsSlirpPoll *poll, int fd);
