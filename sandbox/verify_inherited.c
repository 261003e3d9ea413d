/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What whoever started boundary-ns had open: verify_canary.h leaves some.
 */
#include "sandbox/verify_probes.h"

#include <glib.h>
#include <sys/stat.h>
#include <unistd.h>

/* The canary's are far below. */
#define DESCRIPTORS_MAX 1024

static bool
is_of_kind(int fd, mode_t kind)
{
    struct stat info;

    return fstat(fd, &info) == 0 && (info.st_mode & S_IFMT) == kind;
}

static BnsVerified
run_descriptor(const BnsVerifyRow *row, const BnsVerifyWorld *world)
{
    for (int fd = STDERR_FILENO + 1; fd < DESCRIPTORS_MAX; fd++)
        if (is_of_kind(fd, (mode_t)row->number))
            return BNS_VERIFIED_OPEN;
    return BNS_VERIFIED_HELD;
}

/* Its other end is a process of the host. */
static BnsVerified
run_standard(const BnsVerifyRow *row, const BnsVerifyWorld *world)
{
    return is_of_kind((int)row->number, S_IFSOCK) ? BNS_VERIFIED_OPEN
                                                  : BNS_VERIFIED_HELD;
}

#define DESCRIPTOR(name, kind)                                                         \
    {                                                                                  \
        "inherited", name, run_descriptor, kind, { 0 }, NULL, false                    \
    }

const BnsVerifyRow bns_verify_inherited[] = {
    DESCRIPTOR("a file", S_IFREG),
    DESCRIPTOR("a directory", S_IFDIR),
    DESCRIPTOR("a socket", S_IFSOCK),
    DESCRIPTOR("a pipe", S_IFIFO),
    DESCRIPTOR("a device", S_IFCHR),
    { "inherited",
      "a socket as standard input",
      run_standard,
      STDIN_FILENO,
      { 0 },
      NULL,
      false },
};
const size_t bns_n_verify_inherited = G_N_ELEMENTS(bns_verify_inherited);
