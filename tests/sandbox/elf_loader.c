/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/elf_loader.h"

#include "tests/support/test.h"

#include <elf.h>
#include <link.h>
#include <string.h>

#define LOADER "/lib/ld.so"

typedef struct {
    ElfW(Ehdr) file;
    ElfW(Phdr) parts[2];
    char name[16];
} Program;

static Program
make(void)
{
    Program program = { .name = LOADER };
    const uint16_t one = 1;

    memcpy(program.file.e_ident, ELFMAG, SELFMAG);
    program.file.e_ident[EI_CLASS] = sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32;
    program.file.e_ident[EI_DATA] =
        *(const uint8_t *)&one == 1 ? ELFDATA2LSB : ELFDATA2MSB;
    program.file.e_phentsize = sizeof(program.parts[0]);
    program.file.e_phnum = G_N_ELEMENTS(program.parts);
    program.file.e_phoff = offsetof(Program, parts);
    program.parts[0].p_type = PT_LOAD;
    program.parts[1].p_type = PT_INTERP;
    program.parts[1].p_offset = offsetof(Program, name);
    program.parts[1].p_filesz = sizeof(LOADER);
    return program;
}

static bool
find(const Program *program, size_t len, char *out_path, size_t size)
{
    /* Of exactly that size, for the sanitizers. */
    g_autofree uint8_t *head = g_memdup2(program, len);

    return bns_elf_loader_find(head, len, out_path, size);
}

static void
test_found(void)
{
    Program program = make();
    char path[sizeof(LOADER)];

    g_assert_true(find(&program, sizeof(program), path, sizeof(path)));
    g_assert_cmpstr(path, ==, LOADER);
    g_assert_false(find(&program, sizeof(program), path, sizeof(path) - 1));
}

static void
test_cut(void)
{
    Program program = make();
    char path[64];
    size_t needed = offsetof(Program, name) + sizeof(LOADER);

    for (size_t len = 0; len < needed; len++)
        g_assert_false(find(&program, len, path, sizeof(path)));
    g_assert_true(find(&program, needed, path, sizeof(path)));
}

static void
spoil_magic(Program *program)
{
    program->file.e_ident[1] = 'e';
}

static void
spoil_class(Program *program)
{
    program->file.e_ident[EI_CLASS] ^= ELFCLASS32 ^ ELFCLASS64;
}

static void
spoil_order(Program *program)
{
    program->file.e_ident[EI_DATA] ^= ELFDATA2LSB ^ ELFDATA2MSB;
}

static void
spoil_entry_size(Program *program)
{
    program->file.e_phentsize--;
}

static void
spoil_offset(Program *program)
{
    program->file.e_phoff = (ElfW(Off)) - 8;
}

static void
spoil_name_offset(Program *program)
{
    program->parts[1].p_offset = (ElfW(Off)) - 4;
}

static void
spoil_name_length(Program *program)
{
    program->parts[1].p_filesz = (ElfW(Xword)) - 1;
}

static void
spoil_name_end(Program *program)
{
    program->name[sizeof(LOADER) - 1] = 'x';
}

static void
spoil_name_middle(Program *program)
{
    program->name[4] = '\0';
}

static void
make_relative(Program *program)
{
    program->name[0] = 'l';
}

static void
remove_loader(Program *program)
{
    program->parts[1].p_type = PT_NOTE;
}

static const struct {
    const char *name;
    void (*spoil)(Program *program);
} spoilt[] = {
    { "another-file", spoil_magic },
    { "another-word-size", spoil_class },
    { "another-byte-order", spoil_order },
    { "another-entry-size", spoil_entry_size },
    { "headers-elsewhere", spoil_offset },
    { "a-name-elsewhere", spoil_name_offset },
    { "a-name-without-bounds", spoil_name_length },
    { "a-name-without-end", spoil_name_end },
    { "a-name-that-ends-early", spoil_name_middle },
    { "a-relative-name", make_relative },
    { "a-static-program", remove_loader },
};

static void
test_spoilt(gconstpointer data)
{
    void (*spoil)(Program *) = spoilt[GPOINTER_TO_SIZE(data)].spoil;
    Program program = make();
    char path[64];

    spoil(&program);
    g_assert_false(find(&program, sizeof(program), path, sizeof(path)));
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    bns_test_add("/sandbox/elf-loader/it-is-found", test_found);
    bns_test_add("/sandbox/elf-loader/not-in-half-a-file", test_cut);
    for (size_t i = 0; i < G_N_ELEMENTS(spoilt); i++) {
        g_autofree char *path =
            g_strdup_printf("/sandbox/elf-loader/not-in/%s", spoilt[i].name);

        bns_test_add_data(path, GSIZE_TO_POINTER(i), test_spoilt);
    }
    return g_test_run();
}
