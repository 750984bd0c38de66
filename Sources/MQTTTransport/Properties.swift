import CMosquitto
import Glibc

/// MQTT 5 properties, to and from libmosquitto's lists.
@safe struct Properties: ~Copyable {
  private var list: OpaquePointer?

  init() {
    unsafe list = nil
  }

  deinit {
    var list = unsafe list
    unsafe mosquitto_property_free_all(&list)
  }

  var head: OpaquePointer? { unsafe list }

  mutating func add(_ property: mqtt5_property, _ value: UInt32) {
    unsafe mosquitto_property_add_int32(&list, Int32(property.rawValue), value)
  }

  /// - Throws: `.invalidSettings` when `text` is no MQTT text (too long, zero bytes).
  mutating func add(_ property: mqtt5_property, text: String) throws(MQTTTransportError) {
    guard Self.isText(text), unsafe mosquitto_property_add_string(&list, Int32(property.rawValue), text) == MOSQ_ERR_SUCCESS.rawValue else {
      throw MQTTTransportError(.invalidSettings, "a message property is longer than 65535 bytes or contains a zero byte")
    }
  }

  mutating func add(_ property: mqtt5_property, bytes: [UInt8]) throws(MQTTTransportError) {
    guard bytes.count <= 65535,
      unsafe mosquitto_property_add_binary(&list, Int32(property.rawValue), bytes, UInt16(bytes.count)) == MOSQ_ERR_SUCCESS.rawValue
    else {
      throw MQTTTransportError(.invalidSettings, "a message's correlation data is longer than 65535 bytes")
    }
  }

  mutating func add(_ pair: UserProperty) throws(MQTTTransportError) {
    guard Self.isText(pair.name), Self.isText(pair.value),
      unsafe mosquitto_property_add_string_pair(&list, Int32(MQTT_PROP_USER_PROPERTY.rawValue), pair.name, pair.value) == MOSQ_ERR_SUCCESS.rawValue
    else {
      throw MQTTTransportError(.invalidSettings, "a user property of a message is longer than 65535 bytes or contains a zero byte")
    }
  }

  /// The properties that `message` carries.
  init(of message: OutgoingMessage) throws(MQTTTransportError) {
    self.init()
    if let contentType = message.contentType { try add(MQTT_PROP_CONTENT_TYPE, text: contentType) }
    if let responseTopic = message.responseTopic {
      try Topic.checkName(responseTopic)
      try add(MQTT_PROP_RESPONSE_TOPIC, text: responseTopic)
    }
    if let correlationData = message.correlationData { try add(MQTT_PROP_CORRELATION_DATA, bytes: correlationData) }
    if let expiry = message.expiry { add(MQTT_PROP_MESSAGE_EXPIRY_INTERVAL, UInt32(clamping: expiry.components.seconds)) }
    for pair in message.userProperties { try add(pair) }
  }

  /// Whether `message` can be sent with what it carries; the same rules as for making the properties, without making any.
  static func check(_ message: OutgoingMessage) throws(MQTTTransportError) {
    let hasMore = message.responseTopic != nil || message.correlationData != nil || !message.userProperties.isEmpty
    guard hasMore || !(message.contentType.map(isText) ?? true) else { return }
    _ = try Properties(of: message)
  }

  private static func isText(_ text: String) -> Bool {
    text.utf8.count <= 65535 && !text.utf8.contains(0)
  }

  static func text(_ property: mqtt5_property, in list: OpaquePointer?) -> String? {
    var value: UnsafeMutablePointer<CChar>?
    guard unsafe list != nil, unsafe mosquitto_property_read_string(list, Int32(property.rawValue), &value, false) != nil, let value = unsafe value else {
      return nil
    }
    defer { unsafe free(value) }
    return unsafe String(validatingCString: value)
  }

  static func bytes(_ property: mqtt5_property, in list: OpaquePointer?) -> [UInt8]? {
    var value: UnsafeMutableRawPointer?
    var length: UInt16 = 0
    guard unsafe list != nil, unsafe mosquitto_property_read_binary(list, Int32(property.rawValue), &value, &length, false) != nil else { return nil }
    defer { unsafe free(value) }
    return unsafe [UInt8](UnsafeRawBufferPointer(start: value, count: value == nil ? 0 : Int(length)))
  }

  static func userProperties(in list: OpaquePointer?) -> [UserProperty] {
    var found: [UserProperty] = []
    var position = unsafe list
    var isFirst = true
    while unsafe position != nil, found.count < 32 {
      var name: UnsafeMutablePointer<CChar>?
      var value: UnsafeMutablePointer<CChar>?
      unsafe position = mosquitto_property_read_string_pair(position, Int32(MQTT_PROP_USER_PROPERTY.rawValue), &name, &value, !isFirst)
      isFirst = false
      guard unsafe position != nil else { break }
      defer {
        unsafe free(name)
        unsafe free(value)
      }
      if let name = unsafe name.flatMap({ unsafe String(validatingCString: $0) }), let value = unsafe value.flatMap({ unsafe String(validatingCString: $0) }) {
        found.append(UserProperty(name, value))
      }
    }
    return found
  }
}
