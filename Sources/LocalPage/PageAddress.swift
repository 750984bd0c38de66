import Glibc

/// Where a page listens: `127.0.0.1:9464`, `[::1]:9464` or `localhost:9464`. Names other than `localhost` are refused: which of a machine's
/// addresses one means can change behind one's back.
public struct PageAddress: Sendable, Equatable, CustomStringConvertible {
  /// In numbers, without brackets.
  public let host: String
  /// 0 is any free one.
  public let port: UInt16

  public init(parsing text: String) throws(LocalPageError) {
    let refusal = LocalPageError(.invalidAddress, "\"\(text.prefix(80))\" is no address to listen on; expected for example \"127.0.0.1:9464\"")
    guard let colon = text.lastIndex(of: ":") else { throw refusal }
    let (name, digits) = (text[..<colon], text[text.index(after: colon)...])
    guard (1...5).contains(digits.utf8.count), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = UInt16(digits) else { throw refusal }
    self.port = port
    switch name {
    case "localhost": host = "127.0.0.1"
    case _ where name.hasPrefix("[") && name.hasSuffix("]") && Self.isAddress(name.dropFirst().dropLast(), AF_INET6):
      host = String(name.dropFirst().dropLast())
    case _ where Self.isAddress(name, AF_INET): host = String(name)
    default: throw refusal
    }
  }

  /// Whether only this machine's own programs reach it.
  public var isLoopback: Bool { host.hasPrefix("127.") || host == "::1" }

  public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

  /// Whether a request's `Host` may be answered: addresses in numbers, and `localhost`, with any port. A name that a stranger's name server
  /// leads here isn't among them, so that pages from elsewhere can't read this one through a person's browser.
  static func accepts(host: String) -> Bool {
    var name = host[...]
    if let colon = name.lastIndex(of: ":"), !name.hasSuffix("]") {
      let port = name[name.index(after: colon)...]
      guard port.utf8.count <= 5, port.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return false }
      name = name[..<colon]
    }
    if name.lowercased() == "localhost" { return true }
    if name.hasPrefix("["), name.hasSuffix("]") { return isAddress(name.dropFirst().dropLast(), AF_INET6) }
    return isAddress(name, AF_INET)
  }

  private static func isAddress(_ text: Substring, _ family: CInt) -> Bool {
    guard text.utf8.count < 46 else { return false }
    var room = in6_addr()
    return unsafe inet_pton(family, String(text), &room) == 1
  }
}
