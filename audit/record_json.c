/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/record_json.h"

#include "audit/field.h"

#include <string.h>

static bool
read_event(const BnsJson *json, BnsEvent *out_event)
{
    const char *name = bns_json_text(json, "event");

    for (int event = 0; event < BNS_N_EVENTS; event++)
        if (g_strcmp0(name, bns_event_name((BnsEvent)event)) == 0) {
            *out_event = (BnsEvent)event;
            return true;
        }
    return false;
}

static bool
read_decision(const BnsJson *json, BnsDecided *out_decision)
{
    const char *name = bns_json_text(json, "decision");

    for (int decision = 0; decision < BNS_N_DECIDED; decision++)
        if (g_strcmp0(name, bns_decided_name((BnsDecided)decision)) == 0) {
            *out_decision = (BnsDecided)decision;
            return true;
        }
    return false;
}

static void
read_field(const BnsJson *object, const BnsField *field, BnsRecord *record)
{
    const char *text = bns_json_text(object, field->name);
    uint64_t number = 0;

    if (field->kind == BNS_FIELD_STRING) {
        bns_field_set_string(field, record, text);
        return;
    }
    if (field->kind == BNS_FIELD_COUNT) {
        if (text == NULL ||
            !g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT64, &number, NULL))
            return;
    } else if (!bns_json_number(object, field->name, &number)) {
        return;
    }
    bns_field_set_number(field, record, number);
}

bool
bns_record_from_json(const BnsJson *json, BnsRecord *out_record)
{
    const BnsJson *process = bns_json_member(json, "process", BNS_JSON_OBJECT);

    *out_record = (BnsRecord){ 0 };
    if (!read_event(json, &out_record->event) ||
        !read_decision(json, &out_record->decision))
        return false;
    for (size_t i = 0; i < BNS_N_FIELDS; i++) {
        const BnsField *field = &bns_fields[i];

        if (field->offset == offsetof(BnsRecord, argv))
            continue;
        if (!field->is_process)
            read_field(json, field, out_record);
        else if (process != NULL)
            read_field(process, field, out_record);
    }
    return true;
}
