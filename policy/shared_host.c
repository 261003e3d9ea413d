/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/shared_host.h"

#include <glib.h>
#include <string.h>

#define CLOUD  "a cloud: anybody may have a name there"
#define PASTE  "takes text or files from anybody"
#define HOOK   "leads what is sent there to whoever made the address"
#define TUNNEL "a tunnel: leads to anybody's machine"

/* The name and all below it. Of two that fit the first counts. */
static const struct {
    const char *name;
    const char *risk;
} hosts[] = {
    { "gist.github.com", PASTE },
    { "gist.githubusercontent.com", PASTE },
    { "pastebin.com", PASTE },
    { "paste.ee", PASTE },
    { "paste.rs", PASTE },
    { "dpaste.com", PASTE },
    { "dpaste.org", PASTE },
    { "hastebin.com", PASTE },
    { "rentry.co", PASTE },
    { "ix.io", PASTE },
    { "sprunge.us", PASTE },
    { "termbin.com", PASTE },
    { "0x0.st", PASTE },
    { "transfer.sh", PASTE },
    { "file.io", PASTE },
    { "gofile.io", PASTE },
    { "catbox.moe", PASTE },
    { "temp.sh", PASTE },
    { "bashupload.com", PASTE },
    { "wetransfer.com", PASTE },

    { "hooks.slack.com", HOOK },
    { "hooks.zapier.com", HOOK },
    { "discord.com", HOOK },
    { "discordapp.com", HOOK },
    { "api.telegram.org", HOOK },
    { "webhook.site", HOOK },
    { "webhook.office.com", HOOK },
    { "requestbin.com", HOOK },
    { "requestbin.net", HOOK },
    { "pipedream.net", HOOK },
    { "beeceptor.com", HOOK },
    { "hookdeck.com", HOOK },
    { "ntfy.sh", HOOK },
    { "oast.fun", HOOK },
    { "oast.live", HOOK },
    { "oast.me", HOOK },
    { "oast.online", HOOK },
    { "oast.pro", HOOK },
    { "oast.site", HOOK },
    { "oastify.com", HOOK },
    { "burpcollaborator.net", HOOK },
    { "interact.sh", HOOK },

    { "ngrok.io", TUNNEL },
    { "ngrok.app", TUNNEL },
    { "ngrok.dev", TUNNEL },
    { "ngrok-free.app", TUNNEL },
    { "ngrok-free.dev", TUNNEL },
    { "trycloudflare.com", TUNNEL },
    { "cfargotunnel.com", TUNNEL },
    { "loca.lt", TUNNEL },
    { "localtunnel.me", TUNNEL },
    { "serveo.net", TUNNEL },
    { "lhr.life", TUNNEL },
    { "ts.net", TUNNEL },
    { "devtunnels.ms", TUNNEL },
    { "nip.io", TUNNEL },
    { "sslip.io", TUNNEL },

    { "amazonaws.com", CLOUD },
    { "awsapprunner.com", CLOUD },
    { "elasticbeanstalk.com", CLOUD },
    { "on.aws", CLOUD },
    { "cloudfront.net", CLOUD },
    /* Google's own interfaces, generativelanguage.googleapis.com say, are not. */
    { "storage.googleapis.com", CLOUD },
    { "firebasestorage.googleapis.com", CLOUD },
    { "googleusercontent.com", CLOUD },
    { "appspot.com", CLOUD },
    { "cloudfunctions.net", CLOUD },
    { "firebaseio.com", CLOUD },
    { "firebaseapp.com", CLOUD },
    { "web.app", CLOUD },
    { "run.app", CLOUD },
    { "pkg.dev", CLOUD },
    { "windows.net", CLOUD },
    { "azureedge.net", CLOUD },
    { "azurefd.net", CLOUD },
    { "azurewebsites.net", CLOUD },
    { "azurestaticapps.net", CLOUD },
    { "cloudapp.net", CLOUD },
    { "cloudapp.azure.com", CLOUD },
    { "trafficmanager.net", CLOUD },
    { "cloudflarestorage.com", CLOUD },
    { "r2.dev", CLOUD },
    { "workers.dev", CLOUD },
    { "pages.dev", CLOUD },
    { "fastly.net", CLOUD },
    { "akamaized.net", CLOUD },
    { "akamaihd.net", CLOUD },
    { "b-cdn.net", CLOUD },
    { "digitaloceanspaces.com", CLOUD },
    { "ondigitalocean.app", CLOUD },
    { "backblazeb2.com", CLOUD },
    { "wasabisys.com", CLOUD },
    { "linodeobjects.com", CLOUD },
    { "aliyuncs.com", CLOUD },
    { "myqcloud.com", CLOUD },
    { "oraclecloud.com", CLOUD },
    { "github.io", CLOUD },
    { "gitlab.io", CLOUD },
    { "hf.space", CLOUD },
    { "vercel.app", CLOUD },
    { "netlify.app", CLOUD },
    { "herokuapp.com", CLOUD },
    { "fly.dev", CLOUD },
    { "onrender.com", CLOUD },
    { "railway.app", CLOUD },
    { "deno.dev", CLOUD },
    { "replit.dev", CLOUD },
    { "repl.co", CLOUD },
    { "glitch.me", CLOUD },
    { "surge.sh", CLOUD },
    { "supabase.co", CLOUD },
    { "blogspot.com", CLOUD },
    { "wordpress.com", CLOUD },
    { "myshopify.com", CLOUD },
    { "duckdns.org", CLOUD },
    { "dyndns.org", CLOUD },
    { "no-ip.org", CLOUD },
};

/* Labels that a registry of a country has below its own. */
static const char *const second_levels[] = {
    "ac",  "co", "com", "edu", "go", "gob", "gov", "gv",
    "mil", "ne", "net", "nom", "or", "org", "sch", NULL,
};

static bool
is_at_or_below(const char *host, const char *name)
{
    size_t host_len = strlen(host), len = strlen(name);

    return g_str_has_suffix(host, name) &&
           (host_len == len || host[host_len - len - 1] == '.');
}

const char *
bns_shared_host_risk(const char *host)
{
    for (size_t i = 0; i < G_N_ELEMENTS(hosts); i++)
        if (is_at_or_below(host, hosts[i].name))
            return hosts[i].risk;
    return NULL;
}

bool
bns_shared_host_may_be_owner(const char *domain)
{
    const char *dot = strchr(domain, '.');
    g_autofree char *first = NULL;

    if (dot == NULL || bns_shared_host_risk(domain) != NULL)
        return false;
    /* What is above something in the table: "googleapis.com", "azure.com". */
    for (size_t i = 0; i < G_N_ELEMENTS(hosts); i++)
        if (is_at_or_below(hosts[i].name, domain))
            return false;
    first = g_strndup(domain, (size_t)(dot - domain));
    return strchr(dot + 1, '.') != NULL || strlen(dot + 1) != 2 ||
           !g_strv_contains(second_levels, first);
}
