/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Devices: a /dev with what every program expects and nothing that leads out.
 *
 * Plain C.
 */
#pragma once

#include "sandbox/fault.h"

/**
 * bns_devices_mount:
 *
 * Covers /dev: null, zero, full, random, urandom and tty of the host; pts and mqueue of
 * our own, and a place for shm (sandbox/socket_masks.h); the usual links. The directory
 * itself is read-only.
 */
bool bns_devices_mount(BnsFault *fault);
