/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line of an audit file as a record again.
 */
#pragma once

#include "audit/json_read.h"
#include "audit/record.h"

/**
 * bns_record_from_json:
 * @json: a line
 * @out_record: its strings are @json's; `argv` is left out
 *
 * Pure. A field of another kind than the writer's is absent. Returns: whether the line is
 *          of an event that this program knows, and its decision, if there is one, too
 */
bool bns_record_from_json(const BnsJson *json, BnsRecord *out_record);
