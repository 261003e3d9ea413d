/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `import`: another program's file as a policy on standard output, and a line for each
 * thing that it says and a policy cannot on standard error.
 */
#include "sandbox/commands.h"

#include "base/bytes.h"
#include "base/fd.h"
#include "base/text.h"
#include "policy/import.h"
#include "policy/text_reader.h"
#include "sandbox/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define EXIT_LOST      1
#define EXIT_COULD_NOT 2

static int
fail_reading(const char *file, const char *why)
{
    g_autofree char *shown = bns_text_escape(file, -1);

    bns_log_print("Could not read \"%s\": %s", shown, why);
    return -1;
}

/* Opens without waiting for the other end of a FIFO. "-" is standard input, which may be
 * a pipe. Returns: -1 after it has said why. */
static int
open_file(const char *file)
{
    bns_autofd fd = -1;
    struct stat status;

    if (strcmp(file, "-") == 0)
        fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
    else
        fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 || fstat(fd, &status) < 0)
        return fail_reading(file, g_strerror(errno));
    if (S_ISDIR(status.st_mode))
        return fail_reading(file, g_strerror(EISDIR));
    if (strcmp(file, "-") != 0 && !S_ISREG(status.st_mode))
        return fail_reading(file, "not a regular file; lead it to standard input, -");
    return g_steal_fd(&fd);
}

static int
print(const BnsImport *import)
{
    for (char **loss = import->losses; *loss != NULL; loss++)
        fprintf(stderr, "%s\n", *loss);
    if (fputs(import->yaml, stdout) == EOF || fflush(stdout) == EOF) {
        bns_log_print("standard output: %s", g_strerror(errno));
        return EXIT_COULD_NOT;
    }
    return *import->losses != NULL ? EXIT_LOST : 0;
}

int
bns_import_command(const BnsOptions *options)
{
    const char *file = options->arguments[1];
    bns_autofd fd = -1;
    g_autoptr(GByteArray) bytes = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(BnsImport) import = NULL;
    BnsImportKind kind;

    if (!bns_import_kind_parse(options->arguments[0], &kind)) {
        bns_log_print("import: use claude, srt, domains, codex or coder");
        return EXIT_COULD_NOT;
    }
    fd = open_file(file);
    if (fd < 0)
        return EXIT_COULD_NOT;
    bytes = bns_bytes_read(fd, BNS_TEXT_BYTES_MAX);
    if (bytes == NULL) {
        fail_reading(file, g_strerror(errno));
        return EXIT_COULD_NOT;
    }
    import = bns_import(kind, file, (const char *)bytes->data, bytes->len, &error);
    if (import == NULL) {
        bns_log_print("%s", error->message);
        return EXIT_COULD_NOT;
    }
    return print(import);
}
