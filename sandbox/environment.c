/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/environment.h"

#include "sandbox/trust_variables.h"

#include <stdbool.h>
#include <string.h>

/* Compared without regard to case: programs read both. */
static const char *const proxies[] = {
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "FTP_PROXY",
    "NO_PROXY",
    "SOCKS_PROXY",
    "SOCKS5_PROXY",
    "SOCKS_SERVER",
    "RSYNC_PROXY",
    "GOPHER_PROXY",
    "WS_PROXY",
    "WSS_PROXY",
    "GRPC_PROXY",
    "NO_GRPC_PROXY",
    "PIP_PROXY",
    "CARGO_HTTP_PROXY",
    "CGI_HTTP_PROXY",
    "NPM_CONFIG_PROXY",
    "NPM_CONFIG_HTTP_PROXY",
    "NPM_CONFIG_HTTPS_PROXY",
    "NPM_CONFIG_NOPROXY",
    "YARN_HTTP_PROXY",
    "YARN_HTTPS_PROXY",
    "YARN_PROXY",
    "CLOUDSDK_PROXY_TYPE",
    "CLOUDSDK_PROXY_ADDRESS",
    "CLOUDSDK_PROXY_PORT",
    "CLOUDSDK_PROXY_USERNAME",
    "CLOUDSDK_PROXY_PASSWORD",
    "GIT_PROXY_COMMAND",
    "AUTO_PROXY",
};

/* What leads to a socket, a descriptor or the network of the host. */
static const char *const host_sockets[] = {
    /* agents and keyrings */
    "SSH_AUTH_SOCK",
    "SSH_AGENT_PID",
    "GPG_AGENT_INFO",
    "GNOME_KEYRING_CONTROL",
    "GNOME_KEYRING_PID",
    /* buses and the session */
    "DBUS_SESSION_BUS_ADDRESS",
    "DBUS_SYSTEM_BUS_ADDRESS",
    "DBUS_STARTER_ADDRESS",
    "DBUS_STARTER_BUS_TYPE",
    "AT_SPI_BUS_ADDRESS",
    "SESSION_MANAGER",
    "NOTIFY_SOCKET",
    "WATCHDOG_PID",
    "WATCHDOG_USEC",
    "LISTEN_FDS",
    "LISTEN_PID",
    "LISTEN_FDNAMES",
    "DESKTOP_STARTUP_ID",
    "XDG_ACTIVATION_TOKEN",
    /* display and sound */
    "DISPLAY",
    "XAUTHORITY",
    "ICEAUTHORITY",
    "WAYLAND_DISPLAY",
    "WAYLAND_SOCKET",
    "PULSE_SERVER",
    "PIPEWIRE_REMOTE",
    "PIPEWIRE_RUNTIME_DIR",
    "I3SOCK",
    "SWAYSOCK",
    "HYPRLAND_INSTANCE_SIGNATURE",
    "NIRI_SOCKET",
    /* terminals, multiplexers and editors that are driven through a socket */
    "TMUX",
    "TMUX_PANE",
    "STY",
    "ZELLIJ",
    "ZELLIJ_SESSION_NAME",
    "KITTY_LISTEN_ON",
    "ALACRITTY_SOCKET",
    "WEZTERM_UNIX_SOCKET",
    "GNOME_TERMINAL_SERVICE",
    "GNOME_TERMINAL_SCREEN",
    "KONSOLE_DBUS_SERVICE",
    "KONSOLE_DBUS_SESSION",
    "KONSOLE_DBUS_WINDOW",
    "NVIM",
    "NVIM_LISTEN_ADDRESS",
    "VSCODE_IPC_HOOK",
    "VSCODE_IPC_HOOK_CLI",
    "VSCODE_GIT_IPC_HANDLE",
    "VSCODE_GIT_IPC_AUTH_TOKEN",
    /* a search domain for names, which the policy would meet */
    "LOCALDOMAIN",
    /* Windows */
    "WSL_INTEROP",
    "WSLENV",
};

/* These may also name a network service, which the policy then decides on. */
static const char *const maybe_sockets[] = { "DOCKER_HOST", "CONTAINER_HOST",
                                             "BUILDKIT_HOST" };

static const char *const temporaries[] = { "TMPDIR", "TMP", "TEMP", "TEMPDIR" };

/* What sandbox/mounts.c makes private. */
static const char *const private_roots[] = { "/tmp/", "/run/", "/var/tmp/", "/var/run/",
                                             "/dev/shm/" };

static bool
is_listed(const char *const *list, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(list[i], name) == 0)
            return true;
    return false;
}

static bool
is_proxy(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(proxies); i++)
        if (g_ascii_strcasecmp(proxies[i], name) == 0)
            return true;
    return false;
}

static bool
is_trust(const char *name)
{
    size_t n;
    const BnsTrustVariable *variables = bns_trust_variables(&n);

    for (size_t i = 0; i < n; i++)
        if (strcmp(variables[i].name, name) == 0)
            return true;
    return false;
}

static bool
is_unreachable(const char *name, const char *value)
{
    if (is_listed(host_sockets, G_N_ELEMENTS(host_sockets), name))
        return true;
    if (is_listed(maybe_sockets, G_N_ELEMENTS(maybe_sockets), name))
        return g_str_has_prefix(value, "unix:") || strstr(value, "://") == NULL;
    if (is_listed(temporaries, G_N_ELEMENTS(temporaries), name))
        for (size_t i = 0; i < G_N_ELEMENTS(private_roots); i++)
            if (g_str_has_prefix(value, private_roots[i]))
                return true;
    return false;
}

static bool
is_kept(const char *name, const char *value)
{
    return !is_proxy(name) && !is_trust(name) && !g_str_has_prefix(name, "BOUNDARY_") &&
           !is_unreachable(name, value);
}

static GStrv
with_option(GStrv environment, char **host_environ, const char *option, GError **error)
{
    const char *equals = strchr(option, '=');
    g_autofree char *name =
        equals != NULL ? g_strndup(option, (gsize)(equals - option)) : g_strdup(option);
    const char *value =
        equals != NULL ? equals + 1 : g_environ_getenv(host_environ, name);

    if (*name == '\0') {
        g_set_error_literal(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                            "--env needs NAME or NAME=VALUE");
        g_strfreev(environment);
        return NULL;
    }
    if (value == NULL)
        return environment;
    return g_environ_setenv(environment, name, value, TRUE);
}

static void
add_entry(GPtrArray *kept, const char *entry, const char *equals)
{
    g_autofree char *name = g_strndup(entry, (gsize)(equals - entry));
    g_autofree char *options = NULL;

    if (!is_kept(name, equals + 1))
        return;
    options = bns_trust_variables_java_options(name, equals + 1);
    g_ptr_array_add(kept, options != NULL ? g_strconcat(name, "=", options, NULL)
                                          : g_strdup(entry));
}

static void
add_trust(GPtrArray *kept, char **host_environ)
{
    size_t n;
    const BnsTrustVariable *variables = bns_trust_variables(&n);

    for (size_t i = 0; i < n; i++) {
        const char *name = variables[i].name;
        const char *value = bns_trust_variables_value(
            &variables[i], g_environ_getenv(host_environ, name));

        if (value != NULL)
            g_ptr_array_add(kept, g_strconcat(name, "=", value, NULL));
    }
}

GStrv
bns_environment_new(char **host_environ, char **env_options, GError **error)
{
    GPtrArray *kept = g_ptr_array_new();
    GStrv environment;

    for (char **entry = host_environ; *entry != NULL; entry++) {
        const char *equals = strchr(*entry, '=');

        if (equals != NULL && equals != *entry)
            add_entry(kept, *entry, equals);
    }
    add_trust(kept, host_environ);
    g_ptr_array_add(kept, NULL);
    environment = (GStrv)g_ptr_array_free(kept, FALSE);
    for (char **option = env_options; option != NULL && *option != NULL; option++) {
        environment = with_option(environment, host_environ, *option, error);
        if (environment == NULL)
            return NULL;
    }
    return environment;
}
