// The functions of libmicrohttpd that are used; their types are its header's.
#pragma once
#include <stdbool.h>
#include <sys/types.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <microhttpd.h>

#define SWL_HTTP_FUNCTIONS(F)                                                                                                    \
  F(MHD_start_daemon) F(MHD_stop_daemon) F(MHD_run) F(MHD_get_timeout) F(MHD_get_daemon_info) F(MHD_get_connection_info)         \
  F(MHD_get_connection_values) F(MHD_create_response_from_buffer) F(MHD_add_response_header) F(MHD_queue_response)               \
  F(MHD_destroy_response)

struct swl_http_library {
#define SWL_HTTP_MEMBER(name) __typeof__(name) *name;
  SWL_HTTP_FUNCTIONS(SWL_HTTP_MEMBER)
#undef SWL_HTTP_MEMBER
};

// Null where it isn't there. Loaded once, for ever.
const struct swl_http_library *swl_http_library(void);
