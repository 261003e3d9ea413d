/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The helpers' side of the recorder: send a record, know that it is written. A helper
 * that has others to serve meanwhile uses audit/post.h.
 *
 * Plain C. A helper calls these from one thread. Once one of them has returned false the socket
 * is shut down and every later call is false too: an answer that comes too late cannot
 * be taken for that of the next record.
 */
#pragma once

#include "audit/record.h"

#include <stdbool.h>

/* Longest wait for the recorder in seconds. A write(2) to a healthy disk takes
 * microseconds, to a busy one perhaps seconds; what takes longer is not coming back, and
 * the helper must not hang with it. */
#define BNS_CLIENT_TIMEOUT_S 30

/**
 * bns_client_record:
 * @recorder_fd: this helper's SEQPACKET socket to the recorder, blocking or not
 *
 * Sends @record and waits until write(2) of its line has returned. One round trip, 10 to
 * 60 us. Returns: whether it is written; when not, the caller must refuse what it was
 * about to do, and the session ends.
 */
bool bns_client_record(int recorder_fd, const BnsRecord *record);

/* Sends @record without waiting for an answer: for what nothing depends on (the end of a
 * response, refusals). Waits only while the socket is full. Records of one helper keep
 * their order. Returns: false if the recorder is gone. */
bool bns_client_note(int recorder_fd, const BnsRecord *record);
