import JSONReading

/// What a STATE message says of a host application: JSON with `online` and `timestamp` (3.0.0, §4.2.3).
struct HostState: Equatable {
  let isOnline: Bool
  /// When the host connected, or said goodbye, in milliseconds since 1970, UTC.
  let timestamp: UInt64

  /// A longer payload isn't looked at.
  static let largestByteCount = 4096
  /// The object itself, and eight levels in what it may hold beside.
  private static let depthLimit = 9

  init(isOnline: Bool, timestamp: UInt64) {
    self.isOnline = isOnline
    self.timestamp = timestamp
  }

  /// Reads the JSON, which may have other members too.
  ///
  /// - Throws: `.malformedState` unless there is one `online`, true or false, and one `timestamp`, a whole number.
  init(_ bytes: [UInt8]) throws(SparkplugError) {
    guard bytes.count <= Self.largestByteCount else { throw Self.malformed("it has more than \(Self.largestByteCount) bytes") }
    let value: JSONValue
    do throws(JSONSyntaxError) { value = try JSONParser.parse(bytes, depthLimit: Self.depthLimit) } catch { throw Self.malformed(error.description) }
    guard case .object(let members) = value, case .boolean(let isOnline)? = members["online"] else {
      throw Self.malformed("it has no ‘online’ that is true or false")
    }
    // Digits only: a time in milliseconds has no fraction, and no sign.
    guard case .number(let digits)? = members["timestamp"], digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let timestamp = UInt64(digits) else {
      throw Self.malformed("it has no ‘timestamp’ that is a whole number")
    }
    self.init(isOnline: isOnline, timestamp: timestamp)
  }

  private static func malformed(_ what: String) -> SparkplugError {
    SparkplugError(.malformedState, "a STATE message isn't the JSON of Sparkplug 3: \(what); check the host application's version")
  }
}
