/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What no policy below a system policy can widen: a row per key of the schema. Each tries
 * what the key could open: by itself it does, under the system policy it does not. A key
 * without a row fails the test: whoever adds one says here what holds it down.
 */
#include "policy/json.h"
#include "tests/sandbox/ceiling_probes.h"
#include "tests/support/test.h"

#include <string.h>

#define SCHEMA "data/boundary.schema.json"

/* --- rows --- */

/* @system: NULL: the key opens nothing, and @what says why.
 * @attempt: alone it opens what @probe asks; under @system it does not, or makes no policy */
typedef struct {
    const char *key;
    const char *system;
    const char *attempt;
    Probe probe;
    const char *what;
} Row;

#define X    "GET https://x.org:443/"
#define Y    "GET https://y.org:443/"
#define OPEN "allow: [x.org]\n"

#define NOT_OURS "it has no effect here"
#define NARROWS  "more of it is less"

static const Row rows[] = {
    { "version", NULL, NULL, NULL, "it is always the same" },
    { "extends", NULL, NULL, NULL, "what is extended has the keys of this table" },
    { "profiles", NULL, NULL, NULL, "a profile has the keys of this table" },
    { "auto_preset", NULL, NULL, NULL, "see ceiling_presets.c" },
    { "permit", NULL, NULL, NULL, "it is refused below" },
    { "required", NULL, NULL, NULL, "it is refused below" },
    { "log_level", NULL, NULL, NULL, "it is about messages, not about records" },
    { "log_dir", NULL, NULL, NULL, NOT_OURS },
    { "proxy_port", NULL, NULL, NULL, NOT_OURS },
    { "pprof_enabled", NULL, NULL, NULL, NOT_OURS },
    { "pprof_port", NULL, NULL, NULL, NOT_OURS },
    { "jail_type", NULL, NULL, NULL, NOT_OURS },
    { "use_real_dns", NULL, NULL, NULL, NOT_OURS },
    { "no_user_namespace", NULL, NULL, NULL, NOT_OURS },
    { "disable_audit_logs", NULL, NULL, NULL, NOT_OURS },
    { "session_correlation_enabled", NULL, NULL, NULL, NOT_OURS },
    { "session_id_inject_targets", NULL, NULL, NULL, NOT_OURS },

    { "allow", OPEN, "allow: ['*']\n", probe_allows, Y },
    { "allow", "allow: ['*']\ndeny: [y.org]\n", "allow: [y.org]\n", probe_allows, Y },
    { "allow", "required: true\n", "allow: ['*']\n", probe_allows, X },
    { "allowlist", OPEN, "allowlist: [domain=*]\n", probe_allows, Y },
    { "deny", NULL, NULL, NULL, NARROWS },

    { "rule.domain", OPEN, "allow: [{domain: .org}]\n", probe_allows, Y },
    { "rule.cidr", "allow: ['*']\ndeny: [{cidr: 8.0.0.0/8}]\n",
      "allow: [{cidr: 8.0.0.0/7}]\n", probe_allows, "GET https://8.8.8.8:443/" },
    { "rule.cidr", OPEN, "allow: [x.org, {cidr: 10.0.0.0/8}]\n", probe_dials,
      "10.0.0.1" },
    { "rule.cidr", "allow: [x.org]\ndeny: [{cidr: 10.0.0.0/8}]\npermit: [private]\n",
      "allow: [{domain: x.org, private: true}]\n", probe_dials, "10.0.0.1" },
    { "rule.scheme", "allow: ['https://x.org']\n",
      "allow: [{domain: x.org, scheme: http}]\n", probe_allows,
      "GET http://x.org:80/" },
    { "rule.port", OPEN, "allow: [{domain: x.org, port: 8443}]\n", probe_allows,
      "GET https://x.org:8443/" },
    { "rule.ports", OPEN, "allow: [{domain: x.org, ports: [443, 8443]}]\n",
      probe_allows, "GET https://x.org:8443/" },
    { "rule.methods", "allow: [GET x.org]\n",
      "allow: [{domain: x.org, methods: [PUT]}]\n", probe_allows,
      "PUT https://x.org:443/" },
    { "rule.path", "allow: [x.org/a/**]\n", "allow: [{domain: x.org, path: /**}]\n",
      probe_allows, "GET https://x.org:443/b" },
    { "rule.query", "allow: [{domain: x.org, query: {a: '1'}}]\n",
      "allow: [{domain: x.org, query: {a: true}}]\n", probe_allows_query, "a=2" },
    { "rule.headers", "allow: [{domain: x.org, headers: {x-a: '1'}}]\n",
      "allow: [{domain: x.org, headers: {x-a: true}}]\n", probe_allows_field, "2" },
    { "rule.content_type", "allow: [{domain: x.org, content_type: [a/b]}]\n",
      "allow: [{domain: x.org, content_type: [c/d]}]\n", probe_allows_field, "c/d" },
    { "rule.max_request_bytes", "allow: [{domain: x.org, max_request_bytes: 10}]\n",
      "allow: [{domain: x.org, max_request_bytes: 20}]\n", probe_lets_bytes_out, "r" },
    { "rule.max_session_bytes", "allow: [{domain: x.org, max_session_bytes: 10}]\n",
      "allow: [{domain: x.org, max_session_bytes: 20}]\n", probe_lets_bytes_out, "s" },
    { "rule.protocol", "allow: ['*']\n",
      "allow: [{domain: x.org, port: 22, protocol: tcp}]\n", probe_allows,
      "tcp://x.org:22" },
    { "rule.protocol", "allow: ['*']\n",
      "allow: [{domain: x.org, port: 443, protocol: tcp}]\n", probe_allows,
      "tcp://x.org:443" },
    { "rule.reason", NULL, NULL, NULL, "it is text" },
    { "rule.private", OPEN, "allow: [{domain: x.org, private: true}]\n", probe_dials,
      "10.0.0.1" },
    { "rule.private", "required: true\nallow: [{domain: x.org, private: true}]\n",
      "allow: [{domain: x.org, private: true}]\n", probe_dials, "10.0.0.1" },
    { "rule.inspect", "allow: ['*']\n", "allow: [{domain: x.org, inspect: false}]\n",
      probe_allows, "tls://x.org:443" },
    { "rule.inspect", "required: true\nallow: [{domain: x.org, inspect: false}]\n",
      "allow: [{domain: x.org, inspect: false}]\n", probe_allows, "tls://x.org:443" },
    { "rule.client_cert",
      "allow: [{domain: x.org, client_cert: /s.pem, client_key: /s.key}]\n",
      "allow: [{domain: x.org, client_cert: /p.pem}]\n", probe_shows_certificate,
      "/p.pem" },
    { "rule.client_key",
      "allow: [{domain: x.org, client_cert: /s.pem, client_key: /s.key}]\n",
      "allow: [{domain: x.org, client_cert: /s.pem, client_key: /p.key}]\n",
      probe_shows_certificate, "/p.key" },

    { "enabled", "required: true\n", "enabled: false\n", probe_is_turned_off, NULL },
    { "enabled", "permit: []\n", "enabled: false\n", probe_is_turned_off, NULL },
    { "mode", "allow: ['*']\ndeny: [x.org]\n", "mode: observe\n", probe_lets_pass, X },
    { "mode", OPEN, "mode: observe\n", probe_lets_pass, Y },
    { "mode", "required: true\nallow: ['*']\n", "mode: observe\n", probe_lets_pass, X },
    { "mode", "mode: enforce\nallow: ['*']\n", "mode: observe\n", probe_lets_pass, X },
    { "nested", "nested: none\n", "nested: full\n", probe_is_nested, "full" },
    { "tty.clipboard", "tty: {clipboard: false}\n", "tty: {clipboard: true}\n",
      probe_has_clipboard, NULL },
    { "sockets", "sockets: ['@/srv/a.sock']\n", "sockets: ['@/srv/b.sock']\n",
      probe_has_file, "+s srv/b.sock" },

    { "commands.deny", "commands: {deny: [curl]}\n", "commands: {deny: []}\n",
      probe_may_execute, "curl" },
    { "commands.deny", "commands: {deny: [curl]}\n", "commands: {allow: [curl]}\n",
      probe_may_execute, "curl" },
    { "commands.allow", "commands: {allow: [git]}\n",
      "commands: {allow: [git, curl]}\n", probe_may_execute, "curl" },
    { "commands.allow", "commands: {allow: [git]}\n", "{}\n", probe_may_execute,
      "curl" },
    { "commands.exec", "commands: {exec: record}\n", "{}\n", probe_is_unrecorded,
      NULL },

    { "env.mode", "env: {mode: clean}\n", "env: {mode: inherit}\n", probe_inherits,
      NULL },
    { "env.pass", "env: {pass: [A]}\n", "env: {pass: [B]}\n", probe_passes, "B" },
    { "env.pass", "env: {hide: [B]}\n", "env: {pass: [B]}\n", probe_passes, "B" },
    { "env.hide", NULL, NULL, NULL, NARROWS },
    { "env.set", "env: {set: {A: '1'}}\n", "env: {set: {A: '2'}}\n", probe_sets,
      "A=2" },
    { "env.set", "env: {hide: [A]}\n", "env: {set: {A: '2'}}\n", probe_sets, "A=2" },

    { "files.mode", "files: {mode: workspace}\n", "files: {mode: shared}\n",
      probe_has_file, "+w home/src" },
    { "files.write", "files: {write: [~/src]}\n", "files: {write: ['@/srv']}\n",
      probe_has_file, "+w srv/data" },
    { "files.write", "files: {read_only: [~/src]}\n", "files: {write: [~/src]}\n",
      probe_has_file, "+w home/src/other" },
    { "files.write", "files: {hide: [~/secret]}\n", "files: {write: [~/secret]}\n",
      probe_has_file, "-h home/secret/deep" },
    { "files.private", "files: {hide: [~/secret]}\n", "files: {private: [~/secret]}\n",
      probe_has_file, "-h home/secret/deep" },
    { "files.persist", "files: {write: [~/src]}\n",
      "files: {persist: [~/.tool.json]}\n", probe_has_file, "+k home/.tool.json" },
    { "files.read_only", NULL, NULL, NULL, NARROWS },
    { "files.hide", NULL, NULL, NULL, NARROWS },
    { "files.show", "files: {hide: [~/secret]}\n",
      "files: {hide: [~/secret], show: [~/secret/public]}\n", probe_has_file,
      "-h home/secret/public" },
    { "files.review", "files: {review: true}\n", "files: {review: false}\n",
      probe_is_written_at_once, NULL },
    { "files.on_protected", "files: {on_protected: quarantine}\n",
      "files: {on_protected: report}\n", probe_only_reports, NULL },

    { "limits.names", "limits: {names: 10}\n", "limits: {names: 20}\n", probe_exceeds,
      "names 10" },
    { "limits.flows", "limits: {flows: 10}\n", "limits: {flows: 20}\n", probe_exceeds,
      "flows 10" },
    { "limits.flow_rate", "limits: {flow_rate: 10}\n", "limits: {flow_rate: 20}\n",
      probe_exceeds, "flow_rate 10" },
    { "limits.idle", "limits: {idle: 10}\n", "limits: {idle: 0}\n", probe_exceeds,
      "idle 10" },
    { "limits.audit_size", "limits: {audit_size: 8K}\n", "limits: {audit_size: 9K}\n",
      probe_exceeds, "audit_size 8192" },
    { "limits.processes", "limits: {processes: 10}\n", "limits: {processes: 20}\n",
      probe_exceeds, "processes 10" },
    { "limits.memory", "limits: {memory: 8M}\n", "limits: {memory: 9M}\n",
      probe_exceeds, "memory 8388608" },
    { "limits.open_files", "limits: {open_files: 20}\n", "limits: {open_files: 30}\n",
      probe_exceeds, "open_files 20" },
    { "limits.file_size", "limits: {file_size: 8M}\n", "limits: {file_size: 9M}\n",
      probe_exceeds, "file_size 8388608" },
    { "limits.cpu", "limits: {cpu: 10}\n", "{}\n", probe_exceeds, "cpu 10" },
};

/* --- the rows hold --- */

/* Returns: whether @yaml below @system, which may be %NULL, opens what the row is about. */
static bool
opens(const Machine *machine, const Row *row, const char *system, const char *yaml)
{
    g_autoptr(BnsPolicy) policy = machine_parse("/p.yaml", yaml, machine);
    g_autoptr(BnsFilePlan) plan = NULL;
    g_autofree char *at = machine_path(machine, "home/src/project");
    Subject subject = { machine, policy, NULL };

    if (system != NULL && !bns_policy_set_ceiling(
                              policy, machine_parse("/s.yaml", system, machine), NULL))
        return false;
    if (row->probe == probe_has_file) {
        plan = bns_file_plan_new(policy, machine->places, at, NULL);
        subject.plan = plan;
        if (plan == NULL)
            return false;
    }
    return row->probe(&subject, row->what);
}

static void
test_row(const void *data)
{
    const Row *row = data;
    g_auto(Machine) machine = { 0 };

    machine_init(&machine);
    if (!opens(&machine, row, NULL, row->attempt))
        g_error("%s: even alone \"%s\" does not open %s", row->key, row->attempt,
                row->what);
    if (opens(&machine, row, row->system, row->attempt))
        g_error("%s: \"%s\" opens %s in spite of \"%s\"", row->key, row->attempt,
                row->what, row->system);
}

/* --- every key has one --- */

static const BnsYaml *
member(const BnsYaml *node, const char *name)
{
    for (guint i = 0; node != NULL && i < node->children->len; i += 2) {
        const BnsYaml *key = node->children->pdata[i];

        if (strcmp(key->text, name) == 0)
            return node->children->pdata[i + 1];
    }
    g_error(SCHEMA " has no \"%s\" where it is looked for", name);
}

static void
check_keys(const BnsYaml *object, const char *prefix)
{
    const BnsYaml *properties = member(object, "properties");

    for (guint i = 0; i < properties->children->len; i += 2) {
        const BnsYaml *key = properties->children->pdata[i];
        g_autofree char *name = g_strconcat(prefix, key->text, NULL);
        g_autofree char *below = g_strconcat(name, ".", NULL);
        bool is_known = false;

        for (size_t j = 0; j < G_N_ELEMENTS(rows) && !is_known; j++)
            is_known =
                strcmp(rows[j].key, name) == 0 || g_str_has_prefix(rows[j].key, below);
        if (!is_known)
            g_error("\"%s\" has no row here: what does a system policy that says the "
                    "contrary leave of it?",
                    name);
    }
}

static void
test_keys(void)
{
    static const char *const objects[] = { "commands", "env", "files", "limits",
                                           "tty" };
    g_autofree char *path =
        g_test_build_filename(G_TEST_DIST, "..", "..", SCHEMA, NULL);
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(BnsYaml) schema = NULL;
    const BnsYaml *definitions;

    g_file_get_contents(path, &text, NULL, &error);
    g_assert_no_error(error);
    schema = bns_json_tree(SCHEMA, text, strlen(text), &error);
    g_assert_no_error(error);
    definitions = member(schema, "definitions");
    check_keys(schema, "");
    check_keys(member(definitions, "mapping"), "rule.");
    for (size_t i = 0; i < G_N_ELEMENTS(objects); i++) {
        g_autofree char *prefix = g_strconcat(objects[i], ".", NULL);

        check_keys(member(definitions, objects[i]), prefix);
    }
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 30);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path =
            g_strdup_printf("/sandbox/ceiling/%s/%zu", rows[i].key, i);

        if (rows[i].probe != NULL)
            bns_test_add_data(path, &rows[i], test_row);
    }
    bns_test_add("/sandbox/ceiling/every-key-of-the-schema-has-a-row", test_keys);
    return g_test_run();
}
