/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/doctor.h"

#include "audit/json.h"
#include "sandbox/doctor_host.h"

#include <stdio.h>
#include <string.h>

static const char *
state_name(BnsFindingState state)
{
    static const char *const names[] = {
        [BNS_FINDING_OK] = "ok",
        [BNS_FINDING_REDUCED] = "reduced",
        [BNS_FINDING_MISSING] = "missing",
    };
    G_STATIC_ASSERT(G_N_ELEMENTS(names) == BNS_N_FINDINGS);

    return names[state];
}

static void
finding_free(void *data)
{
    BnsFinding *finding = data;

    g_free(finding->text);
    g_free(finding);
}

void
bns_doctor_add(GPtrArray *findings,
               const char *name,
               BnsFindingState state,
               const char *fix,
               const char *format,
               ...)
{
    BnsFinding *finding = g_new0(BnsFinding, 1);
    va_list args;

    finding->name = name;
    finding->state = state;
    finding->fix = fix;
    va_start(args, format);
    finding->text = g_strdup_vprintf(format, args);
    va_end(args);
    g_ptr_array_add(findings, finding);
}

/* --- steps --- */

static void
add_working_step(GPtrArray *findings, const BnsProbe *probe, BnsProbeStep step)
{
    const char *name = bns_probe_step_name(step);

    if (step != BNS_STEP_LINK)
        bns_doctor_add(findings, name, BNS_FINDING_OK, "", "works");
    else if (probe->tun_error == 0)
        bns_doctor_add(findings, name, BNS_FINDING_OK, "", "tap device (/dev/net/tun)");
    else
        bns_doctor_add(findings, name, BNS_FINDING_OK, "",
                       "veth devices, as /dev/net/tun cannot be used: %s",
                       g_strerror(probe->tun_error));
}

static void
add_steps(GPtrArray *findings, const BnsProbe *probe, const BnsCause *cause)
{
    BnsProbeStep first = bns_probe_first_failure(probe);

    for (BnsProbeStep step = 0; step < BNS_N_STEPS; step++) {
        const char *name = bns_probe_step_name(step);
        int error = probe->errors[step];

        if (error == 0)
            add_working_step(findings, probe, step);
        else if (step == first)
            bns_doctor_add(findings, name, BNS_FINDING_MISSING, cause->fix, "%s (%s)",
                           cause->cause, g_strerror(error));
        else if (error < 0)
            bns_doctor_add(findings, name, BNS_FINDING_MISSING, "", "not reached");
        else
            bns_doctor_add(findings, name, BNS_FINDING_MISSING, "", "%s",
                           g_strerror(error));
    }
}

/* --- settings --- */

/* A setting is bad only where it is the cause of what failed: the same value may be
 * harmless to this program or this user. */
static void
add_setting(GPtrArray *findings,
            const BnsCause *cause,
            const char *cause_name,
            const char *name,
            const char *text)
{
    bool is_cause = cause != NULL && strcmp(cause->name, cause_name) == 0;

    bns_doctor_add(findings, name, is_cause ? BNS_FINDING_MISSING : BNS_FINDING_OK,
                   is_cause ? cause->fix : "", "%s", text);
}

static void
add_number(GPtrArray *findings,
           const BnsCause *cause,
           const char *cause_name,
           const char *name,
           long value)
{
    g_autofree char *text =
        value < 0 ? g_strdup("not on this kernel") : g_strdup_printf("%ld", value);

    add_setting(findings, cause, cause_name, name, text);
}

static void
add_settings(GPtrArray *findings, const BnsFacts *facts, const BnsCause *cause)
{
    add_number(findings, cause, "max-user-namespaces", "user.max_user_namespaces",
               facts->max_user_namespaces);
    add_number(findings, cause, "userns-clone", "kernel.unprivileged_userns_clone",
               facts->userns_clone);
    add_number(findings, cause, "apparmor",
               "kernel.apparmor_restrict_unprivileged_userns",
               facts->apparmor_restricts);
    add_number(findings, cause, "selinux", "SELinux enforcing",
               facts->selinux_enforces);
    add_setting(findings, cause, "container", "container",
                facts->is_container ? "yes" : "no");
    add_setting(findings, cause, "seccomp", "system call filter of the caller",
                facts->seccomp_mode == 2 ? "yes" : "no");
    add_setting(findings, cause, "masked-proc", "masked /proc",
                facts->has_masked_proc ? "yes" : "no");
    add_setting(findings, cause, "wsl1", "WSL1", facts->is_wsl1 ? "yes" : "no");
}

GPtrArray *
bns_doctor_findings(const BnsProbe *probe, const BnsFacts *facts)
{
    GPtrArray *findings = g_ptr_array_new_with_free_func(finding_free);
    const BnsCause *cause = bns_probe_cause(probe, facts);

    add_steps(findings, probe, cause);
    add_settings(findings, facts, cause);
    return findings;
}

/* --- output --- */

char *
bns_doctor_text(const GPtrArray *findings)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < findings->len; i++) {
        const BnsFinding *finding = g_ptr_array_index(findings, i);

        g_string_append_printf(text, "%-8s %s: %s\n", state_name(finding->state),
                               finding->name, finding->text);
        if (finding->fix[0] != '\0')
            g_string_append_printf(text, "         fix: %s\n", finding->fix);
    }
    return g_string_free(text, FALSE);
}

static void
append_member(GString *text, const char *name, const char *value)
{
    bns_json_append_string(text, name);
    g_string_append_c(text, ':');
    bns_json_append_string(text, value);
}

char *
bns_doctor_json(const GPtrArray *findings)
{
    GString *text = g_string_new("[");

    for (guint i = 0; i < findings->len; i++) {
        const BnsFinding *finding = g_ptr_array_index(findings, i);

        g_string_append(text, i == 0 ? "\n{" : ",\n{");
        append_member(text, "name", finding->name);
        g_string_append_c(text, ',');
        append_member(text, "state", state_name(finding->state));
        g_string_append_c(text, ',');
        append_member(text, "text", finding->text);
        if (finding->fix[0] != '\0') {
            g_string_append_c(text, ',');
            append_member(text, "fix", finding->fix);
        }
        g_string_append_c(text, '}');
    }
    g_string_append(text, "\n]\n");
    return g_string_free(text, FALSE);
}

static bool
is_missing_something(const GPtrArray *findings)
{
    for (guint i = 0; i < findings->len; i++)
        if (((const BnsFinding *)g_ptr_array_index(findings, i))->state ==
            BNS_FINDING_MISSING)
            return true;
    return false;
}

int
bns_doctor(const BnsOptions *options)
{
    g_autoptr(GPtrArray) findings = NULL;
    g_autofree char *text = NULL;
    BnsFacts facts;
    BnsProbe probe;
    bool is_missing;

    bns_probe_run(&probe);
    bns_facts_read("", &facts);
    findings = bns_doctor_findings(&probe, &facts);
    bns_doctor_add_host(findings);
    text = options->json ? bns_doctor_json(findings) : bns_doctor_text(findings);
    is_missing = is_missing_something(findings);
    fputs(text, stdout);
    if (!options->json)
        puts(is_missing
                 ? "This machine cannot run boundary-ns yet: see what is missing."
                 : "This machine can run boundary-ns.");
    return is_missing ? 1 : 0;
}
