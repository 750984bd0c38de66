/// What a STATE message says of a host application: JSON with `online` and `timestamp` (3.0.0, §4.2.3).
struct HostState: Equatable {
  let isOnline: Bool
  /// When the host connected, or said goodbye, in milliseconds since 1970, UTC.
  let timestamp: UInt64

  /// A longer payload isn't looked at.
  static let largestByteCount = 4096

  init(isOnline: Bool, timestamp: UInt64) {
    self.isOnline = isOnline
    self.timestamp = timestamp
  }

  /// Reads the JSON, which may have other members too.
  ///
  /// - Throws: `.malformedState` unless there is one `online`, true or false, and one `timestamp`, a whole number.
  init(_ bytes: [UInt8]) throws(SparkplugError) {
    guard bytes.count <= Self.largestByteCount else { throw JSONScanner.malformed("it has more than \(Self.largestByteCount) bytes") }
    var scanner = JSONScanner(bytes)
    var (online, timestamp): (Bool?, UInt64?) = (nil, nil)
    try scanner.require("{")
    if !scanner.take("}") {
      repeat {
        let key = try scanner.string()
        try scanner.require(":")
        switch key {
        case Array("online".utf8):
          guard online == nil else { throw JSONScanner.malformed("‘online’ stands there twice") }
          online = try scanner.boolean()
        case Array("timestamp".utf8):
          guard timestamp == nil else { throw JSONScanner.malformed("‘timestamp’ stands there twice") }
          timestamp = try scanner.wholeNumber()
        default: try scanner.skipValue()
        }
      } while scanner.take(",")
      try scanner.require("}")
    }
    try scanner.requireEnd()
    guard let online, let timestamp else { throw JSONScanner.malformed("‘online’ or ‘timestamp’ is missing") }
    self.init(isOnline: online, timestamp: timestamp)
  }
}
