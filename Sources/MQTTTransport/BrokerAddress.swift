/// Where a broker listens, as written in `mqtt://HOST[:PORT]` or `mqtts://HOST[:PORT]`.
public struct BrokerAddress: Sendable, Equatable, CustomStringConvertible {
  public let host: String
  public let port: UInt16
  public let usesTLS: Bool

  public init(host: String, port: UInt16, usesTLS: Bool) {
    self.host = host
    self.port = port
    self.usesTLS = usesTLS
  }

  /// Reads `mqtt://` (port 1883 unless given) and `mqtts://` (8883) with a name, an IPv4 address or an IPv6 address in brackets.
  ///
  /// - Throws: `.invalidSettings` for anything else; user names and passwords in the address are refused, because addresses
  ///   end up in logs and process lists.
  public init(parsing text: String) throws(MQTTTransportError) {
    func refusal(_ reason: String) -> MQTTTransportError {
      MQTTTransportError(.invalidSettings, "the broker address ‘\(Self.withoutCredentials(text))’ \(reason)")
    }
    let rest: Substring
    if text.hasPrefix("mqtts://") {
      usesTLS = true
      rest = text.dropFirst("mqtts://".count)
    } else if text.hasPrefix("mqtt://") {
      usesTLS = false
      rest = text.dropFirst("mqtt://".count)
    } else {
      throw refusal("must begin with mqtt:// or mqtts://")
    }
    var authority = rest
    if authority.hasSuffix("/") { authority = authority.dropLast() }
    guard !authority.contains("@") else {
      throw refusal("carries a user name; write it under mqtt: as ‘username’ and ‘password’ instead")
    }
    guard !authority.contains(where: { "/?#".contains($0) }) else {
      throw refusal("has a path or query; a broker is only a host and a port")
    }
    let (name, portText) = try Self.split(authority, refusal)
    guard Self.isHost(name) else {
      throw refusal("names no host; expected for example mqtts://broker.example:8883")
    }
    host = String(name)
    guard let portText else {
      port = usesTLS ? 8883 : 1883
      return
    }
    guard let number = UInt16(portText), number > 0, portText.utf8.allSatisfy({ (48...57).contains($0) }) else {
      throw refusal("has the port ‘\(portText)’; expected a number from 1 to 65535")
    }
    port = number
  }

  public var description: String {
    "\(usesTLS ? "mqtts" : "mqtt")://\(host.contains(":") ? "[\(host)]" : host):\(port)"
  }

  /// True for this machine's own addresses, where plain `mqtt://` leaves no one out who should be kept out.
  public var isLoopback: Bool {
    host == "localhost" || host == "::1" || (host.hasPrefix("127.") && host.allSatisfy { $0 == "." || ("0"..."9").contains($0) })
  }

  private static func split(
    _ authority: Substring, _ refusal: (String) -> MQTTTransportError
  ) throws(MQTTTransportError) -> (host: Substring, port: Substring?) {
    if authority.hasPrefix("[") {
      guard let end = authority.firstIndex(of: "]") else { throw refusal("opens a bracket that is never closed") }
      let host = authority[authority.index(after: authority.startIndex)..<end]
      let tail = authority[authority.index(after: end)...]
      guard tail.isEmpty || tail.hasPrefix(":") else { throw refusal("has ‘\(tail)’ after the address; expected ‘:’ and a port") }
      return (host, tail.isEmpty ? nil : tail.dropFirst())
    }
    let parts = authority.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count <= 2 else { throw refusal("has several colons; write an IPv6 address in brackets") }
    return (parts.first ?? "", parts.count == 2 ? parts[1] : nil)
  }

  private static func isHost(_ name: Substring) -> Bool {
    !name.isEmpty && name.utf8.count <= 253 && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "%") && $0 != UInt8(ascii: "\\") }
  }

  /// The text as it may be shown: what stands before `@` could be a password.
  private static func withoutCredentials(_ text: String) -> String {
    guard let at = text.lastIndex(of: "@") else { return text }
    let scheme = text.hasPrefix("mqtts://") ? "mqtts://" : text.hasPrefix("mqtt://") ? "mqtt://" : ""
    return "\(scheme)…\(text[at...])"
  }
}
