/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One pass over each argument. Wherever a run of name characters ends, the run is
 * judged, then what follows it: `=` or `:` begins a value, and so does white space (or
 * the end of the argument) behind an option. The copy goes on behind the value.
 */
#include "audit/mask.h"

#include <stdbool.h>
#include <string.h>

typedef struct {
    const char *start; /* of the argument */
    const char *at;
    GString *out;
    bool next_is_secret; /* the argument ended behind `--token` */
} Masker;

static bool
is_name_char(char c)
{
    return g_ascii_isalnum(c) || c == '_' || c == '-' || c == '.';
}

static bool
is_quote(char c)
{
    return c == '"' || c == '\'' || c == '`';
}

/* Whether @part is the last part of @name, or one before a separator: as "key" in
 * API_KEY, apikey, KEY_ID, private-key-pem, ssh-keys; not in keyboard. */
static bool
has_part(const char *name, const char *part)
{
    size_t len = strlen(part);

    for (const char *at = strstr(name, part); at != NULL; at = strstr(at + 1, part))
        if (!g_ascii_isalpha(at[len]) || strcmp(at + len, "s") == 0)
            return true;
    return false;
}

static bool
is_secret_name(const char *run, size_t len)
{
    static const char *const anywhere[] = { "token",      "secret",        "passw",
                                            "passphrase", "authorization", "credential",
                                            "cookie" };
    static const char *const parts[] = { "key", "auth", "pass", "pwd", "bearer" };
    g_autofree char *name = g_ascii_strdown(run, (gssize)len);

    for (size_t i = 0; i < G_N_ELEMENTS(anywhere); i++)
        if (strstr(name, anywhere[i]) != NULL)
            return true;
    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++)
        if (has_part(name, parts[i]))
            return true;
    return false;
}

/* `Bearer` is followed by the credential, as an option by its value. */
static bool
takes_next_word(const char *run, size_t len)
{
    return *run == '-' ||
           (len == strlen("bearer") && g_ascii_strncasecmp(run, "bearer", len) == 0);
}

/* Headers whose value is more than one word. */
static bool
takes_line(const char *run, size_t len)
{
    g_autofree char *name = g_ascii_strdown(run, (gssize)len);

    return strstr(name, "authorization") != NULL || strstr(name, "cookie") != NULL;
}

static void
copy(Masker *masker, size_t len)
{
    g_string_append_len(masker->out, masker->at, (gssize)len);
    masker->at += len;
}

/* Masks up to the first of @ends, or to the argument's end. */
static void
mask_until(Masker *masker, const char *ends)
{
    size_t len = strcspn(masker->at, ends);

    if (len > 0)
        g_string_append(masker->out, BNS_MASK);
    masker->at += len;
}

/* The value at masker->at; @whole: it reaches to the end of the argument. @line: it may
 * have spaces in it. */
static void
mask_value(Masker *masker, bool whole, bool line)
{
    const char quote[] = { *masker->at, '\0' };

    if (whole) {
        mask_until(masker, "");
    } else if (is_quote(*quote)) {
        copy(masker, 1);
        mask_until(masker, quote);
    } else {
        mask_until(masker, line ? "\"'`\r\n" : " \t\r\n\"'`&");
    }
}

/* Behind a secret's name, at `=` or `:`, or a quote before it. Returns: whether it was a
 * value. */
static bool
mask_assignment(Masker *masker, bool at_start, bool line)
{
    size_t quotes = is_quote(*masker->at) ? 1 : 0;
    size_t spaces = strspn(masker->at + quotes, " \t");
    char sign = masker->at[quotes + spaces];

    if (sign != ':' && (sign != '=' || spaces > 0))
        return false;
    copy(masker, quotes + spaces + 1);
    if (sign == ':')
        copy(masker, strspn(masker->at, " \t"));
    mask_value(masker, at_start && quotes == 0, line);
    return true;
}

static void
mask_after_name(Masker *masker, const char *run, size_t len)
{
    bool at_start = run == masker->start;
    size_t spaces;

    if (mask_assignment(masker, at_start, takes_line(run, len)))
        return;
    if (!takes_next_word(run, len))
        return;
    spaces = strspn(masker->at, " \t");
    if (masker->at[spaces] == '\0') {
        masker->next_is_secret = true;
        copy(masker, spaces);
    } else if (spaces > 0 && masker->at[spaces] != '-') {
        copy(masker, spaces);
        mask_value(masker, false, false);
    }
}

/* At "://": masks the user and the password of the URL, if it has them. */
static void
mask_userinfo(Masker *masker)
{
    size_t authority, user = 0;

    copy(masker, strlen("://"));
    authority = strcspn(masker->at, "/?# \t\r\n\"'`");
    for (size_t i = 0; i < authority; i++)
        if (masker->at[i] == '@')
            user = i;
    if (user == 0)
        return;
    g_string_append(masker->out, BNS_MASK);
    masker->at += user;
}

static char *
mask_text(const char *argument, bool *out_next_is_secret)
{
    Masker masker = { .start = argument, .at = argument };

    masker.out = g_string_sized_new(strlen(argument));
    while (*masker.at != '\0') {
        const char *run = masker.at;
        size_t len = 0;

        while (is_name_char(run[len]))
            len++;
        if (len > 0) {
            copy(&masker, len);
            if (g_str_has_prefix(masker.at, "://"))
                mask_userinfo(&masker);
            else if (is_secret_name(run, len))
                mask_after_name(&masker, run, len);
        } else {
            copy(&masker, 1);
        }
    }
    *out_next_is_secret = masker.next_is_secret;
    return g_string_free(masker.out, FALSE);
}

char **
bns_mask_argv(const char *const *argv)
{
    GPtrArray *masked = g_ptr_array_new();
    bool is_secret = false;

    for (size_t i = 0; argv[i] != NULL; i++) {
        bool next_is_secret;
        char *text = mask_text(argv[i], &next_is_secret);

        /* `--token --password x`: were `--password` taken for the token, x would show. */
        if (is_secret && !(argv[i][0] == '-' && next_is_secret)) {
            g_free(text);
            text = g_strdup(BNS_MASK);
            next_is_secret = false;
        }
        g_ptr_array_add(masked, text);
        is_secret = next_is_secret;
    }
    g_ptr_array_add(masked, NULL);
    return (char **)g_ptr_array_free(masked, FALSE);
}
