/* SPDX-License-Identifier: Apache-2.0 */
/*
 * boundary-ns: a table of contents.
 */
#include "sandbox/commands.h"
#include "sandbox/doctor.h"
#include "sandbox/log.h"
#include "sandbox/run.h"
#include "sandbox/supervisor.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* Usage errors of all subcommands but run. */
#define EXIT_USAGE 2

static int
print_help(const BnsOptions *options)
{
    g_autofree char *text = bns_options_help();

    fputs(text, stdout);
    return 0;
}

static int
print_version(const BnsOptions *options)
{
    puts("boundary-ns " BNS_VERSION);
    return 0;
}

static int (*const commands[])(const BnsOptions *options) = {
    [BNS_COMMAND_RUN] = bns_run,         [BNS_COMMAND_CHECK] = bns_check,
    [BNS_COMMAND_EXPLAIN] = bns_explain, [BNS_COMMAND_IMPORT] = bns_import_command,
    [BNS_COMMAND_LOG] = bns_log,         [BNS_COMMAND_LOG_VERIFY] = bns_log_verify,
    [BNS_COMMAND_SUGGEST] = bns_suggest, [BNS_COMMAND_PRESET] = bns_preset_command,
    [BNS_COMMAND_DOCTOR] = bns_doctor,   [BNS_COMMAND_VERIFY] = bns_verify,
    [BNS_COMMAND_PS] = bns_ps,           [BNS_COMMAND_STOP] = bns_stop,
    [BNS_COMMAND_ALLOW] = bns_allow,     [BNS_COMMAND_REVIEW] = bns_review,
    [BNS_COMMAND_HELP] = print_help,     [BNS_COMMAND_VERSION] = print_version,
};
G_STATIC_ASSERT(G_N_ELEMENTS(commands) == BNS_N_COMMANDS);

/* No descriptor of ours may become standard input, output or error of the command. */
static void
open_standard_streams(void)
{
    int fd;

    do
        fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    while (fd >= 0 && fd <= STDERR_FILENO && fcntl(fd, F_SETFD, 0) == 0);
    if (fd > STDERR_FILENO)
        close(fd);
}

/* A command that is not there may be a subcommand that was mistyped, or is too late. */
static void
hint_subcommand(const BnsOptions *options)
{
    g_autofree char *hint = bns_options_hint_subcommand(options);
    g_autofree char *path =
        hint != NULL ? g_find_program_in_path(options->arguments[0]) : NULL;

    if (hint != NULL && path == NULL)
        bns_log_print("%s", hint);
}

int
main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BnsOptions) options = NULL;

    open_standard_streams();
    bns_log_init(BNS_LOG_WARN);
    options = bns_options_parse(argc, argv, &error);
    if (options == NULL) {
        bns_log_print("%s", error->message);
        return g_error_matches(error, BNS_OPTIONS_ERROR, BNS_OPTIONS_ERROR_RUN)
                   ? BNS_EXIT_FAILED
                   : EXIT_USAGE;
    }
    bns_log_set_level(options->log_level);
    hint_subcommand(options);
    return commands[options->command](options);
}
