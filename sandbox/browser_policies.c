/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/browser_policies.h"

#include "sandbox/pem.h"
#include "sandbox/trust_files.h"

#include <stdio.h>
#include <string.h>

#define POLICY "/policies/managed/zz-boundary-ns.json"

const char *const bns_browser_chromium_files[] = {
    "/etc/chromium" POLICY, /* Debian, Fedora, Arch, Playwright */
    "/etc/chromium-browser" POLICY,
    "/etc/opt/chrome" POLICY,
    "/etc/opt/chrome_for_testing" POLICY, /* Puppeteer */
    "/etc/opt/edge" POLICY,
    "/etc/brave" POLICY,
    NULL,
};

const char bns_browser_firefox_file[] = "/etc/firefox/policies/policies.json";
const char bns_browser_firefox_policy[] =
    "{\"policies\":{\"Certificates\":{\"Install\":[\"" BNS_TRUST_CA "\"]}}}\n";

size_t
bns_browser_chromium_policy(const char *pem, char out_text[BNS_BROWSER_POLICY_MAX])
{
    static const char begin[] = "{\"CACertificates\":[\"";
    static const char end[] = "\"]}\n";
    size_t len = strlen(begin);
    size_t pem_len = strlen(pem);
    BnsPem block;

    if (!bns_pem_next(&pem, &pem_len, &block) ||
        block.body_len > BNS_BROWSER_POLICY_MAX - sizeof(begin) - sizeof(end))
        return 0;
    memcpy(out_text, begin, len);
    for (size_t i = 0; i < block.body_len; i++)
        if (block.body[i] != '\n')
            out_text[len++] = block.body[i];
    memcpy(out_text + len, end, sizeof(end));
    return len + strlen(end);
}
