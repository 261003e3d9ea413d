/* SPDX-License-Identifier: Apache-2.0 */
/* What each construct of another program's file becomes, and what is said of the rest. */
#include "policy/import.h"
#include "policy/policy.h"
#include "tests/support/test.h"

#include <string.h>

typedef struct {
    const char *name;
    BnsImportKind kind;
    const char *text;
    const char *yaml;   /* behind "version: 1\n" */
    const char *losses; /* each behind "f:", in a line */
} Case;

#define PROTOCOLS                                                                      \
    " and others: other protocols than HTTP (a rule tcp://HOST:PORT allows one): not " \
    "expressed; the result is narrower\n"
#define NARROWER ": not expressed; the result is narrower\n"
#define WIDER    ": not expressed; the result is wider\n"
#define NOTHING  "files:\n  write: []\n"
#define MODE     "sandbox_mode='read-only'\n"

static const Case cases[] = {
    /* srt */
    { "srt/nothing", BNS_IMPORT_SRT, "{}", NOTHING, "" },
    { "srt/empty-lists-allow-nothing", BNS_IMPORT_SRT,
      "{\"network\":{\"allowedDomains\":[],\"deniedDomains\":[]},\"filesystem\":{"
      "\"denyRead\":[],\"allowWrite\":[],\"denyWrite\":[]}}",
      NOTHING, "" },
    { "srt/a-host-has-any-port", BNS_IMPORT_SRT,
      "{\"network\":{\"allowedDomains\":[\"A.org\",\"*.b.org\"]}}",
      "allow:\n  - \"domain=a.org\"\n  - \"domain=*.b.org\"\n" NOTHING,
      "1: host \"A.org\"" PROTOCOLS },
    { "srt/a-port", BNS_IMPORT_SRT,
      "{\"network\":{\n\"allowedDomains\":[\n\"a.org:8443\"]}}",
      "allow:\n  - \"a.org:8443\"\n" NOTHING, "3: host \"a.org:8443\"" PROTOCOLS },
    { "srt/ssh-is-opaque", BNS_IMPORT_SRT,
      "{\"network\":{\"allowedDomains\":[\"a.org:22\"]}}",
      "allow:\n  - \"tcp://a.org:22\"\n" NOTHING, "" },
    { "srt/an-address", BNS_IMPORT_SRT,
      "{\"network\":{\"allowedDomains\":[\"10.0.0.1:22\",\"[2001:DB8::1]:80\"]}}",
      "allow:\n"
      "  - { domain: 10.0.0.1, port: 22, protocol: tcp, private: true }\n"
      "  - { domain: \"[2001:db8::1]\", port: 80, private: true }\n" NOTHING,
      "1: host \"[2001:DB8::1]:80\"" PROTOCOLS },
    { "srt/an-address-without-port", BNS_IMPORT_SRT,
      "{\"network\":{\"allowedDomains\":[\"10.0.0.1\"]}}",
      "allow:\n  - { domain: 10.0.0.1, private: true }\n" NOTHING,
      "1: host \"10.0.0.1\": ports but 80 and 443" NARROWER
      "1: host \"10.0.0.1\"" PROTOCOLS },
    { "srt/the-host's-loopback", BNS_IMPORT_SRT,
      "{\"network\":{\"allowedDomains\":[\"localhost\",\"x.localhost:80\","
      "\"127.1.2.3\",\"[::1]:80\"]}}",
      NOTHING,
      "1: host \"localhost\" (the host's loopback: --host-port offers its "
      "ports)" NARROWER "1: host \"x.localhost:80\" (the host's loopback: --host-port "
      "offers its ports)" NARROWER "1: host \"127.1.2.3\" (the host's loopback: "
      "--host-port offers its ports)" NARROWER
      "1: host \"[::1]:80\" (the host's loopback: --host-port offers its "
      "ports)" NARROWER },
    { "srt/too-wide", BNS_IMPORT_SRT,
      "{\"network\":{\"allowedDomains\":[\"*\",\"*.org\",\"*:443\"]}}", NOTHING,
      "1: host \"*\" (too wide there, too)" NARROWER
      "1: host \"*.org\" (too wide there, too)" NARROWER
      "1: host \"*:443\" (too wide there, too)" NARROWER },
    { "srt/no-hosts", BNS_IMPORT_SRT,
      "{\"network\":{\"allowedDomains\":[\"\",\"a b\",\".a.org\",\"a.*.org\","
      "\"a.org:0\",\"a.org:\",\"https://a.org\",\"a.org path=/\",\"a\\nb\"]}}",
      NOTHING,
      "1: host \"\" (no host that a rule can name)" NARROWER
      "1: host \"a b\" (no host that a rule can name)" NARROWER
      "1: host \".a.org\" (no host)" NARROWER
      "1: host \"a.*.org\" (no host that a rule can name)" NARROWER
      "1: host \"a.org:0\" (no port)" NARROWER "1: host \"a.org:\" (no port)" NARROWER
      "1: host \"https://a.org\" (no port)" NARROWER
      "1: host \"a.org path=/\" (no host that a rule can name)" NARROWER
      "1: host \"a\\x0ab\" (no host that a rule can name)" NARROWER },
    { "srt/denied", BNS_IMPORT_SRT,
      "{\"network\":{\"deniedDomains\":[\"a.org\",\"*.b.org\",\"*\",\"*:22\"],"
      "\"deniedDomainReasons\":{\"a.org\":\"say \\\"no\\\"\"}}}",
      "deny:\n  - { domain: a.org, reason: \"say \\\"no\\\"\" }\n"
      "  - { domain: \"*.b.org\" }\n  - { domain: \"*\" }\n"
      "  - { domain: \"*\", port: 22 }\n" NOTHING,
      "" },
    { "srt/a-denied-host-that-is-none-is-wider", BNS_IMPORT_SRT,
      "{\"network\":{\"deniedDomains\":[\"a_*\"]}}", NOTHING,
      "1: denied host \"a_*\" (no host that a rule can name)" WIDER },
    { "srt/denied-addresses", BNS_IMPORT_SRT,
      "{\"network\":{\"deniedResolvedAddresses\":[\"10.0.0.0/8\",\"1.2.3.4\",\"fd00::"
      "1\",\"x\"]}}",
      "deny:\n  - { cidr: 10.0.0.0/8 }\n  - { cidr: 1.2.3.4/32 }\n"
      "  - { cidr: \"fd00::1/128\" }\n" NOTHING,
      "1: deniedResolvedAddresses: \"x\" (\"x/32\" is no network: write "
      "10.0.0.0/8 or fd00::/8)" WIDER },
    { "srt/sealed", BNS_IMPORT_SRT,
      "{\"network\":{\"allowedDomains\":[\"a.org\"],\"tlsTerminate\":{"
      "\"excludeDomains\":[\"a.org\",\"b.org\"]}}}",
      "allow:\n  - \"domain=a.org\"\n  - { domain: a.org, inspect: false }\n" NOTHING,
      "1: host \"a.org\"" PROTOCOLS
      "1: tlsTerminate.excludeDomains: \"b.org\" (it is no name in allowedDomains: TLS "
      "to it is inspected)" NARROWER },
    { "srt/sockets", BNS_IMPORT_SRT,
      "{\"network\":{\"allowUnixSockets\":[\"/run/x\"],\"allowAllUnixSockets\":false,"
      "\"allowLocalBinding\":true}}",
      NOTHING,
      "1: allowUnixSockets: \"/run/x\" (without effect on Linux there; sockets: would "
      "allow it)" NARROWER },
    { "srt/what-a-session-has-for-itself", BNS_IMPORT_SRT,
      "{\"filesystem\":{\"allowWrite\":[\".\",\"/tmp/\",\"/tmp/x\"]}}",
      "files:\n  write:\n    - \".\"\n    - \"/tmp/x\"\n",
      "1: filesystem.allowWrite: \"/tmp/\" (each session has one of its own, which "
      "ends with it)" NARROWER },
    { "srt/files", BNS_IMPORT_SRT,
      "{\"filesystem\":{\"allowWrite\":[\".\",\"./src/\",\"/opt\"],\"denyWrite\":["
      "\".env\"],\"denyRead\":[\"/srv/**\",\"/x/*.pem\"],\"allowRead\":[\"/srv/a\"]}}",
      "files:\n  write:\n    - \".\"\n    - src\n    - \"/opt\"\n  read_only:\n    - "
      "\".env\"\n  hide:\n    - \"/srv\"\n    - \"/x/*.pem\"\n  show:\n    - "
      "\"/srv/a\"\n",
      "" },
    { "srt/a-denied-path-wins-however-deep-the-allowed-is", BNS_IMPORT_SRT,
      "{\"filesystem\":{\"allowWrite\":[\"~/a/b/c\",\"~/ab\",\"~/a\"],\"denyWrite\":["
      "\"~/a/\"]}}",
      "files:\n  write:\n    - \"~/ab\"\n  read_only:\n    - \"~/a\"\n", "" },
    { "srt/a-denied-path-that-may-be-above", BNS_IMPORT_SRT,
      "{\"filesystem\":{\"allowWrite\":[\".\"],\"denyWrite\":[\"~/a\"]}}",
      "files:\n  write:\n    - \".\"\n  read_only:\n    - \"~/a\"\n",
      "1: filesystem.denyWrite: \"~/a\", where something writable (.) lies in it: here "
      "the deeper decides, and others like it" WIDER },
    { "srt/writable-but-not-readable", BNS_IMPORT_SRT,
      "{\"filesystem\":{\"allowWrite\":[\"/a/b\"],\"denyRead\":[\"/a\"]}}",
      "files:\n  write: []\n  hide:\n    - \"/a\"\n",
      "1: filesystem.allowWrite: \"/a/b\" (it cannot be read, and what is writable is "
      "to be seen here)" NARROWER },
    { "srt/patterns", BNS_IMPORT_SRT,
      "{\"filesystem\":{\"allowWrite\":[\"src/*.c\"],\"denyWrite\":[\"[ab]\"],"
      "\"denyRead\":[\"**/.env\"]}}",
      NOTHING,
      "1: filesystem.allowWrite: \"src/*.c\" (files.write: is one path, without *, ? "
      "or [: write each)" NARROWER
      "1: filesystem.denyWrite: \"[ab]\" (files.read_only: is one path, without *, ? "
      "or [: write each)" WIDER "1: filesystem.denyRead: \"**/.env\" "
      "(files.hide: * may stand in the last part only: name the directory)" WIDER },
    { "srt/hidden-in-the-working-directory", BNS_IMPORT_SRT,
      "{\"filesystem\":{\"denyRead\":[\".env\"]}}",
      "files:\n  write: []\n  hide:\n    - \".env\"\n",
      "1: filesystem.denyRead: \".env\": that files made beside it are kept (a "
      "directory with something hidden is made anew for each session)" NARROWER },
    { "srt/credentials", BNS_IMPORT_SRT,
      "{\"credentials\":{\"files\":[{\"path\":\"~/"
      ".t\",\"mode\":\"deny\"}],\"envVars\":["
      "{\"name\":\"K\",\"mode\":\"mask\"},{\"name\":\"A B\",\"mode\":\"deny\"}]}}",
      "env:\n  hide:\n    - K\nfiles:\n  write: []\n  hide:\n    - \"~/.t\"\n",
      "1: credentials: \"K\": a stand-in (it is hidden here)" NARROWER
      "1: credentials: \"A B\" (env.hide: A B: a name is of printable ASCII, without "
      "blanks and =)" WIDER },
    { "srt/other-keys", BNS_IMPORT_SRT,
      "{\"enableWeakerNestedSandbox\":true,\"allowAppleEvents\":false,\"x\":1,"
      "\"ignoreViolations\":{}}",
      NOTHING,
      "1: enableWeakerNestedSandbox" NARROWER
      "1: x (what it means is not known here)" WIDER },
    { "srt/text-that-would-end-its-line", BNS_IMPORT_SRT,
      "{\"filesystem\":{\"allowWrite\":[\"/a\\nallow: {b}\\u00fc\\\"\"]}}",
      "files:\n  write:\n    - \"/a\\U0000000Aallow: {b}\\U000000FC\\\"\"\n", "" },

    /* claude */
    { "claude/nothing", BNS_IMPORT_CLAUDE, "{}", "", "" },
    { "claude/other-keys-are-not-about-this", BNS_IMPORT_CLAUDE,
      "{\"model\":\"x\",\"hooks\":{\"a\":[{\"b\":[1]}]},\"env\":{\"A\":\"b\"}}", "",
      "" },
    { "claude/a-fetch-without-sandbox-reads", BNS_IMPORT_CLAUDE,
      "{\"permissions\":{\"allow\":[\"WebFetch(domain:a.org)\"]}}",
      "allow:\n  - \"method=GET,HEAD domain=a.org\"\n", "" },
    { "claude/a-fetch-with-sandbox-is-for-commands-too", BNS_IMPORT_CLAUDE,
      "{\"permissions\":{\"allow\":[\"WebFetch(domain:*.a.org)\"]},\"sandbox\":{"
      "\"enabled\":true}}",
      "allow:\n  - \"domain=*.a.org\"\n", "1: host \"*.a.org\"" PROTOCOLS },
    { "claude/a-fetch-of-every-host", BNS_IMPORT_CLAUDE,
      "{\"permissions\":{\"allow\":[\"WebFetch\",\"WebFetch(domain:*)\"],\"deny\":["
      "\"WebFetch\"]}}",
      "",
      "1: allow \"WebFetch\" (name the hosts)" NARROWER
      "1: allow \"WebFetch(domain:*)\" (name the hosts)" NARROWER
      "1: deny \"WebFetch\" (name the hosts)" WIDER },
    { "claude/a-denied-fetch", BNS_IMPORT_CLAUDE,
      "{\"permissions\":{\"deny\":[\"WebFetch(domain:a.org)\"]}}",
      "deny:\n  - { domain: a.org }\n", "" },
    { "claude/what-spares-a-question", BNS_IMPORT_CLAUDE,
      "{\"permissions\":{\"allow\":[\"Bash(npm run test:*)\",\"mcp__x\",\"Edit\","
      "\"Edit(src/**/*.ts)\",\"Read(./x)\",\"Edit(/docs/**)\"],\"defaultMode\":"
      "\"acceptEdits\"}}",
      "", "" },
    { "claude/denied-commands", BNS_IMPORT_CLAUDE,
      "{\"permissions\":{\"deny\":[\"Bash(sudo:*)\",\"Bash(su *)\",\"Bash(git "
      "push:*)\",\"Bash(rm -rf /)\",\"Bash(reboot)\",\"Bash(npm * --force)\"]}}",
      "commands:\n  exec: record\n  deny:\n    - sudo\n    - su\n"
      "    - { command: git, arguments: push }\n"
      "    - { command: git, arguments: \"push *\" }\n"
      "    - { command: rm, arguments: \"-rf /\" }\n"
      "    - { command: reboot, arguments: \"\" }\n"
      "    - { command: npm, arguments: \"* --force\" }\n",
      "" },
    { "claude/a-denied-program-is-not-recorded", BNS_IMPORT_CLAUDE,
      "{\"permissions\":{\"deny\":[\"Bash(sudo:*)\"]}}",
      "commands:\n  deny:\n    - sudo\n", "" },
    { "claude/commands-of-a-shell", BNS_IMPORT_CLAUDE,
      "{\"permissions\":{\"deny\":[\"Bash\",\"Bash(*)\",\"Bash(cd:*)\",\"Bash(curl * | "
      "sh)\",\"Bash(A=b c:*)\",\"Bash(c*)\",\"Bash(x\"]}}",
      "",
      "1: deny \"Bash\"" WIDER "1: deny \"Bash(*)\"" WIDER
      "1: deny \"Bash(cd:*)\"" WIDER "1: deny \"Bash(curl * | sh)\"" WIDER
      "1: deny \"Bash(A=b c:*)\"" WIDER "1: deny \"Bash(c*)\"" WIDER
      "1: deny \"Bash(x\" (no rule)" WIDER },
    { "claude/denied-files", BNS_IMPORT_CLAUDE,
      "{\"permissions\":{\"deny\":[\"Read(~/.ssh/**)\",\"Read(//etc/x)\",\"Read(a/b)\","
      "\"Edit(.github/**)\",\"Write(./c)\"]}}",
      "files:\n  read_only:\n    - \".github\"\n    - c\n  hide:\n    - \"~/.ssh\"\n"
      "    - \"/etc/x\"\n    - a/b\n",
      "" },
    { "claude/denied-files-in-part", BNS_IMPORT_CLAUDE,
      "{\"permissions\":{\"deny\":[\"Read(**/*.pem)\",\"Read\",\"Read(!a)\",\"Edit(/x/"
      "y)\",\"Edit(z)\"]}}",
      "files:\n  read_only:\n    - x/y\n    - z\n",
      "1: deny \"Read(**/*.pem)\"" WIDER "1: deny \"Read\"" WIDER
      "1: deny \"Read(!a)\"" WIDER
      "1: deny \"Edit(/x/y)\": that it begins where the settings lie (the working "
      "directory is taken)" WIDER
      "1: deny \"Edit(z)\": in the directories below" WIDER },
    { "claude/a-file-named-anywhere", BNS_IMPORT_CLAUDE,
      "{\"permissions\":{\"deny\":[\"Edit(.env)\"]}}",
      "files:\n  read_only:\n    - \".env\"\n",
      "1: deny \"Edit(.env)\": in the directories below" WIDER },
    { "claude/allowed-files-elsewhere", BNS_IMPORT_CLAUDE,
      "{\"permissions\":{\"allow\":[\"Edit(~/notes/**)\",\"Read(~/.ssh/config)\","
      "\"Edit(//a/**/b)\"],\"additionalDirectories\":[\"../docs/\"]}}",
      "files:\n  write:\n    - \"../docs\"\n    - \"~/notes\"\n    - \".\"\n  show:\n"
      "    - \"~/.ssh/config\"\n",
      "1: allow \"Edit(//a/**/b)\"" NARROWER },
    { "claude/nothing-may-be-edited", BNS_IMPORT_CLAUDE,
      "{\"permissions\":{\"deny\":[\"Edit(./**)\"]}}",
      "files:\n  write: []\n  read_only:\n    - \".\"\n", "" },
    { "claude/questions-and-tools", BNS_IMPORT_CLAUDE,
      "{\"permissions\":{\"ask\":[\"Bash(x)\"],\"deny\":[\"WebSearch\",\"Agent(y)\"],"
      "\"defaultMode\":\"plan\"}}",
      "",
      "1: permissions.defaultMode: plan" WIDER
      "1: deny \"WebSearch\" (a tool of the agent itself)" WIDER
      "1: deny \"Agent(y)\" (a tool of the agent itself)" WIDER
      "1: ask \"Bash(x)\" (nothing is asked here)" WIDER },
    { "claude/sandbox", BNS_IMPORT_CLAUDE,
      "{\"sandbox\":{\"enabled\":true,\"excludedCommands\":[\"docker *\"],"
      "\"allowUnsandboxedCommands\":false,\"autoAllowBashIfSandboxed\":true,"
      "\"network\":"
      "{\"deniedDomains\":[\"a.org\"],\"httpProxyPort\":1},\"filesystem\":{"
      "\"denyWrite\":[\"b\"]}}}",
      "deny:\n  - { domain: a.org }\nfiles:\n  read_only:\n    - b\n",
      "1: sandbox.excludedCommands (no command runs outside)" NARROWER
      "1: sandbox.network.httpProxyPort (--upstream-proxy leads to a proxy)" WIDER },
    { "claude/sandbox-off", BNS_IMPORT_CLAUDE, "{\"sandbox\":{\"enabled\":false}}", "",
      "1: sandbox.enabled: off (here nothing runs without one)" NARROWER },

    /* domains */
    { "domains/nothing", BNS_IMPORT_DOMAINS, "", "", "" },
    { "domains/one-a-line", BNS_IMPORT_DOMAINS,
      "\xef\xbb\xbf# all\r\na.org\r\n\n  *.b.org # below\n.c.org:8443\n",
      "allow:\n  - a.org\n  - \"*.b.org\"\n  - \".c.org:8443\"\n", "" },
    { "domains/several-a-line", BNS_IMPORT_DOMAINS, "a.org,b.org c.org\ta.org",
      "allow:\n  - a.org\n  - b.org\n  - c.org\n", "" },
    { "domains/other-rules", BNS_IMPORT_DOMAINS, "https://a.org tcp://b.org:22 c.org/d",
      "allow:\n  - \"https://a.org\"\n  - \"tcp://b.org:22\"\n  - c.org/d\n", "" },
    { "domains/no-rule-for-every-host", BNS_IMPORT_DOMAINS, "path=/ method=GET\n", "",
      "1: \"path=/\" (no host)" NARROWER "1: \"method=GET\" (no host)" NARROWER },
    { "domains/no-host", BNS_IMPORT_DOMAINS, "a.org\n||b^\n", "allow:\n  - a.org\n",
      "2: \"||b^\" (rule \"||b^\": bad host \"||b^\": labels are letters, digits, '-' "
      "and '_', at most 63 of them)" NARROWER },

    /* codex */
    { "codex/nothing", BNS_IMPORT_CODEX, "model = 'x'\n", NOTHING,
      "1: neither sandbox_mode nor default_permissions (read-only is "
      "taken)" NARROWER },
    { "codex/read-only", BNS_IMPORT_CODEX, MODE, NOTHING, "" },
    { "codex/full-access", BNS_IMPORT_CODEX, "sandbox_mode = \"danger-full-access\"",
      NOTHING, "1: sandbox_mode: danger-full-access (read-only is taken)" NARROWER },
    { "codex/workspace-write", BNS_IMPORT_CODEX,
      "sandbox_mode = \"workspace-write\"\n[sandbox_workspace_write]\n"
      "writable_roots = ['/a', \"~/b/\"]\nexclude_slash_tmp = true\n"
      "network_access = false\n",
      "files:\n  write:\n    - \".\"\n    - \"/a\"\n    - \"~/b\"\n", "" },
    { "codex/network-access", BNS_IMPORT_CODEX,
      "sandbox_mode = \"workspace-write\"\nsandbox_workspace_write.network_access = "
      "true\n",
      "allow:\n  - \"domain=*\"\nfiles:\n  write:\n    - \".\"\n",
      "2: host \"*\"" PROTOCOLS },
    { "codex/the-older-key-wins", BNS_IMPORT_CODEX,
      MODE "default_permissions = ':workspace'\n", NOTHING, "" },
    { "codex/built-in-profiles", BNS_IMPORT_CODEX, "default_permissions = ':workspace'",
      "files:\n  write:\n    - \".\"\n", "" },
    { "codex/a-profile's-files", BNS_IMPORT_CODEX,
      "default_permissions = 'p'\n[permissions.p.filesystem]\n\":root\" = 'read'\n"
      "\":minimal\" = 'read'\n':tmpdir' = 'write'\n\"~/.aws\" = 'deny'\n\"/a\" = "
      "'write'\n[permissions.p.filesystem.':workspace_roots']\n'.' = 'write'\n'.git' = "
      "'read'\n'secrets/**' = 'none'\n'**/x' = 'deny'\n[permissions.q.filesystem]\n"
      "'/b' = 'write'\n",
      "files:\n  write:\n    - \"/a\"\n    - \".\"\n  read_only:\n    - \".git\"\n"
      "  hide:\n    - \"~/.aws\"\n    - secrets\n",
      "12: filesystem: \"**/x\" = \"deny\" (files.hide: * may stand in the last part "
      "only: name the directory)" WIDER },
    { "codex/what-is-not-named-cannot-be-read-there", BNS_IMPORT_CODEX,
      "default_permissions = 'p'\n[permissions.p.filesystem]\n':workspace_roots' = "
      "'read'\n",
      "files:\n  write: []\n  read_only:\n    - \".\"\n",
      "2: filesystem: that nothing but what it names can be read" WIDER },
    { "codex/a-profile's-hosts", BNS_IMPORT_CODEX,
      "default_permissions = 'p'\nfeatures.network_proxy = true\n"
      "[permissions.p.network]\nenabled = true\n[permissions.p.network.domains]\n"
      "'a.org' = 'allow'\n'**.b.org' = 'allow'\n'*.c.org' = 'allow'\n'd.b.org' = "
      "'deny'\n",
      "allow:\n  - \"domain=a.org\"\n  - \"domain=*.b.org\"\n  - \"domain=b.org\"\n"
      "  - \"domain=*.c.org\"\ndeny:\n  - { domain: d.b.org }\n" NOTHING,
      "6: host \"a.org\"" PROTOCOLS },
    { "codex/limited", BNS_IMPORT_CODEX,
      "default_permissions = 'p'\n[features]\nnetwork_proxy = true\n"
      "[permissions.p.network]\nenabled = true\nmode = 'limited'\n"
      "domains = { 'a.org' = 'allow', 'b.org:8080' = 'allow' }\n",
      "allow:\n  - \"method=GET,HEAD,OPTIONS domain=a.org\"\n"
      "  - \"GET,HEAD,OPTIONS b.org:8080\"\n" NOTHING,
      "" },
    { "codex/a-network-that-is-off", BNS_IMPORT_CODEX,
      "default_permissions = 'p'\n[permissions.p.network]\nenabled = false\n"
      "[permissions.p.network.domains]\n'a.org' = 'allow'\n",
      NOTHING, "" },
    { "codex/hosts-that-are-not-enforced-there", BNS_IMPORT_CODEX,
      "default_permissions = 'p'\n[permissions.p.network]\nenabled = true\n", NOTHING,
      "3: network.enabled: that without features.network_proxy every host is "
      "reached" NARROWER },
    { "codex/environment", BNS_IMPORT_CODEX,
      MODE "[shell_environment_policy]\ninherit = 'core'\nset = { A = 'b', N = 1 }\n"
           "exclude = ['AWS_*']\ninclude_only = ['PATH', 'X_*']\n",
      "env:\n  mode: clean\n  hide:\n    - \"AWS_*\"\n    - \"aws_*\"\n  pass:\n    - "
      "PATH\n    - \"X_*\"\n  set:\n    A: b\n    "
      "N: \"1\"\n" NOTHING,
      "5: shell_environment_policy.exclude: \"AWS_*\": names in both cases" WIDER },

    /* coder */
    { "coder/nothing", BNS_IMPORT_CODER, "", "", "" },
    { "coder/rules", BNS_IMPORT_CODER,
      "allowlist:\n  - domain=*.github.com # x\n  - \"method=GET,POST domain=a.org "
      "path=/x/*\"\nlog_level: WARN\njail_type: nsjail\nproxy_port: 8087\n",
      "log_level: warn\nallow:\n  - \"domain=*.github.com\"\n"
      "  - \"method=GET,POST domain=a.org path=/x/*\"\n",
      "" },
    { "coder/unsafe-forms", BNS_IMPORT_CODER,
      "allowlist:\n  - ''\n  - domain=a.org path=/\n  - domain=a.org domain=b.org\n",
      "allow:\n  - \"domain=a.org path=/\"\n",
      "2: allowlist: \"\" (an empty rule: for every host write *)" NARROWER
      "3: allowlist: \"domain=a.org path=/\" (path=/ means the path / alone, not every "
      "path)" NARROWER "4: allowlist: \"domain=a.org domain=b.org\" (rule "
      "\"domain=a.org domain=b.org\": a second domain=: write a rule for "
      "each)" NARROWER },
    { "coder/other-keys", BNS_IMPORT_CODER,
      "use_real_dns: true\nno_user_namespace: true\nx: 1\n", "",
      "1: use_real_dns (names are answered by the sandbox's own resolver)" NARROWER
      "3: x (what it means is not known here)" WIDER },
};

static char *
join_losses(const BnsImport *import)
{
    GString *text = g_string_new(NULL);

    for (char **loss = import->losses; *loss != NULL; loss++) {
        g_assert_true(g_str_has_prefix(*loss, "f:"));
        g_string_append_printf(text, "%s\n", *loss + strlen("f:"));
    }
    return g_string_free(text, FALSE);
}

static void
test_case(gconstpointer data)
{
    static const char head[] = "version: 1\n";
    const Case *c = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(BnsImport) import =
        bns_import(c->kind, "f", c->text, strlen(c->text), &error);
    g_autofree char *losses = NULL;
    const char *body;

    g_assert_no_error(error);
    losses = join_losses(import);
    body = strstr(import->yaml, head);
    g_assert_nonnull(body);
    g_assert_cmpstr(body + strlen(head), ==, c->yaml);
    g_assert_cmpstr(losses, ==, c->losses);
}

/* What got lost stands in the file, too. */
static void
test_comments(void)
{
    static const char text[] = "{\"network\":{\"allowedDomains\":[\"*\"]}}";
    g_autoptr(BnsImport) import =
        bns_import(BNS_IMPORT_SRT, "a\nb", text, strlen(text), NULL);

    g_assert_true(g_str_has_prefix(
        import->yaml, "# Made by: boundary-ns import srt a\\x0ab\n# Not expressed:\n"
                      "#   a\\x0ab:1: host \"*\" (too wide there, too): not expressed; "
                      "the result is narrower\n"));
}

typedef struct {
    const char *name;
    BnsImportKind kind;
    const char *text;
    const char *error;
} Bad;

static const Bad bad[] = {
    { "srt/no-json", BNS_IMPORT_SRT, "",
      "f:1:1: no JSON value: a string has quotation "
      "marks" },
    { "srt/a-list", BNS_IMPORT_SRT, "[]", "f:1:1: settings are an object with keys" },
    { "srt/hosts-are-no-list", BNS_IMPORT_SRT,
      "{\"network\":{\"deniedDomains\":\"a.org\"}}",
      "f:1:29: deniedDomains: must be a list" },
    { "srt/a-host-is-no-string", BNS_IMPORT_SRT,
      "{\"network\":{\"deniedDomains\":[1]}}",
      "f:1:30: deniedDomains: must be a list of strings" },
    { "srt/paths-are-no-list", BNS_IMPORT_SRT, "{\"filesystem\":{\"denyRead\":1}}",
      "f:1:27: filesystem.denyRead: must be a list" },
    { "srt/an-empty-path", BNS_IMPORT_SRT, "{\"filesystem\":{\"denyRead\":[\"\"]}}",
      "f:1:28: filesystem.denyRead: must be a list of paths" },
    { "claude/a-rule-is-no-string", BNS_IMPORT_CLAUDE,
      "{\"permissions\":{\"deny\":[{}]}}",
      "f:1:25: permissions.deny: must be a list of strings" },
    { "claude/a-sandbox-is-no-object", BNS_IMPORT_CLAUDE, "{\"sandbox\":true}",
      "f:1:12: sandbox: must be an object with keys" },
    { "domains/no-text", BNS_IMPORT_DOMAINS, "a.org\n\xff\n",
      "f:2:1: not UTF-8: save the file in that encoding" },
    { "codex/no-toml", BNS_IMPORT_CODEX, "a", "f:1:2: a = is missing" },
    { "codex/an-unknown-mode", BNS_IMPORT_CODEX, "sandbox_mode = 'x'",
      "f:1:16: sandbox_mode: must be read-only, workspace-write or "
      "danger-full-access" },
    { "codex/an-unknown-profile", BNS_IMPORT_CODEX, "default_permissions = 'p'",
      "f:1:23: default_permissions: no table of that name is below permissions" },
    { "coder/no-yaml", BNS_IMPORT_CODER, "a: &b c",
      "f:1:4: anchors (&) are not allowed here: leave it out" },
    { "coder/rules-are-no-list", BNS_IMPORT_CODER, "allowlist: a",
      "f:1:12: allowlist: must be a list" },
    { "domains/rules-that-contradict", BNS_IMPORT_DOMAINS, "a.org tcp://a.org:443",
      NULL },
};

static void
test_bad(gconstpointer data)
{
    const Bad *c = data;
    g_autoptr(GError) error = NULL;

    g_assert_null(bns_import(c->kind, "f", c->text, strlen(c->text), &error));
    g_assert_true(g_error_matches(error, BNS_POLICY_ERROR, BNS_POLICY_ERROR_INVALID));
    if (c->error != NULL)
        g_assert_cmpstr(error->message, ==, c->error);
    else
        g_assert_true(
            g_str_has_prefix(error->message, "f: the result would be no policy: "));
}

static void
test_limits(void)
{
    g_autofree char *hosts = g_strnfill(1024 * 1024 + 1, '\n');
    g_autoptr(GString) paths = g_string_new("{\"filesystem\":{\"denyRead\":[\"/a\"");
    g_autoptr(GError) error = NULL;

    for (int kind = 0; kind < BNS_N_IMPORT_KINDS; kind++) {
        g_assert_null(
            bns_import((BnsImportKind)kind, "f", hosts, 1024 * 1024 + 1, &error));
        g_assert_cmpstr(error->message, ==, "f:1:1: larger than 1 MiB");
        g_clear_error(&error);
    }
    for (int i = 0; i < 256; i++)
        g_string_append_printf(paths, ",\"/%d\"", i);
    g_string_append(paths, "]}}");
    g_assert_null(bns_import(BNS_IMPORT_SRT, "f", paths->str, paths->len, &error));
    g_assert_cmpstr(error->message, ==, "f:1:1: more paths than 256");
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/policy/import/", cases[i].name, NULL);

        bns_test_add_data(path, &cases[i], test_case);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *path = g_strconcat("/policy/import/bad/", bad[i].name, NULL);

        bns_test_add_data(path, &bad[i], test_bad);
    }
    bns_test_add("/policy/import/losses-are-in-the-file", test_comments);
    bns_test_add("/policy/import/limits", test_limits);
    return g_test_run();
}
