/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/texts.h"

#include <string.h>

/* System layer's files; origin and rule of what was added; then path, device, inode,
 * whether it was read, bytes. */
#define FORM "(aaya(ayay)a(ayttbay))"

BnsPolicyAdded *
bns_policy_added_new(const char *origin, const char *rule)
{
    BnsPolicyAdded *added = g_new0(BnsPolicyAdded, 1);

    added->origin = g_strdup(origin);
    added->rule = g_strdup(rule);
    return added;
}

void
bns_policy_added_free(void *data)
{
    BnsPolicyAdded *added = data;

    g_free(added->origin);
    g_free(added->rule);
    g_free(added);
}

static void
text_free(void *data)
{
    BnsPolicyText *text = data;

    g_free(text->path);
    g_clear_pointer(&text->bytes, g_bytes_unref);
    g_free(text);
}

BnsPolicyTexts *
bns_policy_texts_new(void)
{
    BnsPolicyTexts *texts = g_new0(BnsPolicyTexts, 1);

    texts->list = g_ptr_array_new_with_free_func(text_free);
    texts->paths = g_hash_table_new(g_str_hash, g_str_equal);
    texts->system = g_ptr_array_new_with_free_func(g_free);
    texts->added = g_ptr_array_new_with_free_func(bns_policy_added_free);
    return texts;
}

void
bns_policy_texts_free(BnsPolicyTexts *texts)
{
    if (texts == NULL)
        return;
    g_hash_table_unref(texts->paths);
    g_ptr_array_unref(texts->list);
    g_ptr_array_unref(texts->system);
    g_ptr_array_unref(texts->added);
    g_free(texts);
}

static BnsPolicyText *
find_or_make(BnsPolicyTexts *texts, const char *path)
{
    BnsPolicyText *text = g_hash_table_lookup(texts->paths, path);

    if (text != NULL)
        return text;
    text = g_new0(BnsPolicyText, 1);
    text->path = g_strdup(path);
    g_ptr_array_add(texts->list, text);
    g_hash_table_insert(texts->paths, text->path, text);
    return text;
}

void
bns_policy_texts_add(BnsPolicyTexts *texts,
                     const char *path,
                     const struct stat *status,
                     GBytes *bytes)
{
    BnsPolicyText *text = find_or_make(texts, path);

    if (bytes == NULL)
        return;
    g_clear_pointer(&text->bytes, g_bytes_unref);
    text->bytes = g_bytes_ref(bytes);
    text->device = status->st_dev;
    text->inode = status->st_ino;
}

const BnsPolicyText *
bns_policy_texts_find(const BnsPolicyTexts *texts, const char *path)
{
    return g_hash_table_lookup(texts->paths, path);
}

static bool
bytes_equal(GBytes *a, GBytes *b)
{
    return a == NULL || b == NULL ? a == b : g_bytes_equal(a, b);
}

bool
bns_policy_texts_equal(const BnsPolicyTexts *a, const BnsPolicyTexts *b)
{
    if (a->list->len != b->list->len || a->system->len != b->system->len)
        return false;
    for (guint i = 0; i < a->system->len; i++)
        if (!g_str_equal(a->system->pdata[i], b->system->pdata[i]))
            return false;
    for (guint i = 0; i < a->list->len; i++) {
        const BnsPolicyText *one = a->list->pdata[i];
        const BnsPolicyText *other = bns_policy_texts_find(b, one->path);

        if (other == NULL || !bytes_equal(one->bytes, other->bytes))
            return false;
    }
    return true;
}

const char *
bns_policy_texts_find_emptied(const BnsPolicyTexts *before, const BnsPolicyTexts *after)
{
    for (guint i = 0; i < after->list->len; i++) {
        const BnsPolicyText *now = after->list->pdata[i];
        const BnsPolicyText *then = bns_policy_texts_find(before, now->path);

        if (now->bytes != NULL && g_bytes_get_size(now->bytes) == 0 && then != NULL &&
            then->bytes != NULL && g_bytes_get_size(then->bytes) > 0)
            return now->path;
    }
    return NULL;
}

BnsPolicyTexts *
bns_policy_texts_copy(const BnsPolicyTexts *texts)
{
    g_autoptr(GBytes) packed = bns_policy_texts_pack(texts);

    return bns_policy_texts_unpack(packed);
}

/* --- as bytes --- */

static GVariant *
pack_bytes(GBytes *bytes)
{
    if (bytes == NULL)
        return g_variant_new_from_data(G_VARIANT_TYPE_BYTESTRING, NULL, 0, TRUE, NULL,
                                       NULL);
    return g_variant_new_from_bytes(G_VARIANT_TYPE_BYTESTRING, bytes, TRUE);
}

GBytes *
bns_policy_texts_pack(const BnsPolicyTexts *texts)
{
    g_autoptr(GVariant) whole = NULL;
    GVariantBuilder system, added, list;

    g_variant_builder_init(&system, G_VARIANT_TYPE("aay"));
    for (guint i = 0; i < texts->system->len; i++)
        g_variant_builder_add(&system, "^ay", texts->system->pdata[i]);
    g_variant_builder_init(&added, G_VARIANT_TYPE("a(ayay)"));
    for (guint i = 0; i < texts->added->len; i++) {
        const BnsPolicyAdded *one = texts->added->pdata[i];

        g_variant_builder_add(&added, "(^ay^ay)", one->origin, one->rule);
    }
    g_variant_builder_init(&list, G_VARIANT_TYPE("a(ayttbay)"));
    for (guint i = 0; i < texts->list->len; i++) {
        const BnsPolicyText *text = texts->list->pdata[i];

        g_variant_builder_add(&list, "(^aytt@b@ay)", text->path, (guint64)text->device,
                              (guint64)text->inode,
                              g_variant_new_boolean(text->bytes != NULL),
                              pack_bytes(text->bytes));
    }
    whole = g_variant_ref_sink(
        g_variant_new("(@aay@a(ayay)@a(ayttbay))", g_variant_builder_end(&system),
                      g_variant_builder_end(&added), g_variant_builder_end(&list)));
    return g_variant_get_data_as_bytes(whole);
}

/* Whether @value is a string: bytes that end in their only NUL. */
static bool
take_string(GVariant *value, const char **out_string)
{
    gsize len;
    const char *bytes = g_variant_get_fixed_array(value, &len, 1);

    if (len == 0 || memchr(bytes, '\0', len) != bytes + len - 1)
        return false;
    *out_string = bytes;
    return true;
}

static bool
unpack_system(GVariant *whole, BnsPolicyTexts *texts)
{
    g_autoptr(GVariant) system = g_variant_get_child_value(whole, 0);

    for (gsize i = 0; i < g_variant_n_children(system); i++) {
        g_autoptr(GVariant) name = g_variant_get_child_value(system, i);
        const char *path;

        if (!take_string(name, &path))
            return false;
        g_ptr_array_add(texts->system, g_strdup(path));
    }
    return true;
}

static bool
unpack_added(GVariant *whole, BnsPolicyTexts *texts)
{
    g_autoptr(GVariant) list = g_variant_get_child_value(whole, 1);

    for (gsize i = 0; i < g_variant_n_children(list); i++) {
        g_autoptr(GVariant) entry = g_variant_get_child_value(list, i);
        g_autoptr(GVariant) first = g_variant_get_child_value(entry, 0);
        g_autoptr(GVariant) second = g_variant_get_child_value(entry, 1);
        const char *origin, *rule;

        if (!take_string(first, &origin) || !take_string(second, &rule))
            return false;
        g_ptr_array_add(texts->added, bns_policy_added_new(origin, rule));
    }
    return true;
}

static bool
unpack_text(GVariant *entry, BnsPolicyTexts *texts)
{
    g_autoptr(GVariant) name = g_variant_get_child_value(entry, 0);
    g_autoptr(GVariant) content = g_variant_get_child_value(entry, 4);
    g_autoptr(GBytes) bytes = NULL;
    struct stat status = { 0 };
    guint64 device, inode;
    gboolean is_read;
    const char *path;

    if (!take_string(name, &path) || bns_policy_texts_find(texts, path) != NULL)
        return false;
    g_variant_get_child(entry, 1, "t", &device);
    g_variant_get_child(entry, 2, "t", &inode);
    g_variant_get_child(entry, 3, "b", &is_read);
    status.st_dev = (dev_t)device;
    status.st_ino = (ino_t)inode;
    if (is_read)
        bytes = g_variant_get_data_as_bytes(content);
    bns_policy_texts_add(texts, path, &status, bytes);
    return true;
}

BnsPolicyTexts *
bns_policy_texts_unpack(GBytes *bytes)
{
    g_autoptr(BnsPolicyTexts) texts = bns_policy_texts_new();
    g_autoptr(GVariant) whole = g_variant_ref_sink(
        g_variant_new_from_bytes(G_VARIANT_TYPE(FORM), bytes, FALSE));
    g_autoptr(GVariant) list = NULL;

    if (!g_variant_is_normal_form(whole) || !unpack_system(whole, texts) ||
        !unpack_added(whole, texts))
        return NULL;
    list = g_variant_get_child_value(whole, 2);
    for (gsize i = 0; i < g_variant_n_children(list); i++) {
        g_autoptr(GVariant) entry = g_variant_get_child_value(list, i);

        if (!unpack_text(entry, texts))
            return NULL;
    }
    return g_steal_pointer(&texts);
}
