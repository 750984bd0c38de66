#pragma once
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

// What libcrypto has as macros in one version or another, and calls whose C types don't reach Swift.

/// PSS with SHA-256 for the digest and the mask; the salt may have any length when a signature is verified.
static inline int swl_crypto_use_pss_sha256(EVP_PKEY_CTX *context) {
    return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) > 0 &&
           EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha256()) > 0 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_AUTO) > 0;
}

static inline int swl_crypto_key_type(const EVP_PKEY *key) { return EVP_PKEY_base_id(key); }
static inline int swl_crypto_key_bits(const EVP_PKEY *key) { return EVP_PKEY_bits(key); }

static inline BIO *swl_crypto_memory(const void *bytes, int count) { return BIO_new_mem_buf(bytes, count); }

/// What has been written to `memory`; it belongs to it.
static inline long swl_crypto_written(BIO *memory, char **ret_bytes) { return BIO_get_mem_data(memory, ret_bytes); }

/// Gives `passphrase`, a C string, to libcrypto; never asks at the terminal.
static inline int swl_crypto_passphrase(char *buffer, int size, int writing, void *passphrase) {
    (void)writing;
    if (!passphrase) return -1;
    size_t count = strlen((const char *)passphrase);
    if (count > (size_t)size) return -1;
    memcpy(buffer, passphrase, count);
    return (int)count;
}

static inline EVP_PKEY *swl_crypto_read_private_key(BIO *memory, const char *passphrase) {
    return PEM_read_bio_PrivateKey(memory, NULL, swl_crypto_passphrase, (void *)passphrase);
}

/// PKCS#8, encrypted with AES-256 where there is a passphrase.
static inline int swl_crypto_write_private_key(BIO *memory, EVP_PKEY *key, const char *passphrase) {
    return PEM_write_bio_PKCS8PrivateKey(memory, key, passphrase ? EVP_aes_256_cbc() : NULL, NULL, 0,
                                         passphrase ? swl_crypto_passphrase : NULL, (void *)passphrase);
}

static inline EVP_PKEY *swl_crypto_read_public_key(BIO *memory) { return PEM_read_bio_PUBKEY(memory, NULL, swl_crypto_passphrase, NULL); }
