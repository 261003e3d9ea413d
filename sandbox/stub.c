/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/stub.h"

#include "sandbox/exit_status.h"

#include <elf.h>
#include <endian.h>
#include <glib.h>
#include <string.h>

/* Where a program that is not relocated lies on every architecture, and a page of the
 * largest kind (aarch64, 64 KiB) in front of it. */
#define BASE       0x400000
#define PAGE_BYTES 0x10000

/* write(2, text, length); exit_group(126). The length lies behind the code, the text
 * behind the length. */
#if defined(__x86_64__)
#define MACHINE EM_X86_64
#define CODE                                                                           \
    "mov $1, %eax\n"                                                                   \
    "mov $2, %edi\n"                                                                   \
    "lea 1f(%rip), %rsi\n"                                                             \
    "mov 0f(%rip), %edx\n"                                                             \
    "syscall\n"                                                                        \
    "mov $231, %eax\n"                                                                 \
    "mov $126, %edi\n"                                                                 \
    "syscall\n"
#elif defined(__aarch64__)
#define MACHINE EM_AARCH64
#define CODE                                                                           \
    "mov x8, #64\n"                                                                    \
    "mov x0, #2\n"                                                                     \
    "adr x1, 1f\n"                                                                     \
    "ldr w2, 0f\n"                                                                     \
    "svc #0\n"                                                                         \
    "mov x8, #94\n"                                                                    \
    "mov x0, #126\n"                                                                   \
    "svc #0\n"
#elif defined(__riscv) && __riscv_xlen == 64
#define MACHINE EM_RISCV
#define CODE                                                                           \
    ".option push\n"                                                                   \
    ".option norelax\n"                                                                \
    "li a7, 64\n"                                                                      \
    "li a0, 2\n"                                                                       \
    "lla a1, 1f\n"                                                                     \
    "lwu a2, 0f\n"                                                                     \
    "ecall\n"                                                                          \
    "li a7, 94\n"                                                                      \
    "li a0, 126\n"                                                                     \
    "ecall\n"                                                                          \
    ".option pop\n"
#else
#error "write(2) and exit_group(2) in this architecture's assembler"
#endif

__asm__(".pushsection .rodata\n"
        ".balign 4\n"
        ".hidden bns_stub_code\n"
        ".globl bns_stub_code\n"
        "bns_stub_code:\n" CODE "0: .long 0\n"
        "1:\n"
        ".hidden bns_stub_code_end\n"
        ".globl bns_stub_code_end\n"
        "bns_stub_code_end:\n"
        ".byte 0\n"
        ".popsection\n");

extern const uint8_t bns_stub_code[] __attribute__((visibility("hidden")));
extern const uint8_t bns_stub_code_end[] __attribute__((visibility("hidden")));

G_STATIC_ASSERT(BNS_EXIT_NOT_EXECUTABLE == 126);

typedef struct {
    Elf64_Ehdr file;
    Elf64_Phdr segments[2];
} Head;

/* One segment for all, and a stack that is none for code. */
static Head
make_head(size_t len)
{
    return (Head){
        .file = { .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
                               BYTE_ORDER == LITTLE_ENDIAN ? ELFDATA2LSB : ELFDATA2MSB,
                               EV_CURRENT },
                  .e_type = ET_EXEC,
                  .e_machine = MACHINE,
                  .e_version = EV_CURRENT,
                  .e_entry = BASE + sizeof(Head),
                  .e_phoff = offsetof(Head, segments),
                  .e_ehsize = sizeof(Elf64_Ehdr),
                  .e_phentsize = sizeof(Elf64_Phdr),
                  .e_phnum = 2 },
        .segments = { { .p_type = PT_LOAD,
                        .p_flags = PF_R | PF_X,
                        .p_vaddr = BASE,
                        .p_paddr = BASE,
                        .p_filesz = len,
                        .p_memsz = len,
                        .p_align = PAGE_BYTES },
                      { .p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W } },
    };
}

size_t
bns_stub_build(uint8_t out_file[BNS_STUB_MAX], const char *text)
{
    size_t code_len = (size_t)(bns_stub_code_end - bns_stub_code);
    uint32_t text_len = (uint32_t)strnlen(text, BNS_STUB_TEXT_MAX);
    size_t text_at = sizeof(Head) + code_len;
    size_t len = text_at + text_len;
    Head head = make_head(len);

    g_assert(len <= BNS_STUB_MAX);
    memcpy(out_file, &head, sizeof(head));
    memcpy(out_file + sizeof(head), bns_stub_code, code_len);
    memcpy(out_file + text_at - sizeof(text_len), &text_len, sizeof(text_len));
    memcpy(out_file + text_at, text, text_len);
    return len;
}
