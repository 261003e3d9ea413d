/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counting decisions, for session.end and for the summary that a person sees.
 *
 * One thing that the command tried counts once: http.request, tcp.open and flow.refused
 * count by their decision. A refused
 * tls.open does not, since the request inside it is refused and recorded in its turn;
 * neither do names, UDP and errors.
 */
#pragma once

#include "audit/record.h"

typedef struct BnsTally BnsTally;

/* Destinations that are told apart. What was refused first is kept; the numbers of those
 * beyond are in `denied` only. */
#define BNS_TALLY_DESTINATIONS_MAX 1024

BnsTally *bns_tally_new(void);
void bns_tally_free(BnsTally *tally);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsTally, bns_tally_free)

void bns_tally_add(BnsTally *tally, const BnsRecord *record);

uint64_t bns_tally_allowed(const BnsTally *tally);
uint64_t bns_tally_denied(const BnsTally *tally);
/* Let through, since the policy observes. */
uint64_t bns_tally_would_deny(const BnsTally *tally);

/* Returns: (transfer full): SUMMARY's text (audit/recorder.h), shorter than
 * BNS_READY_TEXT_MAX. */
char *bns_tally_summary(const BnsTally *tally);
