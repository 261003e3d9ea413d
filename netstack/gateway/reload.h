/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reload: another policy for a gateway that runs.
 *
 * The supervisor, who may read files, has made it once already, and passes on what it was
 * made of (policy/texts.h). From then on it decides: the next request, the next flow, the
 * next address that is dialled. Requests under way finish. What is not decided request by
 * request (opaque and sealed flows, WebSockets) is decided again, and reset if it is no
 * longer allowed.
 *
 * Limits, and the certificates that rules name, stay those of the start.
 *
 * Nothing else happens while the policy is made, which takes milliseconds for a file of a
 * thousand rules: in between there would be two policies. The supervisor does not send one
 * that makes none, and waits until the files are quiet.
 */
#pragma once

#include "netstack/gateway/engine.h"

/* What a flow that was reset for it has in its last record. */
#define BNS_RELOAD_ERROR "the policy no longer allows it"

/**
 * bns_engine_reload:
 * @packed: bns_policy_texts_pack()
 * @reason: for the record policy.reload, which comes before any decision by the new policy
 * @out_n_reset: flows and streams that were reset
 *
 * Returns: false if the engine has failed: what the supervisor could read makes a policy.
 */
bool bns_engine_reload(BnsEngine *engine,
                       GBytes *packed,
                       const char *reason,
                       guint *out_n_reset);

/* The message POLICY (base/ready.h): reads @fd, reloads, and answers on the control
 * socket. */
void bns_engine_on_policy(BnsEngine *engine, const char *reason, int fd);
