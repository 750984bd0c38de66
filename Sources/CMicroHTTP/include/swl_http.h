// A small web server by libmicrohttpd, which is loaded when the first server opens: it brings a TLS library with it, and a device without a page
// has no use for either.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct swl_http_server;
struct swl_http_exchange;

// Bounds of what clients may take.
struct swl_http_limits {
  // Connections at once; others wait in the kernel.
  uint32_t connections;
  // From a connection's first byte to its last; then it is cut, whatever it does.
  uint32_t milliseconds;
  // From its first byte until its request's headers are whole; `milliseconds` at most.
  uint32_t header_milliseconds;
  // Connections at once from one address; more are cut at once. 0: as many as there are in all.
  uint32_t connections_per_address;
  // For a request's line and headers; a longer one is refused (414, 431).
  uint32_t header_bytes;
};

// Answers one request by exactly one swl_http_respond; on the thread that calls swl_http_turn. `host` is null where there isn't exactly one Host.
typedef void (*swl_http_handler)(void *context, struct swl_http_exchange *exchange, const char *method, const char *path, const char *host);

// Whether libmicrohttpd.so.12 is there.
bool swl_http_is_available(void);

// Listens on an IPv4 or IPv6 address written in numbers. Port 0 is any free one.
// Returns 0, -ENOSYS without the library, -EINVAL for what is no address, or what the system says.
int swl_http_open(
    const char *address, uint16_t port, const struct swl_http_limits *limits, swl_http_handler handler, void *context, struct swl_http_server **ret_server);

uint16_t swl_http_port(const struct swl_http_server *server);

// Does what there is to do, or waits for it, until a deadline of a connection or `milliseconds` at most. One thread at a time. While the process has
// no descriptor left for a connection that waits, a turn takes a tenth of a second, or until it is woken.
void swl_http_turn(struct swl_http_server *server, int milliseconds);

// Ends a turn's waiting; from any thread.
void swl_http_wake(struct swl_http_server *server);

// Cuts all connections. From the thread of the turns, or after the last one.
void swl_http_close(struct swl_http_server *server);

// The answer; the bytes are copied. `headers`: lines "Name: value", each ended by a line feed.
void swl_http_respond(struct swl_http_exchange *exchange, unsigned status, const void *bytes, size_t count, const char *headers);
