/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/tap/names.h"

#include "netstack/tap/tap.h"
#include "tests/support/test.h"

static uint32_t
address(BnsNames *names, const char *name)
{
    uint32_t addr = 0;
    bool is_new;

    g_assert_true(bns_names_address(names, name, &addr, &is_new));
    return addr;
}

static void
test_stable(void)
{
    g_autoptr(BnsNames) names = bns_names_new(10);
    uint32_t addr;
    bool is_new;

    g_assert_true(bns_names_address(names, "github.com", &addr, &is_new));
    g_assert_true(is_new);
    g_assert_cmpuint(addr, ==, bns_names_candidate("github.com"));
    g_assert_cmpuint(addr, >=, BNS_TAP_POOL_FIRST);
    g_assert_cmpuint(addr, <=, BNS_TAP_POOL_LAST);
    g_assert_true(bns_names_address(names, "github.com", &addr, &is_new));
    g_assert_false(is_new);
    g_assert_cmpuint(addr, ==, bns_names_candidate("github.com"));
    g_assert_cmpstr(bns_names_name(names, addr), ==, "github.com");
    g_assert_null(bns_names_name(names, addr + 1));
}

/* The hash is fixed: a session tomorrow, or another build, gives the same address. */
static void
test_fixed(void)
{
    g_assert_cmphex(bns_names_candidate("a"), ==,
                    0xc6120010 + 0xaf63dc4c8601ec8c % 131056);
}

/* Finds a name whose first candidate is @addr. */
static char *
find_name(uint32_t addr, unsigned *from)
{
    for (;; (*from)++) {
        g_autofree char *name = g_strdup_printf("n%u.example", *from);

        if (bns_names_candidate(name) == addr) {
            (*from)++;
            return g_steal_pointer(&name);
        }
    }
}

static void
test_collision(void)
{
    g_autoptr(BnsNames) names = bns_names_new(10);
    uint32_t addr = bns_names_candidate("example.org");
    unsigned from = 0;
    g_autofree char *second = find_name(addr, &from);
    g_autofree char *third = find_name(addr, &from);

    g_assert_cmpuint(address(names, "example.org"), ==, addr);
    g_assert_cmpuint(address(names, second), ==, addr + 1);
    g_assert_cmpuint(address(names, third), ==, addr + 2);
    g_assert_cmpuint(address(names, second), ==, addr + 1);
    g_assert_cmpstr(bns_names_name(names, addr), ==, "example.org");
    g_assert_cmpstr(bns_names_name(names, addr + 1), ==, second);
}

static void
test_wraps(void)
{
    g_autoptr(BnsNames) names = bns_names_new(10);
    unsigned from = 0;
    g_autofree char *first = find_name(BNS_TAP_POOL_LAST, &from);
    g_autofree char *second = find_name(BNS_TAP_POOL_LAST, &from);

    g_assert_cmpuint(address(names, first), ==, BNS_TAP_POOL_LAST);
    g_assert_cmpuint(address(names, second), ==, BNS_TAP_POOL_FIRST);
}

static void
test_limit(void)
{
    g_autoptr(BnsNames) names = bns_names_new(2);
    uint32_t addr;
    bool is_new;

    address(names, "a.example");
    address(names, "b.example");
    g_assert_false(bns_names_address(names, "c.example", &addr, &is_new));
    g_assert_cmpuint(address(names, "a.example"), ==, bns_names_candidate("a.example"));
}

/* The whole pool, and no address twice. */
static void
test_whole_pool(void)
{
    g_autoptr(BnsNames) names = bns_names_new(SIZE_MAX);
    uint32_t addr;
    bool is_new;
    unsigned given = 0;

    for (;; given++) {
        g_autofree char *name = g_strdup_printf("%u.example", given);

        if (!bns_names_address(names, name, &addr, &is_new))
            break;
        g_assert_true(is_new);
        g_assert_cmpstr(bns_names_name(names, addr), ==, name);
    }
    g_assert_cmpuint(given, ==, BNS_TAP_POOL_LAST - BNS_TAP_POOL_FIRST + 1);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    bns_test_add("/tap/names/an-address-stands-for-one-name", test_stable);
    bns_test_add("/tap/names/first-candidate-is-a-fixed-hash", test_fixed);
    bns_test_add("/tap/names/collisions-take-the-next-free-address", test_collision);
    bns_test_add("/tap/names/the-pool-is-a-ring", test_wraps);
    bns_test_add("/tap/names/beyond-the-limit-only-known-names", test_limit);
    bns_test_add("/tap/names/the-whole-pool-can-be-given", test_whole_pool);
    return g_test_run();
}
