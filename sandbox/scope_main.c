/* SPDX-License-Identifier: Apache-2.0 */
/*
 * boundary-ns-scope SOCKET PID: asks the systemd at SOCKET to put a process into a scope,
 * a cgroup of its own, and to leave that to us.
 *
 * A program of its own, so that nothing of D-Bus is in boundary-ns, neither its code nor
 * its threads, and a bus that does not answer is waited for here. It speaks to systemd
 * itself, not by way of a bus (there may be none). One line on standard output says what
 * failed; nothing, and 0, that it is done.
 */
#include "sandbox/programs.h"

#include <gio/gio.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* systemd takes some milliseconds; one that reloads its units, seconds. */
#define TIMEOUT_S 10

#define MANAGER_PATH      "/org/freedesktop/systemd1"
#define MANAGER_INTERFACE "org.freedesktop.systemd1.Manager"

typedef struct {
    GMainLoop *loop; /* owned */
    char *job;       /* owned; NULL: not known yet */
    char *ended;     /* owned; the job that ended last */
    char *result;    /* owned; of that */
} Wait;

static void
wait_clear(Wait *wait)
{
    g_clear_pointer(&wait->loop, g_main_loop_unref);
    g_free(wait->job);
    g_free(wait->ended);
    g_free(wait->result);
}

/* Jobs of others end, too; ours may before we know its name. */
static void
check_job(Wait *wait)
{
    if (wait->job != NULL && g_strcmp0(wait->job, wait->ended) == 0)
        g_main_loop_quit(wait->loop);
}

static void
on_job_removed(GDBusConnection *bus,
               const char *sender,
               const char *path,
               const char *interface,
               const char *signal,
               GVariant *arguments,
               void *data)
{
    Wait *wait = data;
    const char *job, *result;

    if (!g_variant_is_of_type(arguments, G_VARIANT_TYPE("(uoss)")))
        return;
    g_variant_get(arguments, "(u&o&s&s)", NULL, &job, NULL, &result);
    if (wait->job != NULL && strcmp(wait->job, job) != 0)
        return;
    g_free(wait->ended);
    g_free(wait->result);
    wait->ended = g_strdup(job);
    wait->result = g_strdup(result);
    check_job(wait);
}

/* The library has no time limit for a peer that takes the connection and says nothing. */
static void
on_alarm(int number)
{
    static const char text[] = "systemd does not answer\n";

    (void)!write(STDOUT_FILENO, text, sizeof(text) - 1);
    _exit(EXIT_FAILURE);
}

/* "failed" is collected, too: nothing of it stays in a person's list of units. */
static GVariant *
describe_scope(guint32 pid)
{
    static const char *const controllers[] = { "memory", "pids", NULL };
    g_autofree char *name = g_strdup_printf("boundary-ns-%u-%" PRIx64 ".scope", pid,
                                            (uint64_t)g_get_real_time());
    GVariantBuilder properties;

    g_variant_builder_init(&properties, G_VARIANT_TYPE("a(sv)"));
    g_variant_builder_add(&properties, "(sv)", "Description",
                          g_variant_new_string("A session of boundary-ns"));
    g_variant_builder_add(
        &properties, "(sv)", "PIDs",
        g_variant_new_fixed_array(G_VARIANT_TYPE_UINT32, &pid, 1, sizeof(pid)));
    g_variant_builder_add(&properties, "(sv)", "DelegateControllers",
                          g_variant_new_strv(controllers, -1));
    g_variant_builder_add(&properties, "(sv)", "CollectMode",
                          g_variant_new_string("inactive-or-failed"));
    return g_variant_new("(ssa(sv)a(sa(sv)))", name, "fail", &properties, NULL);
}

static bool
start_scope(GDBusConnection *bus, guint32 pid, Wait *wait, GError **error)
{
    g_autoptr(GVariant) reply = g_dbus_connection_call_sync(
        bus, NULL, MANAGER_PATH, MANAGER_INTERFACE, "StartTransientUnit",
        describe_scope(pid), G_VARIANT_TYPE("(o)"), G_DBUS_CALL_FLAGS_NONE, -1, NULL,
        error);

    if (reply == NULL)
        return false;
    g_variant_get(reply, "(o)", &wait->job);
    return true;
}

static bool
ask(const char *socket, guint32 pid, Wait *wait, GError **error)
{
    g_autofree char *escaped = g_dbus_address_escape_value(socket);
    g_autofree char *address = g_strconcat("unix:path=", escaped, NULL);
    g_autoptr(GDBusConnection) bus = g_dbus_connection_new_for_address_sync(
        address, G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT, NULL, NULL, error);

    if (bus == NULL)
        return false;
    g_dbus_connection_signal_subscribe(bus, NULL, MANAGER_INTERFACE, "JobRemoved",
                                       MANAGER_PATH, NULL, G_DBUS_SIGNAL_FLAGS_NONE,
                                       on_job_removed, wait, NULL);
    if (!start_scope(bus, pid, wait, error))
        return false;
    g_main_loop_run(wait->loop);
    if (g_strcmp0(wait->result, "done") == 0)
        return true;
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "the scope's job: %s",
                wait->result);
    return false;
}

int
main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    Wait wait = { 0 };
    guint64 pid = 0;
    bool is_done;

    if (argc != 3 ||
        !g_ascii_string_to_unsigned(argv[2], 10, 1, G_MAXINT32, &pid, NULL)) {
        fputs("usage: " BNS_SCOPE_NAME " SOCKET PID\n", stderr);
        return EXIT_FAILURE;
    }
    signal(SIGALRM, on_alarm);
    alarm(TIMEOUT_S);
    wait.loop = g_main_loop_new(NULL, FALSE);
    is_done = ask(argv[1], (guint32)pid, &wait, &error);
    if (!is_done)
        puts(error->message);
    wait_clear(&wait);
    return is_done ? EXIT_SUCCESS : EXIT_FAILURE;
}
