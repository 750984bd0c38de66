import CMosquitto
import Glibc

/// What libmosquitto reported by callbacks, in order, until the owner thread takes it. Callbacks only write here: nothing is
/// ever called back into the library from inside one.
final class SessionInbox {
  enum Event {
    case answered(Int32)
    case ended(Int32)
    case acknowledged(packet: Int32, ReasonCode)
    case subscribed(packet: Int32, [ReasonCode])
    case message(IncomingMessage)
  }

  let incomingLimit: Int
  private(set) var events: [Event] = []
  /// Packets that came whole, of any kind; the log is the only place that tells of all of them.
  private(set) var packets: UInt64 = 0
  /// Messages dropped for their size or because their topic is no text.
  private(set) var refusedMessages: UInt64 = 0
  /// What the library's log says about TLS; the only place where it tells what TLS objects to.
  private(set) var complaint: String?

  init(incomingLimit: Int) {
    self.incomingLimit = incomingLimit
  }

  /// Everything since the last call.
  func takeEvents() -> [Event] {
    guard !events.isEmpty else { return [] }
    defer { events.removeAll(keepingCapacity: true) }
    return events
  }

  func append(_ event: Event) {
    events.append(event)
  }

  func complain(_ text: String) {
    let isAboutTLS = ["OpenSSL", "TLS", "certificate", "key", "host name"].contains { text.contains($0) }
    guard isAboutTLS, (complaint?.utf8.count ?? 0) < 1000 else { return }
    complaint = (complaint.map { $0 + "; " } ?? "") + text
  }

  func append(message: UnsafePointer<mosquitto_message>, properties: OpaquePointer?) {
    let length = Int(unsafe message.pointee.payloadlen)
    guard length <= incomingLimit, let topic = unsafe message.pointee.topic.flatMap({ unsafe String(validatingCString: $0) }) else {
      refusedMessages += 1
      return
    }
    let payload = unsafe [UInt8](UnsafeRawBufferPointer(start: message.pointee.payload, count: message.pointee.payload == nil ? 0 : length))
    events.append(
      .message(
        IncomingMessage(
          topic: topic, payload: payload, quality: Int(unsafe message.pointee.qos), isRetained: unsafe message.pointee.retain,
          contentType: unsafe Properties.text(MQTT_PROP_CONTENT_TYPE, in: properties),
          responseTopic: unsafe Properties.text(MQTT_PROP_RESPONSE_TOPIC, in: properties),
          correlationData: unsafe Properties.bytes(MQTT_PROP_CORRELATION_DATA, in: properties),
          userProperties: unsafe Properties.userProperties(in: properties))))
  }

  /// Registers the callbacks, once, before connecting: registering from inside a callback would deadlock.
  static func register(on handle: OpaquePointer) {
    unsafe mosquitto_connect_v5_callback_set(handle) { _, context, reason, _, _ in
      unsafe SessionInbox.from(context).append(.answered(reason))
    }
    unsafe mosquitto_disconnect_v5_callback_set(handle) { _, context, reason, _ in
      unsafe SessionInbox.from(context).append(.ended(reason))
    }
    unsafe mosquitto_publish_v5_callback_set(handle) { _, context, packet, reason, _ in
      unsafe SessionInbox.from(context).append(.acknowledged(packet: packet, ReasonCode(rawValue: UInt8(truncatingIfNeeded: reason))))
    }
    unsafe mosquitto_subscribe_v5_callback_set(handle) { _, context, packet, count, reasons, _ in
      let codes = unsafe UnsafeBufferPointer(start: reasons, count: Int(max(count, 0))).map { ReasonCode(rawValue: UInt8(truncatingIfNeeded: $0)) }
      unsafe SessionInbox.from(context).append(.subscribed(packet: packet, codes))
    }
    unsafe mosquitto_message_v5_callback_set(handle) { _, context, message, properties in
      guard let message = unsafe message else { return }
      unsafe SessionInbox.from(context).append(message: message, properties: properties)
    }
    unsafe mosquitto_log_callback_set(handle) { _, context, level, text in
      guard let text = unsafe text else { return }
      if level == MOSQ_LOG_ERR { unsafe SessionInbox.from(context).complain(String(cString: text)) }
      if level == MOSQ_LOG_DEBUG, unsafe strstr(text, "eceived") != nil { unsafe SessionInbox.from(context).packets += 1 }
    }
  }

  private static func from(_ context: UnsafeMutableRawPointer?) -> SessionInbox {
    unsafe Unmanaged<SessionInbox>.fromOpaque(context!).takeUnretainedValue()
  }
}
