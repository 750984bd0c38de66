import CMosquitto
import Glibc

/// One attempt and, if it succeeds, one connection on libmosquitto 2.0; a new one is made for each attempt, so that nothing
/// stale (queued packets, limits learned from the last broker, a half-done handshake) outlives its connection.
///
/// All calls come from one thread. Only `loop_read`, `loop_write` and `loop_misc` are used: the library's own `loop` waits by
/// `pselect`, which can't take descriptors from 1024 on, and its threaded loop ends for good on a dozen errors.
@safe final class MosquittoSession {
  /// How a call into the library ended.
  struct Failure: Error {
    let status: Int32
    let systemError: Int32
  }

  let inbox: SessionInbox
  private let handle: OpaquePointer
  let settings: BrokerSettings

  private static let isLibraryReady: Bool = mosquitto_lib_init() == MOSQ_ERR_SUCCESS.rawValue

  /// - Throws: `.noResources`, `.invalidSettings` or `.tls`.
  init(_ settings: BrokerSettings) throws(MQTTTransportError) {
    try settings.validate()
    self.settings = settings
    inbox = SessionInbox(incomingLimit: settings.incomingLimit)
    guard Self.isLibraryReady,
      let handle = unsafe mosquitto_new(settings.clientID, settings.sessionExpiry == .zero, Unmanaged.passUnretained(inbox).toOpaque())
    else {
      throw MQTTTransportError(.noResources, "no memory for the broker connection")
    }
    unsafe self.handle = handle
    try configure()
  }

  deinit {
    unsafe mosquitto_destroy(handle)
  }

  private func configure() throws(MQTTTransportError) {
    unsafe SessionInbox.register(on: handle)
    unsafe mosquitto_int_option(handle, MOSQ_OPT_PROTOCOL_VERSION, Int32(MQTT_PROTOCOL_V5))
    unsafe mosquitto_int_option(handle, MOSQ_OPT_TCP_NODELAY, 1)
    unsafe mosquitto_int_option(handle, MOSQ_OPT_SEND_MAXIMUM, Int32(settings.window.messages))
    if let username = settings.username {
      try check(unsafe mosquitto_username_pw_set(handle, username, settings.password), "the MQTT user name is no valid text")
    }
    if let will = settings.lastWill {
      let status = unsafe mosquitto_will_set_v5(handle, will.topic, Int32(will.payload.count), will.payload, 1, will.isRetained, nil)
      try check(status, "the last will for ‘\(will.topic)’ is not acceptable")
    }
    if settings.address.usesTLS {
      let tls = settings.tls
      // Where a key is encrypted, OpenSSL would ask on the terminal and wait; this answers that there is no password.
      let status = unsafe mosquitto_tls_set(handle, tls.authority, tls.authority == nil ? "/etc/ssl/certs" : nil, tls.certificate, tls.key) { _, _, _, _ in 0 }
      try check(status, "the TLS files under mqtt: can't be read", .tls)
    }
  }

  private func check(_ status: Int32, _ message: String, _ code: MQTTTransportError.Code = .invalidSettings) throws(MQTTTransportError) {
    guard status == MOSQ_ERR_SUCCESS.rawValue else { throw MQTTTransportError(code, message) }
  }

  /// Begins to connect without waiting for the network. Resolving the name does wait, as long as the system's resolver does.
  func connect() throws(Failure) {
    var properties = Properties()
    if settings.sessionExpiry > .zero { properties.add(MQTT_PROP_SESSION_EXPIRY_INTERVAL, UInt32(clamping: settings.sessionExpiry.components.seconds)) }
    properties.add(MQTT_PROP_MAXIMUM_PACKET_SIZE, UInt32(clamping: settings.incomingLimit + 65536))
    let seconds = Int32(clamping: settings.keepAlive.components.seconds)
    // The library's connect without waiting takes no properties. Its other one stores them before it looks at the port, so
    // an impossible port leaves them stored and nothing else done.
    _ = unsafe mosquitto_connect_bind_v5(handle, settings.address.host, -1, seconds, nil, properties.head)
    try complete(unsafe mosquitto_connect_async(handle, settings.address.host, Int32(settings.address.port), seconds))
  }

  /// -1 when closed.
  var descriptor: CInt { unsafe mosquitto_socket(handle) }

  var wantsToWrite: Bool { unsafe mosquitto_want_write(handle) }

  func read() throws(Failure) { try complete(unsafe mosquitto_loop_read(handle, 1)) }

  func write() throws(Failure) { try complete(unsafe mosquitto_loop_write(handle, 1)) }

  /// Keep-alive; to be called about once a second.
  func tick() throws(Failure) { try complete(unsafe mosquitto_loop_misc(handle)) }

  /// Publishes. Only while connected: offline the library would report an error and queue the message all the same.
  ///
  /// - Returns: the packet's number, by which `.acknowledged` will name it. For at-most-once the acknowledgement can come
  ///   before this returns.
  func publish(_ message: OutgoingMessage, _ properties: borrowing Properties) throws(Failure) -> Int32 {
    var packet: Int32 = 0
    let status = unsafe mosquitto_publish_v5(
      handle, &packet, message.topic, Int32(clamping: message.payload.count), message.payload, message.quality.rawValue, message.isRetained,
      properties.head)
    try complete(status)
    return packet
  }

  func subscribe(_ filter: String, quality: QualityOfService, keepingRetainFlag: Bool) throws(Failure) -> Int32 {
    var packet: Int32 = 0
    let options = keepingRetainFlag ? Int32(MQTT_SUB_OPT_RETAIN_AS_PUBLISHED.rawValue) : 0
    try complete(unsafe mosquitto_subscribe_v5(handle, &packet, filter, quality.rawValue, options, nil))
    return packet
  }

  func unsubscribe(_ filter: String) throws(Failure) {
    try complete(unsafe mosquitto_unsubscribe(handle, nil, filter))
  }

  /// Queues DISCONNECT; the broker then publishes the last will only when `sendingWill`.
  func disconnect(sendingWill: Bool) {
    let reason = sendingWill ? MQTT_RC_DISCONNECT_WITH_WILL_MSG : MQTT_RC_NORMAL_DISCONNECTION
    _ = unsafe mosquitto_disconnect_v5(handle, Int32(reason.rawValue), nil)
  }

  private func complete(_ status: Int32) throws(Failure) {
    let systemError = errno
    // Negative: pending, the normal course of connecting.
    guard status <= MOSQ_ERR_SUCCESS.rawValue else { throw Failure(status: status, systemError: systemError) }
  }
}
