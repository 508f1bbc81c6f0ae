/* SHA-256 (FIPS 180-4) of one block of memory. */
#ifndef ENGRAMLT_SHA256_H
#define ENGRAMLT_SHA256_H

#include <stdint.h>
#include <stddef.h>
#include <string.h>

#define SHA256_ROTATE(x, n) ((x) >> (n) | (x) << (32 - (n)))
#define SHA256_ROUND(a, b, c, d, e, f, g, x, i)                                                        \
  do {                                                                                                 \
    uint32_t t = s[x] + (SHA256_ROTATE(s[e], 6) ^ SHA256_ROTATE(s[e], 11) ^ SHA256_ROTATE(s[e], 25)) + \
                 (s[g] ^ (s[e] & (s[f] ^ s[g]))) + k[i] + w[i];                                        \
    s[d] += t;                                                                                         \
    s[x] = t + (SHA256_ROTATE(s[a], 2) ^ SHA256_ROTATE(s[a], 13) ^ SHA256_ROTATE(s[a], 22)) +          \
           ((s[a] & s[b]) ^ (s[a] & s[c]) ^ (s[b] & s[c]));                                            \
  } while (0)

static void sha256_block(uint32_t h[8], const uint8_t *p) {
  static const uint32_t k[64] = {
      0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
      0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
      0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
      0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
      0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
      0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
      0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
      0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};
  uint32_t w[64], s[8];
  for (int i = 0; i < 16; i++)
    w[i] = (uint32_t)p[4 * i] << 24 | (uint32_t)p[4 * i + 1] << 16 | (uint32_t)p[4 * i + 2] << 8 | p[4 * i + 3];
  for (int i = 16; i < 64; i++) {
    uint32_t a = SHA256_ROTATE(w[i - 15], 7) ^ SHA256_ROTATE(w[i - 15], 18) ^ w[i - 15] >> 3;
    uint32_t b = SHA256_ROTATE(w[i - 2], 17) ^ SHA256_ROTATE(w[i - 2], 19) ^ w[i - 2] >> 10;
    w[i] = w[i - 16] + a + w[i - 7] + b;
  }
  memcpy(s, h, sizeof s);
  for (int i = 0; i < 64; i += 8) { /* eight rounds bring every word back to its place */
    SHA256_ROUND(0, 1, 2, 3, 4, 5, 6, 7, i);
    SHA256_ROUND(7, 0, 1, 2, 3, 4, 5, 6, i + 1);
    SHA256_ROUND(6, 7, 0, 1, 2, 3, 4, 5, i + 2);
    SHA256_ROUND(5, 6, 7, 0, 1, 2, 3, 4, i + 3);
    SHA256_ROUND(4, 5, 6, 7, 0, 1, 2, 3, i + 4);
    SHA256_ROUND(3, 4, 5, 6, 7, 0, 1, 2, i + 5);
    SHA256_ROUND(2, 3, 4, 5, 6, 7, 0, 1, i + 6);
    SHA256_ROUND(1, 2, 3, 4, 5, 6, 7, 0, i + 7);
  }
  for (int i = 0; i < 8; i++) h[i] += s[i];
}

static void sha256(const uint8_t *data, size_t length, uint8_t digest[32]) {
  uint32_t h[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  size_t whole = length & ~(size_t)63, rest = length - whole, padded = rest < 56 ? 64 : 128;
  uint8_t tail[128] = {0};
  for (size_t i = 0; i < whole; i += 64) sha256_block(h, data + i);
  if (rest) memcpy(tail, data + whole, rest);
  tail[rest] = 0x80;
  for (int i = 0; i < 8; i++) tail[padded - 1 - i] = (uint8_t)((uint64_t)length * 8 >> (8 * i));
  for (size_t i = 0; i < padded; i += 64) sha256_block(h, tail + i);
  for (int i = 0; i < 32; i++) digest[i] = (uint8_t)(h[i / 4] >> (24 - 8 * (i % 4)));
}

#endif
