/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/git_keys.h"

#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Git's own is a few kilobytes. */
#define CONFIG_MAX (1024 * 1024)

/* "*" as key: all of the section. Lower case. */
static const struct {
    const char *section, *key;
} programs[] = {
    { "alias", "*" },
    { "browser", "*" },
    { "core", "alternaterefscommand" },
    { "core", "askpass" },
    { "core", "editor" },
    { "core", "fsmonitor" },
    { "core", "gitproxy" },
    { "core", "hookspath" },
    { "core", "pager" },
    { "core", "sshcommand" },
    { "core", "worktree" },
    { "core", "attributesfile" },
    { "credential", "*" },
    { "diff", "command" },
    { "diff", "external" },
    { "diff", "textconv" },
    { "difftool", "*" },
    { "extensions", "*" },
    { "filter", "*" },
    { "gpg", "*" },
    { "guitool", "*" },
    { "hook", "*" },
    { "imap", "tunnel" },
    { "include", "*" },
    { "includeif", "*" },
    { "instaweb", "*" },
    { "interactive", "difffilter" },
    { "lfs", "clean" },
    { "lfs", "path" },
    { "lfs", "smudge" },
    { "man", "*" },
    { "merge", "driver" },
    { "mergetool", "*" },
    { "pager", "*" },
    { "protocol", "*" },
    { "receive", "*" },
    { "remote", "receivepack" },
    { "remote", "uploadpack" },
    { "remote", "vcs" },
    { "sendemail", "*" },
    { "sequence", "editor" },
    { "ssh", "*" },
    { "submodule", "update" },
    { "tar", "*" },
    { "trailer", "*" },
    { "uploadpack", "*" },
    { "url", "*" },
    { "web", "browser" },
};

typedef struct {
    GString *found;           /* lines */
    GString *header;          /* of the section, as written */
    GString *section;         /* its name alone, lower case */
    const char *only_section; /* borrowed, (nullable): of the one key that is wanted */
    const char *only_key;     /* borrowed */
    char *value;              /* owned, (nullable): of that */
} Reader;

static bool
names_program(const char *section, const char *key)
{
    for (gsize i = 0; i < G_N_ELEMENTS(programs); i++)
        if (strcmp(programs[i].section, section) == 0 &&
            (strcmp(programs[i].key, "*") == 0 || strcmp(programs[i].key, key) == 0))
            return true;
    return false;
}

/* "[section "sub"]". Returns: what follows it; the end, if it does not end. */
static const char *
read_header(Reader *reader, const char *line)
{
    const char *at = line + 1;
    bool is_quoted = false, is_escaped = false;
    g_autofree char *name = NULL;

    for (; *at != '\0' && (is_quoted || is_escaped || *at != ']'); at++) {
        is_quoted ^= !is_escaped && *at == '"';
        is_escaped = !is_escaped && *at == '\\';
    }
    /* Git refuses one that does not end; here all that is open in it is closed. */
    g_string_truncate(reader->header, 0);
    g_string_append_len(reader->header, line, at - line);
    g_string_append(reader->header, is_escaped ? "\\" : "");
    g_string_append(reader->header, is_quoted ? "\"]" : "]");
    at += *at == ']' ? 1 : 0;
    line += 1 + strspn(line + 1, " \t");
    name = g_ascii_strdown(line, (gssize)strcspn(line, " \t\".]"));
    g_string_assign(reader->section, name);
    return at;
}

/* What follows "=". */
static char *
read_value(const char *at)
{
    GString *value = g_string_new(NULL);
    bool is_quoted = false;
    gsize len = 0; /* without blanks at the end that are not quoted */

    for (at += strspn(at, " \t"); *at != '\0'; at++) {
        if (!is_quoted && (*at == '#' || *at == ';'))
            break;
        if (*at == '"') {
            is_quoted = !is_quoted;
            continue;
        }
        if (*at == '\\' && at[1] != '\0')
            at++;
        g_string_append_c(value, *at);
        if (is_quoted || strchr(" \t\r", *at) == NULL)
            len = value->len;
    }
    g_string_truncate(value, len);
    return g_string_free(value, FALSE);
}

/* A subsection has a header of its own. */
static bool
is_only_section(const Reader *reader)
{
    gsize len = strlen(reader->only_section);
    const char *header = reader->header->str;

    return *header == '[' &&
           g_ascii_strncasecmp(header + 1, reader->only_section, len) == 0 &&
           (header[len + 1] == ']' || header[len + 1] == '\0');
}

static void
take_setting(Reader *reader, const char *key, const char *line)
{
    const char *value = line + strcspn(line, " \t\r=");

    if (reader->only_section == NULL) {
        if (names_program(reader->section->str, key))
            g_string_append_printf(reader->found, "%s %s\n", reader->header->str, line);
        return;
    }
    if (!is_only_section(reader) || strcmp(key, reader->only_key) != 0)
        return;
    value += strspn(value, " \t");
    g_free(reader->value);
    reader->value = read_value(*value == '=' ? value + 1 : "");
}

static void
read_line(Reader *reader, const char *line)
{
    g_autofree char *key = NULL;

    line += strspn(line, " \t\r");
    while (*line == '[') {
        line = read_header(reader, line);
        line += strspn(line, " \t\r");
    }
    if (*line == '\0' || *line == '#' || *line == ';')
        return;
    key = g_ascii_strdown(line, (gssize)strcspn(line, " \t\r="));
    take_setting(reader, key, line);
}

/* Returns: how much of @text is an escaped end of a line, 0: none. */
static gsize
escaped_end(const char *text, gsize len)
{
    if (len >= 2 && memcmp(text, "\\\n", 2) == 0)
        return 2;
    return len >= 3 && memcmp(text, "\\\r\n", 3) == 0 ? 3 : 0;
}

/* A line whose end is escaped goes on in the next one; a comment's never is. Returns: how
 * much it takes. */
static gsize
take_line(GString *line, const char *text, gsize len)
{
    bool is_quoted = false, is_comment = false;
    gsize at = 0;

    g_string_truncate(line, 0);
    while (at < len && text[at] != '\n') {
        gsize n_skipped = is_comment ? 0 : escaped_end(text + at, len - at);
        gsize end = at + (text[at] == '\\' && !is_comment && at + 1 < len ? 2 : 1);

        at += n_skipped;
        if (n_skipped > 0)
            continue;
        is_quoted ^= text[at] == '"';
        is_comment |= !is_quoted && (text[at] == '#' || text[at] == ';');
        /* A byte that ends a string would hide what follows. */
        for (; at < end; at++)
            g_string_append_c(line, text[at] != '\0' ? text[at] : ' ');
    }
    return MIN(at + 1, len);
}

static void
read_all(Reader *reader, const char *text, gsize len)
{
    g_autoptr(GString) line = g_string_new(NULL);
    gsize mark = len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

    reader->found = g_string_new(NULL);
    reader->header = g_string_new(NULL);
    reader->section = g_string_new(NULL);
    text += mark;
    len -= mark;
    while (len > 0) {
        gsize taken = take_line(line, text, len);

        read_line(reader, line->str);
        text += taken;
        len -= taken;
    }
    g_string_free(reader->header, TRUE);
    g_string_free(reader->section, TRUE);
}

char *
bns_git_keys(const char *text, gsize len)
{
    Reader reader = { 0 };

    read_all(&reader, text, len);
    return g_string_free(reader.found, FALSE);
}

char *
bns_git_keys_read(int fd, gsize *out_len)
{
    g_autofree char *text = g_malloc(CONFIG_MAX);
    gsize len = 0;
    struct stat info;
    ssize_t n;

    if (fstat(fd, &info) < 0 || !S_ISREG(info.st_mode))
        return NULL;
    while (len < CONFIG_MAX && (n = read(fd, text + len, CONFIG_MAX - len)) > 0)
        len += (gsize)n;
    *out_len = len;
    return len < CONFIG_MAX ? g_steal_pointer(&text) : NULL;
}

char *
bns_git_keys_value(const char *text, gsize len, const char *section, const char *key)
{
    Reader reader = { .only_section = section, .only_key = key };

    read_all(&reader, text, len);
    g_string_free(reader.found, TRUE);
    return reader.value;
}
