/* SPDX-License-Identifier: Apache-2.0 */
/* boundary-ns-scope, and what it asks a systemd of ours for. */
#include "tests/support/test.h"

#include <gio/gio.h>
#include <string.h>
#include <unistd.h>

#define JOB       "/org/freedesktop/systemd1/job/7"
#define OTHER_JOB "/org/freedesktop/systemd1/job/6"

typedef struct {
    const char *name;
    const char *early; /* how our job ends before it is answered, or NULL */
    const char *late;  /* and after that */
    bool is_refused;   /* the call fails */
    int status;
    const char *output;
} Case;

static const Case cases[] = {
    { "done", NULL, "done", false, 0, "" },
    { "done-before-the-answer", "done", NULL, false, 0, "" },
    { "failed", NULL, "failed", false, 1, "the scope's job: failed\n" },
    { "refused", NULL, NULL, true, 1,
      "GDBus.Error:org.freedesktop.DBus.Error.AccessDenied: not for you\n" },
};

typedef struct {
    const Case *row;
    GDBusConnection *bus; /* owned; NULL: nobody came */
    char *asked;          /* owned; the call's arguments */
} Systemd;

static void
end_job(GDBusConnection *bus, const char *job, const char *result)
{
    g_assert_true(g_dbus_connection_emit_signal(
        bus, NULL, "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager",
        "JobRemoved", g_variant_new("(uoss)", 7, job, "some.scope", result), NULL));
}

static void
on_call(GDBusConnection *bus,
        const char *sender,
        const char *path,
        const char *interface,
        const char *method,
        GVariant *arguments,
        GDBusMethodInvocation *invocation,
        void *data)
{
    Systemd *systemd = data;

    systemd->asked = g_variant_print(arguments, FALSE);
    if (systemd->row->is_refused) {
        g_dbus_method_invocation_return_dbus_error(
            invocation, "org.freedesktop.DBus.Error.AccessDenied", "not for you");
        return;
    }
    if (systemd->row->early != NULL)
        end_job(bus, JOB, systemd->row->early);
    g_dbus_method_invocation_return_value(invocation, g_variant_new("(o)", JOB));
    if (systemd->row->late == NULL)
        return;
    end_job(bus, OTHER_JOB, "canceled");
    end_job(bus, JOB, systemd->row->late);
}

static gboolean
on_connection(GDBusServer *server, GDBusConnection *bus, void *data)
{
    static const GDBusInterfaceVTable table = { .method_call = on_call };
    static const char xml[] =
        "<node><interface name='org.freedesktop.systemd1.Manager'>"
        "<method name='StartTransientUnit'><arg type='s' direction='in'/>"
        "<arg type='s' direction='in'/><arg type='a(sv)' direction='in'/>"
        "<arg type='a(sa(sv))' direction='in'/><arg type='o' direction='out'/></method>"
        "</interface></node>";
    Systemd *systemd = data;
    GDBusNodeInfo *node = g_dbus_node_info_new_for_xml(xml, NULL);

    systemd->bus = g_object_ref(bus);
    g_assert_cmpuint(g_dbus_connection_register_object(bus, "/org/freedesktop/systemd1",
                                                       node->interfaces[0], &table,
                                                       data, NULL, NULL),
                     !=, 0);
    g_dbus_node_info_unref(node);
    return TRUE;
}

static void
on_end(GObject *process, GAsyncResult *result, void *data)
{
    char **out_output = data;

    g_assert_true(g_subprocess_communicate_utf8_finish(G_SUBPROCESS(process), result,
                                                       out_output, NULL, NULL));
}

static void
test_case(const void *data)
{
    Systemd systemd = { .row = data };
    g_autofree char *dir = g_dir_make_tmp("scope-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "a socket", NULL);
    g_autofree char *escaped = g_dbus_address_escape_value(path);
    g_autofree char *address = g_strconcat("unix:path=", escaped, NULL);
    g_autofree char *guid = g_dbus_generate_guid();
    g_autofree char *output = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(GSubprocess) process = NULL;
    g_autoptr(GDBusServer) server = g_dbus_server_new_sync(
        address, G_DBUS_SERVER_FLAGS_NONE, guid, NULL, NULL, &error);

    g_assert_no_error(error);
    g_signal_connect(server, "new-connection", G_CALLBACK(on_connection), &systemd);
    g_dbus_server_start(server);
    process = g_subprocess_new(G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error,
                               g_getenv("BNS_SCOPE"), path, "4321", NULL);
    g_assert_no_error(error);
    g_subprocess_communicate_utf8_async(process, NULL, NULL, on_end, &output);
    while (output == NULL)
        g_main_context_iteration(NULL, TRUE);
    g_assert_cmpstr(output, ==, systemd.row->output);
    g_assert_cmpint(g_subprocess_get_exit_status(process), ==, systemd.row->status);
    g_assert_nonnull(strstr(systemd.asked, "('boundary-ns-4321-"));
    g_assert_nonnull(strstr(systemd.asked, ".scope', 'fail', "));
    g_assert_nonnull(strstr(systemd.asked, "('PIDs', <[uint32 4321]>)"));
    g_assert_nonnull(
        strstr(systemd.asked, "('DelegateControllers', <['memory', 'pids']>)"));
    g_dbus_server_stop(server);
    g_clear_object(&systemd.bus);
    g_free(systemd.asked);
    unlink(path);
    rmdir(dir);
}

static void
test_nobody_listens(void)
{
    g_autoptr(GSubprocess) process =
        g_subprocess_new(G_SUBPROCESS_FLAGS_STDOUT_PIPE, NULL, g_getenv("BNS_SCOPE"),
                         "/nowhere/at/all", "1", NULL);
    g_autofree char *output = NULL;

    g_assert_true(
        g_subprocess_communicate_utf8(process, NULL, NULL, &output, NULL, NULL));
    g_assert_true(g_str_has_prefix(output, "Could not connect"));
    g_assert_cmpint(g_subprocess_get_exit_status(process), ==, 1);
}

static void
test_bad_words(void)
{
    static const char *const pids[] = { "0", "-1", "x", "", "4294967296" };

    for (size_t i = 0; i < G_N_ELEMENTS(pids); i++) {
        g_autoptr(GSubprocess) process =
            g_subprocess_new(G_SUBPROCESS_FLAGS_STDERR_PIPE, NULL,
                             g_getenv("BNS_SCOPE"), "/nowhere", pids[i], NULL);
        g_autofree char *complaint = NULL;

        g_assert_true(
            g_subprocess_communicate_utf8(process, NULL, NULL, NULL, &complaint, NULL));
        g_assert_true(g_str_has_prefix(complaint, "usage: "));
        g_assert_cmpint(g_subprocess_get_exit_status(process), ==, 1);
    }
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 30);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/sandbox/scope/", cases[i].name, NULL);

        g_test_add_data_func(path, &cases[i], test_case);
    }
    g_test_add_func("/sandbox/scope/nobody-listens", test_nobody_listens);
    g_test_add_func("/sandbox/scope/bad-words", test_bad_words);
    return g_test_run();
}
