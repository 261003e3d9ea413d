/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ELF: which loader a program asks for. The file may be anybody's: pure, bounded, and no
 * number in it is trusted.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where linkers put the headers and the name: in the first page. */
#define BNS_ELF_LOADER_HEAD 4096

/* @head: the first @len bytes of a file. Returns: whether it is an ELF file of this
 * machine's word size and byte order that names a loader by an absolute path, which goes
 * into @out_path. */
bool bns_elf_loader_find(const uint8_t *head, size_t len, char *out_path, size_t size);
