import Glibc

/// A client of a page that may be as rude as a test wants.
public final class RawClient {
  public struct Response: Sendable {
    public var status: Int
    /// By their names in lower case.
    public var headers: [String: String]
    public var body: [UInt8]
    public var text: String { String(decoding: body, as: UTF8.self) }
  }

  private let descriptor: Int32

  /// - Returns: nil where nobody listens.
  public init?(port: UInt16) {
    guard let connected = Self.connect(port) else { return nil }
    descriptor = connected
    // A test that waits for ever says nothing.
    var patience = timeval(tv_sec: 20, tv_usec: 0)
    _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
  }

  deinit { close(descriptor) }

  private static func connect(_ port: UInt16) -> Int32? {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let isConnected = unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0 }
    }
    if isConnected { return descriptor }
    close(descriptor)
    return nil
  }

  /// - Returns: whether all of it went out.
  @discardableResult
  public func send(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    return unsafe Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
  }

  /// Whether the other side has ended the connection or said something; waits so long for it.
  public func isAnswered(withinMilliseconds wait: Int32) -> Bool {
    var waits = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return unsafe poll(&waits, 1, wait) > 0
  }

  /// All that comes until the other side ends the connection; nil where it doesn't within 20 s.
  public func receiveAll() -> [UInt8]? {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = unsafe recv(descriptor, &chunk, chunk.count, 0)
      if count == 0 || (count < 0 && errno == ECONNRESET) { return bytes }
      guard count > 0 else { return nil }
      bytes.append(contentsOf: chunk[..<count])
    }
  }

  /// One request on a connection of its own.
  public static func ask(_ port: UInt16, _ request: String) -> Response? {
    guard let client = RawClient(port: port), client.send(request), let bytes = client.receiveAll() else { return nil }
    return response(bytes)
  }

  /// GET with a good `Host`.
  public static func get(_ port: UInt16, _ path: String) -> Response? { ask(port, "GET \(path) HTTP/1.1\r\nHost: localhost:\(port)\r\n\r\n") }

  /// Reads a response with its `Content-Length`.
  public static func response(_ bytes: [UInt8]) -> Response? {
    guard let end = bytes.indices.dropLast(3).first(where: { bytes[$0...].starts(with: [13, 10, 13, 10]) }) else { return nil }
    let lines = String(decoding: bytes[..<end], as: UTF8.self).split(separator: "\r\n").map(String.init)
    guard let first = lines.first, first.hasPrefix("HTTP/1."), let status = Int(first.split(separator: " ")[1]) else { return nil }
    var headers: [String: String] = [:]
    for line in lines.dropFirst() {
      let parts = line.split(separator: ":", maxSplits: 1).map(String.init)
      if parts.count == 2 { headers[parts[0].lowercased()] = parts[1].trimmingPrefix(while: { $0 == " " }).description }
    }
    return Response(status: status, headers: headers, body: Array(bytes[(end + 4)...]))
  }
}
