#define _GNU_SOURCE
#include "swl_http.h"

#include "library.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

// A connection, when it is cut, and whether its request is whole.
struct seat {
  int descriptor;
  int64_t began, deadline;
  bool is_answered;
};

struct swl_http_server {
  const struct swl_http_library *library;
  struct MHD_Daemon *daemon;
  swl_http_handler handler;
  void *context;
  int queue, wake, listener;
  uint16_t port;
  // Connections, since it opened.
  uint64_t begun, ended;
  struct swl_http_limits limits;
  // As many as there are connections; descriptor -1 in free ones.
  struct seat *seats;
};

struct swl_http_exchange {
  struct swl_http_server *server;
  struct MHD_Connection *connection;
  enum MHD_Result result;
};

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static void note_connection(void *context, struct MHD_Connection *connection, void **seat_of, enum MHD_ConnectionNotificationCode code) {
  struct swl_http_server *server = context;
  if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
    if (*seat_of) ((struct seat *)*seat_of)->descriptor = -1;
    server->ended++;
    return;
  }
  const union MHD_ConnectionInfo *info = server->library->MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
  for (uint32_t index = 0; info && index < server->limits.connections; index++) {
    struct seat *seat = &server->seats[index];
    if (seat->descriptor >= 0) continue;
    int64_t time = now();
    *seat = (struct seat){info->connect_fd, time, time + server->limits.header_milliseconds, false};
    server->begun++;
    *seat_of = seat;
    return;
  }
}

// Cuts connections whose time is up; returns how long until the next one's is, -1 where there is none.
static int64_t cut_overdue(struct swl_http_server *server) {
  int64_t next = -1, time = now();
  for (uint32_t index = 0; index < server->limits.connections; index++) {
    struct seat *seat = &server->seats[index];
    if (seat->descriptor < 0 || seat->deadline == INT64_MAX) continue;
    int64_t left = seat->deadline - time;
    if (left > 0) {
      if (next < 0 || left < next) next = left;
      continue;
    }
    // The library sees an end of the stream and closes it.
    shutdown(seat->descriptor, SHUT_RDWR);
    seat->deadline = INT64_MAX;
  }
  return next;
}

// Ends connections whose client has gone in the middle of a request: where its last bytes come with its end, the library sees the bytes alone.
static void cut_abandoned(struct swl_http_server *server) {
  for (uint32_t index = 0; index < server->limits.connections; index++) {
    struct seat *seat = &server->seats[index];
    char byte;
    if (seat->descriptor < 0 || seat->is_answered || recv(seat->descriptor, &byte, 1, MSG_PEEK | MSG_DONTWAIT) != 0) continue;
    shutdown(seat->descriptor, SHUT_RDWR);
  }
}

struct hosts {
  const char *only;
  int count;
};

static enum MHD_Result note_host(void *context, enum MHD_ValueKind kind, const char *key, const char *value) {
  (void)kind;
  struct hosts *hosts = context;
  if (strcasecmp(key, "Host") == 0) {
    hosts->only = value;
    hosts->count++;
  }
  return MHD_YES;
}

static enum MHD_Result handle(
    void *context, struct MHD_Connection *connection, const char *path, const char *method, const char *version, const char *upload, size_t *upload_count,
    void **state) {
  (void)version, (void)upload, (void)upload_count, (void)state;
  struct swl_http_server *server = context;
  const union MHD_ConnectionInfo *info = server->library->MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
  if (info && info->socket_context) {
    struct seat *seat = info->socket_context;
    seat->is_answered = true;
    if (seat->deadline != INT64_MAX) seat->deadline = seat->began + server->limits.milliseconds;
  }
  struct hosts hosts = {NULL, 0};
  server->library->MHD_get_connection_values(connection, MHD_HEADER_KIND, note_host, &hosts);
  struct swl_http_exchange exchange = {server, connection, MHD_NO};
  server->handler(server->context, &exchange, method, path, hosts.count == 1 ? hosts.only : NULL);
  return exchange.result;
}

void swl_http_respond(struct swl_http_exchange *exchange, unsigned status, const void *bytes, size_t count, const char *headers) {
  const struct swl_http_library *library = exchange->server->library;
  struct MHD_Response *response = library->MHD_create_response_from_buffer(count, (void *)bytes, MHD_RESPMEM_MUST_COPY);
  if (!response) return;
  while (*headers) {
    const char *end = strchrnul(headers, '\n'), *colon = memchr(headers, ':', (size_t)(end - headers));
    char name[64], value[512];
    if (colon && colon + 2 <= end && (size_t)(colon - headers) < sizeof name && (size_t)(end - colon - 2) < sizeof value) {
      memcpy(name, headers, (size_t)(colon - headers));
      name[colon - headers] = 0;
      memcpy(value, colon + 2, (size_t)(end - colon - 2));
      value[end - colon - 2] = 0;
      library->MHD_add_response_header(response, name, value);
    }
    headers = *end ? end + 1 : end;
  }
  // Each request has its connection, and each connection its deadline.
  library->MHD_add_response_header(response, "Connection", "close");
  exchange->result = library->MHD_queue_response(exchange->connection, status, response);
  library->MHD_destroy_response(response);
}

// A socket that listens, or -errno.
static int listen_on(const char *address, uint16_t port, uint16_t *ret_port) {
  struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
  struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(port)};
  struct sockaddr *target;
  socklen_t length;
  if (inet_pton(AF_INET, address, &four.sin_addr) == 1) {
    target = (struct sockaddr *)&four;
    length = sizeof four;
  } else if (inet_pton(AF_INET6, address, &six.sin6_addr) == 1) {
    target = (struct sockaddr *)&six;
    length = sizeof six;
  } else {
    return -EINVAL;
  }
  int descriptor = socket(target->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), yes = 1;
  if (descriptor < 0) return -errno;
  // What the last run left in the kernel doesn't keep this one from listening.
  setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (bind(descriptor, target, length) < 0 || listen(descriptor, 128) < 0 || getsockname(descriptor, target, &length) < 0) {
    int status = -errno;
    close(descriptor);
    return status;
  }
  *ret_port = ntohs(target->sa_family == AF_INET ? four.sin_port : six.sin6_port);
  return descriptor;
}

int swl_http_open(
    const char *address, uint16_t port, const struct swl_http_limits *limits, swl_http_handler handler, void *context, struct swl_http_server **ret_server) {
  const struct swl_http_library *library = swl_http_library();
  if (!library) return -ENOSYS;
  struct swl_http_server *server = calloc(1, sizeof *server);
  struct seat *seats = calloc(limits->connections, sizeof *seats);
  if (!server || !seats) {
    free(server);
    free(seats);
    return -ENOMEM;
  }
  *server = (struct swl_http_server){.library = library, .handler = handler, .context = context, .limits = *limits, .seats = seats};
  if (server->limits.header_milliseconds > limits->milliseconds) server->limits.header_milliseconds = limits->milliseconds;
  for (uint32_t index = 0; index < limits->connections; index++) seats[index].descriptor = -1;
  server->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  int status = server->wake < 0 ? -errno : 0, listener = -1;
  if (status == 0) {
    listener = listen_on(address, port, &server->port);
    status = listener < 0 ? listener : 0;
  }
  if (status < 0) goto failed;
  server->listener = listener;
  server->daemon = library->MHD_start_daemon(
      MHD_USE_EPOLL, 0, NULL, NULL, handle, server, MHD_OPTION_LISTEN_SOCKET, (MHD_socket)listener, MHD_OPTION_CONNECTION_LIMIT,
      (unsigned)limits->connections, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)((limits->milliseconds + 999) / 1000),
      MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned)limits->connections_per_address, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)limits->header_bytes, MHD_OPTION_NOTIFY_CONNECTION, note_connection, server, MHD_OPTION_END);
  if (!server->daemon) {
    status = -ENOMEM;
    close(listener);
    goto failed;
  }
  const union MHD_DaemonInfo *info = library->MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
  server->queue = info ? info->epoll_fd : -1;
  *ret_server = server;
  return 0;
failed:
  if (server->wake >= 0) close(server->wake);
  free(seats);
  free(server);
  return status;
}

uint16_t swl_http_port(const struct swl_http_server *server) { return server->port; }

// Whether a connection waits that the process has no descriptor for: the library leaves it where it is, and would be told of it without end.
static bool is_out_of_descriptors(const struct swl_http_server *server) {
  struct pollfd waits = {server->listener, POLLIN, 0};
  if (poll(&waits, 1, 0) <= 0) return false;
  int probe = eventfd(0, EFD_CLOEXEC);
  if (probe < 0) return true;
  close(probe);
  return false;
}

void swl_http_turn(struct swl_http_server *server, int milliseconds) {
  int64_t wait = milliseconds, next = cut_overdue(server);
  if (next >= 0 && next < wait) wait = next;
  MHD_UNSIGNED_LONG_LONG wanted;
  if (server->library->MHD_get_timeout(server->daemon, &wanted) == MHD_YES && (int64_t)wanted < wait) wait = (int64_t)wanted;
  struct pollfd waits[] = {{server->wake, POLLIN, 0}, {server->queue, POLLIN, 0}};
  poll(waits, 2, (int)wait);
  uint64_t count, begun = server->begun, over = server->ended;
  if (waits[0].revents & POLLIN) (void)!read(server->wake, &count, sizeof count);
  // At its limit the library looks away from new connections, and back only in the turn after one has ended.
  for (uint64_t before = server->ended + 1; before != server->ended;) {
    before = server->ended;
    server->library->MHD_run(server->daemon);
  }
  cut_abandoned(server);
  if (server->begun == begun && server->ended == over && is_out_of_descriptors(server)) poll(waits, 1, 100);
}

void swl_http_wake(struct swl_http_server *server) {
  uint64_t one = 1;
  (void)!write(server->wake, &one, sizeof one);
}

void swl_http_close(struct swl_http_server *server) {
  server->library->MHD_stop_daemon(server->daemon);
  close(server->wake);
  free(server->seats);
  free(server);
}
