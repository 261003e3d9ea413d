/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/doctor.h"

#include "tests/support/test.h"

#include <errno.h>
#include <string.h>

static const BnsFacts ordinary = { .apparmor_restricts = -1,
                                   .userns_clone = -1,
                                   .max_user_namespaces = 9999,
                                   .selinux_enforces = -1 };

static const BnsFinding *
find(const GPtrArray *findings, const char *name)
{
    for (guint i = 0; i < findings->len; i++) {
        const BnsFinding *finding = g_ptr_array_index(findings, i);

        if (strcmp(finding->name, name) == 0)
            return finding;
    }
    g_error("there is no finding \"%s\"", name);
}

static void
test_all_works(void)
{
    BnsProbe probe = { .tun_error = EACCES };
    g_autoptr(GPtrArray) findings = bns_doctor_findings(&probe, &ordinary);

    for (guint i = 0; i < findings->len; i++) {
        const BnsFinding *finding = g_ptr_array_index(findings, i);

        g_assert_cmpint(finding->state, ==, BNS_FINDING_OK);
        g_assert_cmpstr(finding->fix, ==, "");
    }
    g_assert_cmpstr(find(findings, "network link")->text, ==,
                    "veth devices, as /dev/net/tun cannot be used: Permission denied");
}

static void
test_cause_and_setting(void)
{
    BnsFacts facts = ordinary;
    BnsProbe probe = { .errors = { [BNS_STEP_ID_MAP] = EPERM,
                                   [BNS_STEP_NAMESPACES] = -1,
                                   [BNS_STEP_SECCOMP] = -1 } };
    g_autoptr(GPtrArray) findings = NULL;
    const BnsFinding *finding;

    facts.apparmor_restricts = 1;
    findings = bns_doctor_findings(&probe, &facts);
    finding = find(findings, "user map");
    g_assert_cmpint(finding->state, ==, BNS_FINDING_MISSING);
    g_assert_true(g_str_has_prefix(finding->text, "AppArmor "));
    g_assert_nonnull(strstr(finding->fix, "apparmor_restrict_unprivileged_userns=0"));
    finding = find(findings, "kernel.apparmor_restrict_unprivileged_userns");
    g_assert_cmpint(finding->state, ==, BNS_FINDING_MISSING);
    g_assert_cmpstr(finding->text, ==, "1");
    g_assert_cmpint(find(findings, "user namespace")->state, ==, BNS_FINDING_OK);
    g_assert_cmpstr(find(findings, "system call filter")->text, ==, "not reached");
}

static void
test_harmless_setting(void)
{
    BnsFacts facts = ordinary;
    BnsProbe probe = { 0 };
    g_autoptr(GPtrArray) findings = NULL;

    /* The same value does no harm where every step works. */
    facts.apparmor_restricts = 1;
    findings = bns_doctor_findings(&probe, &facts);
    g_assert_cmpint(
        find(findings, "kernel.apparmor_restrict_unprivileged_userns")->state, ==,
        BNS_FINDING_OK);
}

static void
test_output(void)
{
    char sample[] = "a \"b\"";
    BnsFinding missing = { "x", BNS_FINDING_MISSING, sample, "do y" };
    BnsFinding good = { "z", BNS_FINDING_OK, sample, "" };
    g_autoptr(GPtrArray) findings = g_ptr_array_new();
    g_autofree char *text = NULL;
    g_autofree char *json = NULL;

    g_ptr_array_add(findings, &missing);
    g_ptr_array_add(findings, &good);
    text = bns_doctor_text(findings);
    json = bns_doctor_json(findings);
    g_assert_cmpstr(text, ==,
                    "missing  x: a \"b\"\n         fix: do y\nok       z: a \"b\"\n");
    g_assert_cmpstr(json, ==,
                    "[\n{\"name\":\"x\",\"state\":\"missing\",\"text\":\"a "
                    "\\\"b\\\"\",\"fix\":\"do y\"},\n"
                    "{\"name\":\"z\",\"state\":\"ok\",\"text\":\"a \\\"b\\\"\"}\n]\n");
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    bns_test_add("/sandbox/doctor/all-works", test_all_works);
    bns_test_add("/sandbox/doctor/the-cause-names-its-setting", test_cause_and_setting);
    bns_test_add("/sandbox/doctor/a-setting-that-does-no-harm-is-ok",
                 test_harmless_setting);
    bns_test_add("/sandbox/doctor/text-and-json-say-the-same", test_output);
    return g_test_run();
}
