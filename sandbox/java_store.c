/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/java_store.h"

#include "sandbox/pem.h"

#include <glib.h>
#include <stdbool.h>
#include <string.h>

/* DER's tags. */
enum {
    INTEGER = 0x02,
    OCTETS = 0x04,
    SEQUENCE = 0x30,
    SET = 0x31,
    BMP_STRING = 0x1e,
    EXPLICIT = 0xa0,
};

/* A length comes before what it measures, so everything is written backwards: then each
 * is known when its turn comes. */
typedef struct {
    uint8_t *start; /* of the buffer */
    uint8_t *at;    /* of what was written so far */
} Writer;

/* Object identifiers, as they are encoded. */
static const uint8_t pkcs7_data[] = { 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
                                      0xf7, 0x0d, 0x01, 0x07, 0x01 };
static const uint8_t cert_bag[] = { 0x06, 0x0b, 0x2a, 0x86, 0x48, 0x86, 0xf7,
                                    0x0d, 0x01, 0x0c, 0x0a, 0x01, 0x03 };
static const uint8_t x509_certificate[] = { 0x06, 0x0a, 0x2a, 0x86, 0x48, 0x86,
                                            0xf7, 0x0d, 0x01, 0x09, 0x16, 0x01 };
static const uint8_t friendly_name[] = { 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
                                         0xf7, 0x0d, 0x01, 0x09, 0x14 };
/* Oracle's 2.16.840.1.113894.746875.1.1, with the value "any extended key usage". */
static const uint8_t trusted_key_usage[] = { 0x30, 0x16, 0x06, 0x0c, 0x60, 0x86,
                                             0x48, 0x01, 0x86, 0xf9, 0x66, 0xad,
                                             0xca, 0x7b, 0x01, 0x01, 0x31, 0x06,
                                             0x06, 0x04, 0x55, 0x1d, 0x25, 0x00 };

static void
put(Writer *writer, const void *bytes, size_t len)
{
    g_assert((size_t)(writer->at - writer->start) >= len);
    writer->at -= len;
    memcpy(writer->at, bytes, len);
}

static void
put_byte(Writer *writer, size_t byte)
{
    uint8_t value = (uint8_t)byte;

    put(writer, &value, 1);
}

/* The tag and length of what was written since @end was the writer's place. */
static void
put_header(Writer *writer, uint8_t tag, const uint8_t *end)
{
    size_t len = (size_t)(end - writer->at);
    unsigned n = 0;

    if (len < 0x80) {
        put_byte(writer, len);
    } else {
        for (size_t rest = len; rest != 0; rest >>= 8, n++)
            put_byte(writer, rest & 0xff);
        put_byte(writer, 0x80 | n);
    }
    put_byte(writer, tag);
}

/* "N" in UTF-16: an alias that no other has. */
static void
put_alias(Writer *writer, unsigned number)
{
    const uint8_t *end = writer->at;

    do {
        put_byte(writer, '0' + number % 10);
        put_byte(writer, 0);
        number /= 10;
    } while (number != 0);
    put_header(writer, BMP_STRING, end);
}

static void
put_attributes(Writer *writer, unsigned number)
{
    const uint8_t *end = writer->at;
    const uint8_t *name_end;

    put(writer, trusted_key_usage, sizeof(trusted_key_usage));
    name_end = writer->at;
    put_alias(writer, number);
    put_header(writer, SET, name_end);
    put(writer, friendly_name, sizeof(friendly_name));
    put_header(writer, SEQUENCE, name_end);
    put_header(writer, SET, end);
}

/* SafeBag: decodes to where it fits, then moves the certificate to its place. */
static bool
put_bag(Writer *writer, const BnsPem *pem, unsigned number)
{
    size_t len = bns_pem_decode(pem, writer->start);
    const uint8_t *end = writer->at;
    const uint8_t *bag_end;

    if (len == 0)
        return false;
    put_attributes(writer, number);
    bag_end = writer->at;
    g_assert((size_t)(writer->at - writer->start) >= 2 * len);
    put(writer, writer->start, len);
    put_header(writer, OCTETS, bag_end);
    put_header(writer, EXPLICIT, bag_end);
    put(writer, x509_certificate, sizeof(x509_certificate));
    put_header(writer, SEQUENCE, bag_end);
    put_header(writer, EXPLICIT, bag_end);
    put(writer, cert_bag, sizeof(cert_bag));
    put_header(writer, SEQUENCE, end);
    return true;
}

/* ContentInfo of type data. */
static void
put_content_info(Writer *writer, const uint8_t *end)
{
    put_header(writer, OCTETS, end);
    put_header(writer, EXPLICIT, end);
    put(writer, pkcs7_data, sizeof(pkcs7_data));
}

size_t
bns_java_store_encode(const char *pem, size_t len, uint8_t *buffer, size_t size)
{
    static const uint8_t version[] = { INTEGER, 1, 3 };
    Writer writer = { .start = buffer, .at = buffer + size };
    const uint8_t *end = writer.at;
    unsigned number = 0;
    BnsPem block;

    while (bns_pem_next(&pem, &len, &block))
        if (put_bag(&writer, &block, number))
            number++;
    put_header(&writer, SEQUENCE, end);
    put_content_info(&writer, end);
    put_header(&writer, SEQUENCE, end);
    put_header(&writer, SEQUENCE, end);
    put_content_info(&writer, end);
    put_header(&writer, SEQUENCE, end);
    put(&writer, version, sizeof(version));
    put_header(&writer, SEQUENCE, end);
    return (size_t)(end - writer.at);
}
