/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/config.h"
#include "policy/yaml.h"
#include "tests/policy/policies.h"
#include "tests/support/test.h"

#include <string.h>

typedef struct {
    const char *name;
    const char *yaml;
    const char *text; /* what describe says, or the error */
} Case;

static const Case good_cases[] = {
    { "nothing", "", "" },
    { "empty-lists", "version: 1\nallow: []\ndeny:\nallowlist:\nextends:\n", "" },
    { "strings-and-mappings",
      "allow:\n"
      "  - domain: github.com\n"
      "    path: /api/issues/*\n"
      "  - \"GET,HEAD docs.python.org/3/*\"\n"
      "  - domain=*.github.com # comment\n"
      "  - { domain: github.com, port: 22, protocol: tcp }\n"
      "deny:\n"
      "  - gist.github.com\n",
      "/p.yaml:2\tallow\tgithub.com/api/issues/*\n"
      "/p.yaml:4\tallow\tGET,HEAD docs.python.org/3/*\n"
      "/p.yaml:5\tallow\tdomain=*.github.com\n"
      "/p.yaml:6\tallow\ttcp://github.com:22\n"
      "/p.yaml:8\tdeny\tgist.github.com\n" },
    { "a-network",
      "allow:\n  - { cidr: 10.20.0.0/16, ports: [6379, 5432], protocol: tcp }\n",
      "/p.yaml:2\tallow\t"
      "{ cidr: 10.20.0.0/16, ports: [5432, 6379], protocol: tcp }\n" },
    { "lists-in-a-mapping",
      "allow:\n  - { domain: [A.org, '*.b.org'], methods: [PUT, GET], path: [/a, /b] "
      "}\n",
      "/p.yaml:2\tallow\t{ domain: [a.org, \"*.b.org\"], methods: [GET, PUT], path: "
      "[\"/a\", \"/b\"] }\n" },
    { "a-private-rule", "allow:\n  - { domain: a.org, private: true, scheme: https }\n",
      "/p.yaml:2\tallow\t{ domain: a.org, scheme: https, private: true }\n" },
    { "private-false-is-nothing",
      "allow:\n  - { domain: a.org, private: false, protocol: http }\n",
      "/p.yaml:2\tallow\ta.org\n" },
    { "a-sealed-rule", "allow:\n  - { domain: a.org, inspect: false }\n",
      "/p.yaml:2\tallow\t{ domain: a.org, inspect: false }\n" },
    { "sealed-is-https",
      "allow:\n  - { domain: a.org, inspect: false, scheme: https, port: 443 }\n",
      "/p.yaml:2\tallow\t{ domain: a.org, inspect: false }\n" },
    { "sealed-on-other-ports",
      "allow:\n  - { domain: [a.org, .b.org], ports: [8443, 443], inspect: false }\n",
      "/p.yaml:2\tallow\t{ domain: [a.org, \".b.org\"], ports: [443, 8443], "
      "inspect: false }\n" },
    { "a-sealed-network", "allow:\n  - { cidr: 10.0.0.0/8, inspect: false }\n",
      "/p.yaml:2\tallow\t{ cidr: 10.0.0.0/8, inspect: false }\n" },
    { "a-private-sealed-rule",
      "allow:\n  - { domain: a.org, inspect: false, private: true }\n",
      "/p.yaml:2\tallow\t{ domain: a.org, inspect: false, private: true }\n" },
    { "a-sealed-rule-with-methods",
      "allow:\n  - { domain: a.org, inspect: false, methods: GET }\n",
      "/p.yaml:2\tallow\t{ domain: a.org, methods: GET, inspect: false }\n" },
    { "a-client-certificate",
      "allow:\n  - { domain: a.org, client_cert: keys/me.pem }\n",
      "/p.yaml:2\tallow\t{ domain: a.org, client_cert: \"/keys/me.pem\" }\n" },
    { "a-client-certificate-and-its-key",
      "allow:\n  - { domain: a.org, client_cert: ../a.pem, client_key: /k/./b.pem }\n",
      "/p.yaml:2\tallow\t{ domain: a.org, client_cert: \"/a.pem\", client_key: "
      "\"/k/b.pem\" }\n" },
    { "a-key-in-the-certificate's-file",
      "allow:\n  - { domain: a.org, client_cert: a.pem, client_key: ./a.pem }\n",
      "/p.yaml:2\tallow\t{ domain: a.org, client_cert: \"/a.pem\" }\n" },
    { "a-client-certificate-with-an-odd-name",
      "allow:\n  - { domain: a.org, client_cert: \"\\\"\\\\\\u00fc\\n\" }\n",
      "/p.yaml:2\tallow\t{ domain: a.org, client_cert: "
      "\"/\\\"\\\\\\U000000FC\\U0000000A\" }\n" },
    { "inspected-is-what-rules-are",
      "allow:\n  - { domain: a.org, inspect: true, scheme: http }\n",
      "/p.yaml:2\tallow\thttp://a.org\n" },
    { "bare-ipv6", "allow:\n  - domain: \"::1\"\n", "/p.yaml:2\tallow\t[::1]\n" },
    { "a-path-that-looks-like-a-prefix", "allow:\n  - { domain: 10.0.0.1, path: /8 }\n",
      "/p.yaml:2\tallow\t{ domain: 10.0.0.1, path: \"/8\" }\n" },
    { "a-method-that-a-string-cannot-have",
      "allow:\n  - { domain: a.org, methods: 'A#B' }\n",
      "/p.yaml:2\tallow\t{ domain: a.org, methods: \"A#B\" }\n" },
    { "a-reason-is-not-part-of-the-form",
      "deny:\n  - { domain: a.org, reason: \"use b.org\" }\n",
      "/p.yaml:2\tdeny\ta.org\n" },
    { "coder-s-published-example",
      "allowlist:\n"
      "  - \"domain=dev.coder.com\"\n"
      "  - \"domain=*.sentry.io\"\n"
      "jail_type: nsjail\n"
      "log_dir: /tmp/boundary_logs\n"
      "proxy_port: 8087\n"
      "log_level: warn\n",
      "/p.yaml:2\tallow\tdomain=dev.coder.com\n"
      "/p.yaml:3\tallow\tdomain=*.sentry.io\n" },
};

static void
test_good(gconstpointer data)
{
    const Case *c = data;
    g_autoptr(BnsPolicy) policy = policy_from(c->yaml);
    g_autofree char *text = bns_policy_describe(policy);

    g_assert_cmpstr(text, ==, c->text);
}

/* Each form in describe reads as the same rule. */
static void
test_again(gconstpointer data)
{
    const Case *c = data;
    g_autoptr(BnsPolicy) policy = policy_from(c->yaml);

    for (guint i = 0; i < policy->rules->len; i++) {
        const BnsRule *rule = policy->rules->pdata[i];
        g_autofree char *form = bns_rule_to_string(rule);
        g_autofree char *item = *form == '{' ? g_strdup(form) : bns_yaml_quote(form);
        g_autofree char *yaml =
            g_strdup_printf("%s: [%s]", bns_verdict_name(rule->verdict), item);
        g_autoptr(BnsPolicy) again = policy_from(yaml);
        g_autofree char *form_again = bns_rule_to_string(again->rules->pdata[0]);

        g_assert_cmpstr(form_again, ==, form);
    }
}

static const Case bad_cases[] = {
    { "a-scalar-as-policy", "hello\n",
      ":1:1: a policy is a mapping of keys: begin with allow:, for example" },
    { "a-list-as-policy", "- a.org\n",
      ":1:1: a policy is a mapping of keys: begin with allow:, for example" },
    { "an-unknown-key", "allow: []\nalow: []\n",
      ":2:1: unknown key \"alow\": is it allow?" },
    { "swapped-letters", "allow:\n  - { domian: a.org }\n",
      ":2:7: unknown key \"domian\": is it domain?" },
    { "an-empty-key", "'': []\n", ":1:1: unknown key \"\": see boundary(1), POLICY" },
    { "a-star-without-quotes", "allow:\n  - *.a.org\n",
      ":2:6: a value that begins with * must be in quotes" },
    { "a-scheme-in-a-domain", "allow:\n  - domain: https://a.org\n",
      ":2:13: bad host \"https://a.org\": a scheme is written under scheme:" },
    { "a-path-in-a-domain", "allow:\n  - domain: a.org/b\n",
      ":2:13: bad host \"a.org/b\": a path is written under path:" },
    { "a-key-that-nobody-knows", "colours: {}\n",
      ":1:1: unknown key \"colours\": see boundary(1), POLICY" },
    { "a-mode-of-its-own", "mode: audit\n", ":1:7: mode: must be enforce or observe" },
    { "a-mode-that-is-a-switch", "mode: true\n",
      ":1:7: mode: must be enforce or observe" },
    { "a-mode-in-capitals", "mode: Observe\n",
      ":1:7: mode: must be enforce or observe" },
    { "a-list-of-modes", "mode: [observe]\n",
      ":1:7: mode: must be enforce or observe" },
    { "a-second-mode", "mode: observe\nmode: observe\n",
      ":2:1: key \"mode\" is given twice, first in line 1: write it once" },
    { "a-null-key", "~: 1\n", ":1:1: unknown key \"~\": see boundary(1), POLICY" },
    { "version-2", "version: 2\n",
      ":1:10: version: this build knows version 1 only: write that" },
    { "version-in-quotes", "version: '1'\n",
      ":1:10: version: must be a number: remove the quotation marks" },
    { "allow-is-a-scalar", "allow: a.org\n",
      ":1:8: allow: must be a list: begin each item with - in a line of its own" },
    { "allow-is-a-mapping", "allow: {domain: a.org}\n",
      ":1:8: allow: must be a list: begin each item with - in a line of its own" },
    { "deny-is-a-boolean", "deny: true\n",
      ":1:7: deny: must be a list: begin each item with - in a line of its own" },
    { "allowlist-is-a-scalar", "allowlist: a\n",
      ":1:12: allowlist: must be a list: begin each item with - in a line of its own" },
    { "allowlist-has-a-mapping", "allowlist:\n  - domain: a.org\n",
      ":2:5: allowlist: has strings only: write it under allow:" },
    { "a-number-as-rule", "allow: [5]\n",
      ":1:9: a rule: must be a string: put it in quotation marks" },
    { "a-null-rule", "allow:\n  -\n", ":2:4: a rule: must be a string: write a value" },
    { "a-list-as-rule", "allow: [[a.org]]\n",
      ":1:9: a rule: must be a string: write one value" },
    { "an-empty-rule", "allow: ['']\n", ":1:9: an empty rule: for every host write *" },
    { "a-bad-string", "allow:\n  - a.org\n  - a.org:0\n",
      ":3:5: rule \"a.org:0\": bad port \"0\": write a number from 1 to 65535" },
    { "an-unknown-key-in-a-rule", "allow:\n  - domain: a.org\n    secret: false\n",
      ":3:5: unknown key \"secret\": use domain, cidr, scheme, port, ports, methods, "
      "path, query, headers, content_type, max_request_bytes, max_session_bytes, "
      "protocol, reason, private, inspect, client_cert or client_key" },
    { "a-query-in-a-rule", "allow:\n  - { domain: a.org, query: x }\n",
      ":2:29: query: must be false, for none, or a mapping from names of parameters to "
      "values, as in { page: \"*\" }" },
    { "method-for-methods", "allow:\n  - { domain: a.org, method: GET }\n",
      ":2:22: unknown key \"method\": is it methods?" },
    { "an-empty-mapping", "allow: [{}]\n", ":1:9: a rule needs domain: or cidr:" },
    { "no-domain", "allow: [{path: /a}]\n", ":1:9: a rule needs domain: or cidr:" },
    { "domain-and-cidr", "allow:\n  - domain: a.org\n    cidr: 10.0.0.0/8\n",
      ":2:5: a rule has either domain: or cidr: write two rules" },
    { "a-bad-domain", "allow:\n  - { domain: [a.org, -b] }\n",
      ":2:23: bad host \"-b\": labels are letters, digits, '-' and '_', at most 63 of "
      "them" },
    { "a-number-as-domain", "allow: [{domain: 1}]\n",
      ":1:18: domain: must be a string: put it in quotation marks" },
    { "a-null-domain", "allow: [{domain: }]\n",
      ":1:18: domain: must be a string: write a value" },
    { "an-empty-list-of-domains", "allow: [{domain: []}]\n",
      ":1:18: domain: must be a value or a list of some" },
    { "a-mapping-as-domain", "allow: [{domain: {a: b}}]\n",
      ":1:18: domain: must be a value or a list of some" },
    { "a-domain-with-port", "allow: [{domain: \"a.org:80\"}]\n",
      ":1:18: bad host \"a.org:80\": a port is written under port:" },
    { "a-list-of-networks", "allow: [{cidr: [10.0.0.0/8]}]\n",
      ":1:16: cidr: must be a string: write one value" },
    { "an-address-as-network", "allow: [{cidr: 10.0.0.1}]\n",
      ":1:16: \"10.0.0.1\" has no valid prefix length: for one address write "
      "\"10.0.0.1/32\"" },
    { "port-and-ports", "allow:\n  - { domain: a.org, port: 1, ports: [2] }\n",
      ":2:38: both port: and ports: write one list" },
    { "port-zero", "allow:\n  - { domain: a.org, port: 0 }\n",
      ":2:28: bad port \"0\": write a number from 1 to 65535" },
    { "port-65536-in-a-list", "allow:\n  - { domain: a.org, ports: [1, 65536] }\n",
      ":2:33: bad port \"65536\": write a number from 1 to 65535" },
    { "a-negative-port", "allow:\n  - { domain: a.org, port: -1 }\n",
      ":2:28: bad port \"-1\": write a number from 1 to 65535" },
    { "a-port-in-quotes", "allow:\n  - { domain: a.org, port: '80' }\n",
      ":2:28: port: must be a number: remove the quotation marks" },
    { "an-empty-list-of-ports", "allow:\n  - { domain: a.org, ports: [] }\n",
      ":2:29: ports: must be a value or a list of some" },
    { "a-bad-method", "allow:\n  - { domain: a.org, methods: [GET, 'P T'] }\n",
      ":2:37: bad method \"P T\": write a word such as GET" },
    { "a-lower-case-method", "allow:\n  - { domain: a.org, methods: get }\n",
      ":2:31: methods are upper-case: write GET" },
    { "a-star-as-method", "allow:\n  - { domain: a.org, methods: '*' }\n",
      ":2:31: for any method leave methods: out" },
    { "an-empty-list-of-methods", "allow:\n  - { domain: a.org, methods: [] }\n",
      ":2:31: methods: must be a value or a list of some" },
    { "a-bad-path", "allow:\n  - { domain: a.org, path: [/a, b] }\n",
      ":2:33: bad path \"b\": the path does not begin with a slash: write one before "
      "it" },
    { "a-null-path", "allow:\n  - domain: a.org\n    path:\n",
      ":3:10: path: must be a string: write a value" },
    { "an-empty-list-of-paths", "allow:\n  - { domain: a.org, path: [] }\n",
      ":2:28: path: must be a value or a list of some" },
    { "a-bad-scheme", "allow:\n  - { domain: a.org, scheme: ftp }\n",
      ":2:30: bad scheme \"ftp\": write http, https or tcp" },
    { "tcp-as-scheme", "allow:\n  - { domain: a.org, scheme: tcp, port: 1 }\n",
      ":2:30: for an opaque flow write protocol: tcp" },
    { "a-bad-protocol", "allow:\n  - { domain: a.org, protocol: udp }\n",
      ":2:32: protocol: must be http or tcp" },
    { "tcp-without-port", "allow:\n  - { domain: a.org, protocol: tcp }\n",
      ":2:5: a tcp rule needs a port: name it" },
    { "tcp-deny-without-port", "deny:\n  - { domain: a.org, protocol: tcp }\n",
      ":2:5: a tcp rule needs a port: name it" },
    { "tcp-with-methods",
      "allow:\n  - { domain: a.org, port: 1, protocol: tcp, methods: GET }\n",
      ":2:5: a tcp rule cannot have methods or a path: nothing is read of an opaque "
      "flow: leave them out" },
    { "tcp-with-path",
      "allow:\n  - { domain: a.org, port: 1, path: /, protocol: tcp }\n",
      ":2:5: a tcp rule cannot have methods or a path: nothing is read of an opaque "
      "flow: leave them out" },
    { "tcp-with-scheme",
      "allow:\n  - { domain: a.org, port: 1, scheme: http, protocol: tcp }\n",
      ":2:39: scheme: is for protocol: http: leave it out" },
    { "private-is-no-boolean", "allow:\n  - { domain: a.org, private: yes }\n",
      ":2:31: private: must be true or false" },
    { "a-private-deny", "deny:\n  - { domain: a.org, private: true }\n",
      ":2:5: private: is for allow rules: leave it out" },
    { "no-client-certificate's-name",
      "allow:\n  - { domain: a.org, client_cert: '' }\n",
      ":2:35: not the name of a file: write a path" },
    { "a-client-certificate-is-no-string",
      "allow:\n  - { domain: a.org, client_cert: [a] }\n",
      ":2:35: client_cert: must be a string: write one value" },
    { "a-key-without-certificate", "allow:\n  - { domain: a.org, client_key: a }\n",
      ":2:34: client_key: needs client_cert:" },
    { "a-deny-with-a-client-certificate",
      "deny:\n  - { domain: a.org, client_cert: a }\n",
      ":2:35: client_cert: is for allow rules: leave it out" },
    { "tcp-with-a-client-certificate",
      "allow:\n  - { domain: a.org, client_cert: a, port: 1, protocol: tcp }\n",
      ":2:35: client_cert: is for flows that are inspected: leave it out, in others "
      "the command shows its own" },
    { "sealed-with-a-client-certificate",
      "allow:\n  - { domain: a.org, client_cert: a, inspect: false }\n",
      ":2:35: client_cert: is for flows that are inspected: leave it out, in others "
      "the command shows its own" },
    { "http-with-a-client-certificate",
      "allow:\n  - { domain: a.org, client_cert: a, scheme: http }\n",
      ":2:35: client_cert: is for TLS, which scheme: http is not: leave one of them "
      "out" },
    { "inspect-is-no-boolean", "allow:\n  - { domain: a.org, inspect: never }\n",
      ":2:31: inspect: must be true or false" },
    { "a-sealed-deny", "deny:\n  - { domain: a.org, inspect: false }\n",
      ":2:31: inspect: is for allow rules: leave it out" },
    { "a-deny-of-what-is-inspected", "deny:\n  - { domain: a.org, inspect: true }\n",
      ":2:31: inspect: is for allow rules: leave it out" },
    { "sealed-tcp",
      "allow:\n  - { domain: a.org, inspect: false, port: 1, protocol: tcp }\n",
      ":2:31: inspect: is for protocol: http; tcp is never inspected: leave it out" },
    { "inspected-tcp",
      "allow:\n  - { domain: a.org, inspect: true, port: 1, protocol: tcp }\n",
      ":2:31: inspect: is for protocol: http; tcp is never inspected: leave it out" },
    { "sealed-http", "allow:\n  - { domain: a.org, inspect: false, scheme: http }\n",
      ":2:31: inspect: false is for TLS, which scheme: http is not: leave one of them "
      "out" },
    { "a-reason-of-two-lines", "deny:\n  - { domain: a.org, reason: \"a\\nb\" }\n",
      ":2:30: reason: must be one line of printable text" },
    { "a-reason-with-an-escape-sequence",
      "deny:\n  - { domain: a.org, reason: \"\\e[2J\" }\n",
      ":2:30: reason: must be one line of printable text" },
    { "a-reason-with-a-hidden-direction",
      "deny:\n  - { domain: a.org, reason: \"\\u202e\" }\n",
      ":2:30: reason: must be one line of printable text" },
    { "auto-preset-is-a-string", "auto_preset: no\n",
      ":1:14: auto_preset: must be true or false" },
    { "extends-is-a-scalar", "extends: a.yaml\n",
      ":1:10: extends: must be a list: begin each item with - in a line of its own" },
    { "extends-has-a-number", "extends: [1]\n",
      ":1:11: extends: must be a string: put it in quotation marks" },
    { "extends-has-nothing", "extends: ['']\n",
      ":1:11: extends: an empty name: name a file" },
    { "enabled-is-no-boolean", "enabled: 0\n",
      ":1:10: enabled: must be true or false" },
    { "enabled-in-quotes", "enabled: 'false'\n",
      ":1:10: enabled: must be true or false: remove the quotation marks" },
    { "tty-is-a-word", "tty: clipboard\n",
      ":1:6: tty: must be a mapping with clipboard" },
    { "tty-has-an-unknown-key", "tty: {clipboard: true, raw: true}\n",
      ":1:24: unknown key \"raw\": use clipboard" },
    { "clipboard-is-no-boolean", "tty:\n  clipboard: yes\n",
      ":2:14: tty.clipboard: must be true or false" },
    { "limits-is-a-number", "limits: 1\n",
      ":1:9: limits: must be a mapping with names, flows, flow_rate, idle, audit_size, "
      "processes, memory, open_files, file_size or cpu" },
    { "limits-has-an-unknown-key", "limits: {names: 1, bytes: 2}\n",
      ":1:20: unknown key \"bytes\": use names, flows, flow_rate, idle, audit_size, "
      "processes, memory, open_files, file_size or cpu" },
    { "no-processes", "limits: {processes: 0}\n",
      ":1:21: limits.processes: must be a number from 1 to 4194304" },
    { "processes-are-no-bytes", "limits: {processes: 1K}\n",
      ":1:21: limits.processes: must be a number from 1 to 4194304" },
    { "too-little-memory", "limits: {memory: 4095K}\n",
      ":1:18: limits.memory: must be a number from 4194304 to 1099511627776, or one "
      "with K, M, G or T" },
    { "too-much-memory", "limits: {memory: 2T}\n",
      ":1:18: limits.memory: must be a number from 4194304 to 1099511627776, or one "
      "with K, M, G or T" },
    { "memory-beyond-numbers", "limits: {memory: 18446744073709551615T}\n",
      ":1:18: limits.memory: must be a number from 4194304 to 1099511627776, or one "
      "with K, M, G or T" },
    { "an-unknown-unit", "limits: {file_size: 1Mi}\n",
      ":1:21: limits.file_size: must be a number from 1 to 1099511627776, or one "
      "with K, M, G or T" },
    { "a-unit-alone", "limits: {file_size: M}\n",
      ":1:21: limits.file_size: must be a number from 1 to 1099511627776, or one "
      "with K, M, G or T" },
    { "too-small-an-audit", "limits: {audit_size: 1K}\n",
      ":1:22: limits.audit_size: must be a number from 4096 to 1099511627776, or one "
      "with K, M, G or T" },
    { "no-cpu", "limits: {cpu: }\n",
      ":1:15: limits.cpu: must be a number from 1 to 31622400" },
    { "no-names", "limits: {names: 0}\n",
      ":1:17: limits.names: must be a number from 1 to 131056" },
    { "too-many-names", "limits: {names: 131057}\n",
      ":1:17: limits.names: must be a number from 1 to 131056" },
    { "too-many-flows", "limits: {flows: 99999999999999999999}\n",
      ":1:17: limits.flows: must be a number from 1 to 65536" },
    { "no-flow-rate", "limits: {flow_rate: 0}\n",
      ":1:21: limits.flow_rate: must be a number from 1 to 65536" },
    { "too-long-idle", "limits: {idle: 604801}\n",
      ":1:16: limits.idle: must be a number from 0 to 604800" },
    { "a-bad-log-level", "log_level: loud\n",
      ":1:12: log_level: must be error, warn, info or debug" },
    { "a-bad-nested", "nested: all\n", ":1:9: nested: must be none, chromium or full" },
    { "a-null-nested", "nested:\n", ":1:8: nested: must be none, chromium or full" },
    { "a-null-log-level", "log_level:\n",
      ":1:11: log_level: must be a string: write a value" },
    { "a-bad-jail-type", "jail_type: docker\n",
      ":1:12: jail_type: must be nsjail or landjail" },
    { "a-bad-proxy-port", "proxy_port: 65536\n",
      ":1:13: proxy_port: must be a number from 0 to 65535" },
    { "a-bad-log-dir", "log_dir: [a]\n",
      ":1:10: log_dir: must be a string: write one value" },
    { "a-bad-switch", "use_real_dns: maybe\n",
      ":1:15: use_real_dns: must be true or false" },
    { "a-bad-target", "session_id_inject_targets: [{}]\n",
      ":1:29: session_id_inject_targets: must be a string: write one value" },
};

static void
test_bad(gconstpointer data)
{
    const Case *c = data;
    g_autoptr(GError) error = NULL;

    g_assert_null(bns_policy_parse("/p.yaml", c->yaml, strlen(c->yaml), &error));
    g_assert_true(g_error_matches(error, BNS_POLICY_ERROR, BNS_POLICY_ERROR_INVALID));
    g_assert_true(g_str_has_prefix(error->message, "/p.yaml"));
    g_assert_cmpstr(error->message + strlen("/p.yaml"), ==, c->text);
}

static void
test_settings(void)
{
    g_autoptr(BnsPolicy) defaults = policy_from("");
    g_autoptr(BnsPolicy) policy =
        policy_from("enabled: false\nlog_level: INFO\nlimits: {names: 7, flows: 9, "
                    "flow_rate: 3, idle: 0}\ntty: {clipboard: true}\n");

    g_assert_false(bns_policy_is_disabled(defaults));
    g_assert_cmpstr(bns_policy_log_level(defaults), ==, NULL);
    g_assert_cmpuint(bns_policy_limits(defaults).names, ==, 16384);
    g_assert_cmpuint(bns_policy_limits(defaults).flows, ==, 4096);
    g_assert_cmpuint(bns_policy_limits(defaults).idle_s, ==, 7440);
    g_assert_false(bns_policy_clipboard(defaults));
    g_assert_true(bns_policy_clipboard(policy));
    g_assert_true(bns_policy_is_disabled(policy));
    g_assert_cmpstr(bns_policy_log_level(policy), ==, "info");
    g_assert_cmpuint(bns_policy_limits(policy).names, ==, 7);
    g_assert_cmpuint(bns_policy_limits(policy).flows, ==, 9);
    g_assert_cmpuint(bns_policy_limits(defaults).flow_rate, ==, 0);
    g_assert_cmpuint(bns_policy_limits(policy).flow_rate, ==, 3);
    g_assert_cmpuint(bns_policy_limits(policy).idle_s, ==, 0);
    g_assert_cmpuint(bns_policy_n_rules(policy), ==, 0);
}

/* Every key of coder/boundary that has no effect says so once. */
static void
test_notices(void)
{
    static const char yaml[] = "log_dir: /tmp\n"
                               "proxy_port: 8080\n"
                               "pprof_enabled: false\n"
                               "pprof_port: 6060\n"
                               "jail_type: landjail\n"
                               "use_real_dns: true\n"
                               "no_user_namespace: false\n"
                               "disable_audit_logs: true\n";
    g_auto(GStrv) lines = g_strsplit(yaml, "\n", -1);
    g_autoptr(BnsConfig) config = bns_config_parse("/p.yaml", yaml, strlen(yaml), NULL);

    g_assert_nonnull(config);
    g_assert_cmpuint(config->notices->len, ==, 8);
    for (guint i = 0; i < config->notices->len; i++) {
        g_autofree char *key = g_strndup(lines[i], strcspn(lines[i], ":"));
        g_autofree char *expected = g_strdup_printf(
            "/p.yaml:%u: %s: is accepted and has no effect here", i + 1, key);

        g_assert_cmpstr(config->notices->pdata[i], ==, expected);
    }
}

static void
test_digest(void)
{
    g_autoptr(BnsPolicy) policy = policy_from("allow: [a.org]");
    g_autoptr(BnsPolicy) same = policy_from("# comment\nallow:\n- domain: A.org\n");
    g_autoptr(BnsPolicy) deny = policy_from("deny: [a.org]");
    g_autoptr(BnsPolicy) reason = policy_from("allow: [{domain: a.org, reason: x}]");

    g_assert_cmpuint(strlen(bns_policy_digest(policy)), ==, 64);
    g_assert_cmpstr(bns_policy_digest(policy), ==, bns_policy_digest(same));
    g_assert_cmpstr(bns_policy_digest(policy), !=, bns_policy_digest(deny));
    g_assert_cmpstr(bns_policy_digest(policy), !=, bns_policy_digest(reason));
}

#define ADD(prefix, table, func)                                                       \
    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {                                 \
        g_autofree char *path = g_strconcat(prefix, table[i].name, NULL);              \
        bns_test_add_data(path, &table[i], func);                                      \
    }

/* As long as a file can be: sorting and comparing must not take the square of it. */
static void
test_long_lists(void)
{
    g_autoptr(GString) yaml = g_string_new("allow:\n  - domain: a.org\n    port: [");
    g_autoptr(BnsPolicy) policy = NULL;
    g_autoptr(GError) error = NULL;
    const BnsRequest request = { .scheme = BNS_SCHEME_HTTP,
                                 .host = "a.org",
                                 .port = 1,
                                 .method = "M19999",
                                 .path = "/" };

    for (unsigned port = 65535; port > 0; port--)
        g_string_append_printf(yaml, "%u,%u,", port, port);
    g_string_append(yaml, "]\n    methods: [");
    for (unsigned method = 0; method < 20000; method++)
        g_string_append_printf(yaml, "M%u,M7,", method);
    g_string_append(yaml, "]\n");
    policy = bns_policy_parse("long.yaml", yaml->str, yaml->len, &error);
    g_assert_no_error(error);
    g_assert_cmpint(bns_policy_decide(policy, &request).verdict, ==, BNS_VERDICT_ALLOW);
}

static void
test_nested(void)
{
    static const char *const names[] = { "none", "chromium", "full" };
    g_autoptr(BnsPolicy) nothing = policy_from("");

    g_assert_cmpint(bns_policy_nested(nothing), ==, BNS_NESTED_NONE);
    g_assert_null(bns_policy_nested_origin(nothing));
    for (int level = 0; level < BNS_N_NESTED; level++) {
        g_autofree char *yaml =
            g_strdup_printf("version: 1\nnested: %s\n", names[level]);
        g_autoptr(BnsPolicy) policy = policy_from(yaml);

        g_assert_cmpint(bns_policy_nested(policy), ==, level);
        g_assert_cmpstr(bns_policy_nested_origin(policy), ==, "/p.yaml:2");
        g_assert_true((level == 0) == g_str_equal(bns_policy_digest(policy),
                                                  bns_policy_digest(nothing)));
    }
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    ADD("/policy/config/", good_cases, test_good);
    ADD("/policy/config/read-again/", good_cases, test_again);
    ADD("/policy/config/refused/", bad_cases, test_bad);
    bns_test_add("/policy/config/long-lists-are-read-at-once", test_long_lists);
    bns_test_add("/policy/config/settings-have-defaults", test_settings);
    bns_test_add("/policy/config/nested-has-three-levels", test_nested);
    bns_test_add("/policy/config/unused-keys-are-noticed", test_notices);
    bns_test_add("/policy/config/the-digest-is-of-what-rules-mean", test_digest);
    return g_test_run();
}
