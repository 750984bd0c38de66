import YAMLReading

/// Where a broker listens.
public struct BrokerAddress: Equatable, Sendable, CustomStringConvertible {
  /// A name, an IPv4 address or an IPv6 address without brackets.
  public var host: String
  public var port: Int
  public var isEncrypted: Bool

  public init(host: String, port: Int, isEncrypted: Bool) {
    self.host = host
    self.port = port
    self.isEncrypted = isEncrypted
  }

  /// - Parameter text: `mqtts://HOST[:PORT]` or `mqtt://HOST[:PORT]`, an IPv6 address in brackets; nil where it is anything else.
  public init?(_ text: String) {
    let rest: Substring
    if text.hasPrefix("mqtts://") {
      isEncrypted = true
      rest = text.dropFirst(8)
    } else if text.hasPrefix("mqtt://") {
      isEncrypted = false
      rest = text.dropFirst(7)
    } else {
      return nil
    }
    let authority = rest.hasSuffix("/") ? rest.dropLast() : rest
    let portText: Substring?
    if authority.hasPrefix("[") {
      guard let close = authority.firstIndex(of: "]") else { return nil }
      host = String(authority[authority.index(after: authority.startIndex)..<close])
      let after = authority[authority.index(after: close)...]
      guard after.isEmpty || after.hasPrefix(":") else { return nil }
      portText = after.isEmpty ? nil : after.dropFirst()
      guard host.contains(":") else { return nil }
    } else {
      let parts = authority.split(separator: ":", omittingEmptySubsequences: false)
      guard parts.count <= 2, let first = parts.first else { return nil }
      host = String(first)
      portText = parts.count == 2 ? parts[1] : nil
    }
    let allowed = host.utf8.allSatisfy { byte in
      (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || "-._:%".utf8.contains(byte)
    }
    guard !host.isEmpty, host.utf8.count <= 253, allowed else { return nil }
    if let portText {
      guard let number = Int(portText), (1...65_535).contains(number), portText.first?.isNumber == true else { return nil }
      port = number
    } else {
      port = isEncrypted ? 8883 : 1883
    }
  }

  /// Whether the broker is on this machine.
  public var isLoopback: Bool {
    host == "localhost" || host == "::1" || (host.hasPrefix("127.") && host.split(separator: ".").count == 4)
  }

  public var description: String {
    "\(isEncrypted ? "mqtts" : "mqtt")://\(host.contains(":") ? "[\(host)]" : host):\(port)"
  }

  static func read(_ value: YAMLValue) -> BrokerAddress? {
    guard let text = value.string() else { return nil }
    guard let address = BrokerAddress(text) else {
      value.report("\(value.path): expected \"mqtts://HOST:PORT\" (or mqtt:// without encryption), found \"\(text.prefix(80))\"")
      return nil
    }
    return address
  }
}
