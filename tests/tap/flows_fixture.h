/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A flow table for tests, and what happens to it in one call each. The flow of the last
 * event is in Fixture.flow. All flows go to the same place from different ports.
 */
#pragma once

#include "netstack/tap/flows.h"

#define ISN     1000u
#define BACKEND 9

typedef struct {
    BnsFlows *flows;
    int64_t now_us;
    BnsFlow flow;
} Fixture;

Fixture flows_fixture_new(size_t max);
Fixture flows_fixture_new_with_rate(size_t max, uint32_t per_second);
void flows_fixture_clear(Fixture *f);

/* Each returns the actions. */
BnsFrame flows_frame_of(uint16_t guest_port);
unsigned flows_syn(Fixture *f, uint16_t guest_port, uint32_t isn);
unsigned flows_segment(
    Fixture *f, uint16_t guest_port, uint8_t flags, uint32_t seq, uint32_t ack);
unsigned flows_message(Fixture *f, uint64_t id, BnsWireType type, BnsWireVerdict what);
unsigned flows_verdict(Fixture *f, uint64_t id, BnsWireVerdict what);
unsigned flows_closed(Fixture *f, uint64_t id);
unsigned flows_gone(Fixture *f, uint16_t guest_port);
void flows_our_fin(Fixture *f, uint16_t guest_port, uint32_t end);

/* Expires all that is due. Returns: their number; the last one's actions. */
unsigned flows_expire(Fixture *f, unsigned *out_actions);

/* Brings a new flow to HANDSHAKE, or on to OPEN. Returns: its id. */
uint64_t flows_handshake(Fixture *f, uint16_t guest_port);
uint64_t flows_opened(Fixture *f, uint16_t guest_port);
