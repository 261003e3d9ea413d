/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/elf_loader.h"

#include <elf.h>
#include <link.h>
#include <string.h>

static bool
read_header(const uint8_t *head, size_t len, ElfW(Ehdr) * out)
{
    const uint16_t one = 1;
    unsigned char order = *(const unsigned char *)&one == 1 ? ELFDATA2LSB : ELFDATA2MSB;

    if (len < sizeof(*out))
        return false;
    memcpy(out, head, sizeof(*out));
    return memcmp(out->e_ident, ELFMAG, SELFMAG) == 0 &&
           out->e_ident[EI_CLASS] == (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32) &&
           out->e_ident[EI_DATA] == order && out->e_phentsize == sizeof(ElfW(Phdr));
}

bool
bns_elf_loader_find(const uint8_t *head, size_t len, char *out_path, size_t size)
{
    ElfW(Ehdr) file;
    ElfW(Phdr) part;

    if (!read_header(head, len, &file))
        return false;
    for (size_t i = 0; i < file.e_phnum; i++) {
        if (file.e_phoff > len || (len - file.e_phoff) / sizeof(part) <= i)
            return false;
        memcpy(&part, head + file.e_phoff + i * sizeof(part), sizeof(part));
        if (part.p_type != PT_INTERP)
            continue;
        if (part.p_offset > len || part.p_filesz > len - part.p_offset ||
            part.p_filesz < 2 || part.p_filesz > size || head[part.p_offset] != '/' ||
            memchr(head + part.p_offset, '\0', part.p_filesz) !=
                head + part.p_offset + part.p_filesz - 1)
            return false;
        memcpy(out_path, head + part.p_offset, part.p_filesz);
        return true;
    }
    return false;
}
