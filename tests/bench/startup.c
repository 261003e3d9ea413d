/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Start-up: wall time of `boundary-ns -- true` beside bubblewrap and the bare command.
 * Usage: bench-startup BOUNDARY-NS [ROUNDS]
 */
#include "tests/bench/peers.h"

#include <stdlib.h>

#define ROUNDS_DEFAULT 40

int
main(int argc, char **argv)
{
    const char *boundary = argc > 1 ? argv[1] : "boundary-ns";
    unsigned rounds = argc > 2 ? (unsigned)atoi(argv[2]) : ROUNDS_DEFAULT;
    Peer peers[] = {
        { .name = "true", .argv = { "true" } },
        { .name = "bwrap --unshare-all",
          .argv = { "bwrap", "--unshare-all", "--dev-bind", "/", "/", "true" } },
        { .name = "boundary-ns", .argv = { boundary, "-q", "--", "true" } },
        { .name = "boundary-ns --review",
          .argv = { boundary, "-q", "--review", "--", "true" } },
    };

    peers_time(peers, G_N_ELEMENTS(peers), rounds);
    peers_print("start-up, ms", peers, G_N_ELEMENTS(peers));
    return 0;
}
