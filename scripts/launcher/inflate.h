/*
 * Raw DEFLATE (RFC 1951), memory to memory: no allocation, no dependency, every read and write bounded.
 * The caller knows the exact length of the result, so anything else is damage.
 */
#ifndef ENGRAMLT_INFLATE_H
#define ENGRAMLT_INFLATE_H

#include <stdint.h>
#include <stddef.h>
#include <string.h>

enum { INFLATE_FAST_BITS = 11, INFLATE_CODE_BITS_MAX = 15, INFLATE_SYMBOLS_MAX = 288 };

/* fast[low bits] = length << 12 | symbol, or 0 where the code is longer than INFLATE_FAST_BITS or unused. */
struct inflate_code {
  uint16_t fast[1 << INFLATE_FAST_BITS];
  uint16_t count[INFLATE_CODE_BITS_MAX + 1];
  uint16_t symbol[INFLATE_SYMBOLS_MAX];
};

struct inflate_input {
  const uint8_t *at, *end;
  uint64_t bits;
  unsigned bit_count;
  unsigned missing; /* zero bytes handed out beyond the end; damage when they are consumed */
};

static inline uint64_t inflate_load64(const uint8_t *p) {
  uint64_t v = 0;
  for (int i = 0; i < 8; i++) v |= (uint64_t)p[i] << (8 * i); /* one load on little-endian machines */
  return v;
}

/* After it, at least 56 bits stand ready. */
static inline void inflate_refill(struct inflate_input *in) {
  if (in->end - in->at >= 8) {
    in->bits |= inflate_load64(in->at) << in->bit_count;
    in->at += (63 - in->bit_count) >> 3;
    in->bit_count |= 56;
    return;
  }
  while (in->bit_count <= 56) {
    if (in->at < in->end) in->bits |= (uint64_t)*in->at++ << in->bit_count;
    else in->missing++;
    in->bit_count += 8;
  }
}

static inline unsigned inflate_take(struct inflate_input *in, unsigned n) {
  unsigned v = (unsigned)(in->bits & ((1ull << n) - 1));
  in->bits >>= n;
  in->bit_count -= n;
  return v;
}

/* 1 for a usable code: complete, or of at most one symbol. */
static int inflate_build(struct inflate_code *code, const uint8_t *lengths, int n) {
  uint16_t offset[INFLATE_CODE_BITS_MAX + 2];
  memset(code->count, 0, sizeof code->count);
  memset(code->fast, 0, sizeof code->fast);
  for (int i = 0; i < n; i++) code->count[lengths[i]]++;
  code->count[0] = 0;
  int left = 1, used = 0;
  for (int bits = 1; bits <= INFLATE_CODE_BITS_MAX; bits++) {
    left = (left << 1) - code->count[bits];
    used += code->count[bits];
    if (left < 0) return 0;
  }
  if (left > 0 && used > 1) return 0;
  offset[1] = 0;
  for (int bits = 1; bits <= INFLATE_CODE_BITS_MAX; bits++) offset[bits + 1] = offset[bits] + code->count[bits];
  for (int i = 0; i < n; i++)
    if (lengths[i]) code->symbol[offset[lengths[i]]++] = (uint16_t)i;

  unsigned value = 0, index = 0;
  for (unsigned bits = 1; bits <= INFLATE_FAST_BITS; bits++, value <<= 1) {
    for (unsigned i = 0; i < code->count[bits]; i++, value++, index++) {
      unsigned reversed = 0;
      for (unsigned b = 0; b < bits; b++) reversed |= ((value >> b) & 1) << (bits - 1 - b);
      for (; reversed < 1u << INFLATE_FAST_BITS; reversed += 1u << bits)
        code->fast[reversed] = (uint16_t)(bits << 12 | code->symbol[index]);
    }
  }
  return 1;
}

/* The next symbol, or -1. Codes longer than the table are read bit by bit, in canonical order. */
static inline int inflate_symbol(struct inflate_input *in, const struct inflate_code *code) {
  unsigned entry = code->fast[in->bits & ((1u << INFLATE_FAST_BITS) - 1)];
  if (entry) {
    in->bits >>= entry >> 12;
    in->bit_count -= entry >> 12;
    return (int)(entry & 0xfff);
  }
  int value = 0, first = 0, index = 0;
  for (unsigned bits = 1; bits <= INFLATE_CODE_BITS_MAX; bits++) {
    value |= (int)(in->bits >> (bits - 1)) & 1;
    int count = code->count[bits];
    if (value - first < count) {
      inflate_take(in, bits);
      return code->symbol[index + value - first];
    }
    index += count;
    first = (first + count) << 1;
    value <<= 1;
  }
  return -1;
}

static int inflate_dynamic(struct inflate_input *in, struct inflate_code *literal, struct inflate_code *distance) {
  static const uint8_t order[19] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
  uint8_t lengths[320] = {0};
  inflate_refill(in);
  int literals = (int)inflate_take(in, 5) + 257, distances = (int)inflate_take(in, 5) + 1;
  int codes = (int)inflate_take(in, 4) + 4;
  if (literals > 286 || distances > 30) return 0;
  for (int i = 0; i < codes; i++) {
    inflate_refill(in);
    lengths[order[i]] = (uint8_t)inflate_take(in, 3);
  }
  if (!inflate_build(literal, lengths, 19)) return 0;
  memset(lengths, 0, sizeof lengths);
  for (int i = 0; i < literals + distances;) {
    inflate_refill(in);
    int symbol = inflate_symbol(in, literal), repeat;
    uint8_t value = 0;
    if (symbol < 0) return 0;
    if (symbol < 16) {
      lengths[i++] = (uint8_t)symbol;
      continue;
    }
    if (symbol == 16) {
      if (i == 0) return 0;
      value = lengths[i - 1];
      repeat = 3 + (int)inflate_take(in, 2);
    } else {
      repeat = symbol == 17 ? 3 + (int)inflate_take(in, 3) : 11 + (int)inflate_take(in, 7);
    }
    if (i + repeat > literals + distances) return 0;
    while (repeat--) lengths[i++] = value;
  }
  return lengths[256] != 0 && inflate_build(literal, lengths, literals) &&
         inflate_build(distance, lengths + literals, distances);
}

static void inflate_fixed(struct inflate_code *literal, struct inflate_code *distance) {
  uint8_t lengths[INFLATE_SYMBOLS_MAX];
  for (int i = 0; i < INFLATE_SYMBOLS_MAX; i++) lengths[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
  inflate_build(literal, lengths, INFLATE_SYMBOLS_MAX);
  for (int i = 0; i < 32; i++) lengths[i] = 5;
  inflate_build(distance, lengths, 32);
}

/* 1 when `source` is one whole DEFLATE stream of exactly `length` bytes, now in `out`. */
static int inflate_raw(const uint8_t *source, size_t source_length, uint8_t *out, size_t length) {
  static const uint16_t length_base[29] = {3,  4,  5,  6,  7,  8,  9,  10, 11,  13,  15,  17,  19,  23, 27,
                                           31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
  static const uint8_t length_extra[29] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
                                           2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
  static const uint16_t distance_base[30] = {1,   2,   3,   4,   5,   7,    9,    13,   17,   25,
                                             33,  49,  65,  97,  129, 193,  257,  385,  513,  769,
                                             1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};
  struct inflate_input in = {source, source + source_length, 0, 0, 0};
  struct inflate_code literal, distance;
  uint8_t *to = out, *const end = out + length;
  for (int last = 0; !last;) {
    inflate_refill(&in);
    last = (int)inflate_take(&in, 1);
    unsigned type = inflate_take(&in, 2);
    if (type == 3) return 0;
    if (type == 0) {
      inflate_take(&in, in.bit_count & 7);
      inflate_refill(&in);
      unsigned n = inflate_take(&in, 16), inverse = inflate_take(&in, 16);
      if ((n ^ inverse) != 0xffff) return 0;
      if (in.missing) return 0;
      in.at -= in.bit_count >> 3; /* give back what was read ahead */
      in.bits = 0;
      in.bit_count = 0;
      if (n > (size_t)(in.end - in.at) || n > (size_t)(end - to)) return 0;
      memcpy(to, in.at, n);
      in.at += n;
      to += n;
      continue;
    }
    if (type == 1) inflate_fixed(&literal, &distance);
    else if (!inflate_dynamic(&in, &literal, &distance)) return 0;
    for (;;) {
      inflate_refill(&in);
      int symbol = inflate_symbol(&in, &literal);
      if (symbol < 256) {
        if (symbol < 0 || to == end) return 0;
        *to++ = (uint8_t)symbol;
        symbol = inflate_symbol(&in, &literal); /* 41 bits are left: room for a second one */
        if (symbol < 256) {
          if (symbol < 0 || to == end) return 0;
          *to++ = (uint8_t)symbol;
          continue;
        }
        inflate_refill(&in);
      }
      if (symbol == 256) break;
      if (symbol > 285) return 0;
      unsigned n = length_base[symbol - 257] + inflate_take(&in, length_extra[symbol - 257]);
      int code = inflate_symbol(&in, &distance);
      if (code < 0 || code > 29) return 0;
      size_t back = distance_base[code] + inflate_take(&in, code < 4 ? 0 : (unsigned)(code >> 1) - 1);
      if (back > (size_t)(to - out) || n > (size_t)(end - to)) return 0;
      const uint8_t *from = to - back;
      if (back >= 8 && end - to >= 264) {
        uint8_t *const stop = to + n;
        for (; to < stop; to += 8, from += 8) memcpy(to, from, 8);
        to = stop;
      } else {
        while (n--) *to++ = *from++;
      }
    }
    if (in.missing > in.bit_count >> 3) return 0;
  }
  return to == end;
}

#endif
