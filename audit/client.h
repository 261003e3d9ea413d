/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The helpers' side of the recorder: send a record, know that it is written.
 */
#pragma once

#include "audit/record.h"

#include <stdbool.h>

/**
 * bns_client_record:
 * @recorder_fd: this helper's SEQPACKET socket to the recorder
 *
 * Sends @record and waits until write(2) of its line has returned. One round trip, 10 to
 * 60 us. Returns: whether it is written; when not, the caller must refuse what it was
 * about to do, and the session ends.
 */
bool bns_client_record(int recorder_fd, const BnsRecord *record);

/* Sends @record without waiting: for what nothing depends on (the end of a response,
 * refusals). Records of one helper keep their order. Returns: false if the recorder is
 * gone. */
bool bns_client_note(int recorder_fd, const BnsRecord *record);
