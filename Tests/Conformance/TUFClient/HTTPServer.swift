import Glibc
import Updates

/// Files on a server on this machine, by HTTP/1.0: enough for a conformance run, and nothing else.
struct HTTPServer {
  /// As "http://127.0.0.1:8080/metadata", with or without a slash at the end.
  let base: String
  /// Seconds that the server may keep silent.
  private static let patience = 20

  /// - Parameters:
  ///   - path: below the base, as it stands in the request.
  ///   - limit: bytes that are taken at most.
  /// - Returns: nil where the server says that there is no such file (403, 404).
  func get(_ path: String, limit: Int) throws(UpdatesError) -> [UInt8]? {
    let url = base.hasSuffix("/") ? base + path : base + "/" + path
    guard let location = Location(url) else { throw UpdatesError(.unavailable, "‘\(url)’ is no plain http:// address") }
    let response = try exchange(location, limit: limit)
    guard let end = Self.headEnd(response) else { throw UpdatesError(.unavailable, "\(url): the server's answer is no HTTP") }
    let head = String(decoding: response[..<end], as: UTF8.self).split(separator: " ", maxSplits: 2)
    guard head.count >= 2, head[0].hasPrefix("HTTP/1."), let status = Int(head[1]) else {
      throw UpdatesError(.unavailable, "\(url): the server's answer is no HTTP")
    }
    if status == 404 || status == 403 { return nil }
    guard status == 200 else { throw UpdatesError(.unavailable, "\(url): the server answers \(status)") }
    let body = Array(response[end...])
    guard body.count <= limit else { throw UpdatesError(.tooLong, "\(url) has more than the \(limit) bytes that are allowed") }
    return body
  }

  private static let headLimit = 16 * 1024

  /// The whole answer, cut off once its body must be longer than `limit`.
  private func exchange(_ location: Location, limit: Int) throws(UpdatesError) -> [UInt8] {
    let socket = try connection(location)
    defer { close(socket) }
    let request = Array("GET \(location.path) HTTP/1.0\r\nHost: \(location.host)\r\n\r\n".utf8)
    var sent = 0
    while sent < request.count {
      let count = unsafe request.withUnsafeBytes { unsafe send(socket, $0.baseAddress! + sent, request.count - sent, Int32(MSG_NOSIGNAL)) }
      guard count > 0 else { throw UpdatesError(.unavailable, "\(location.host): the server takes no request") }
      sent += count
    }
    var response: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 65_536)
    while response.count <= Self.headLimit + limit {
      let count = unsafe recv(socket, &piece, piece.count, 0)
      guard count >= 0 else { throw UpdatesError(.unavailable, "\(location.host): the server stopped answering") }
      if count == 0 { break }
      response += piece[..<count]
    }
    return response
  }

  private func connection(_ location: Location) throws(UpdatesError) -> Int32 {
    var hints = unsafe addrinfo()
    unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var found: UnsafeMutablePointer<addrinfo>?
    guard unsafe getaddrinfo(location.host, location.port, &hints, &found) == 0 else {
      throw UpdatesError(.unavailable, "\(location.host) isn't known")
    }
    defer { unsafe freeaddrinfo(found) }
    var next = unsafe found
    while let address = unsafe next {
      let socket = unsafe Glibc.socket(address.pointee.ai_family, address.pointee.ai_socktype, 0)
      var patience = timeval(tv_sec: Self.patience, tv_usec: 0)
      unsafe setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
      if unsafe connect(socket, address.pointee.ai_addr, address.pointee.ai_addrlen) == 0 { return socket }
      close(socket)
      unsafe next = address.pointee.ai_next
    }
    throw UpdatesError(.unavailable, "\(location.host):\(location.port): nothing listens there")
  }

  private static func headEnd(_ response: [UInt8]) -> Int? {
    let mark = Array("\r\n\r\n".utf8)
    return response.indices.first { response[$0...].starts(with: mark) }.map { $0 + mark.count }
  }

  private struct Location {
    let host: String
    let port: String
    let path: String

    init?(_ url: String) {
      let scheme = "http://"
      guard url.hasPrefix(scheme) else { return nil }
      let rest = url.dropFirst(scheme.count)
      let slash = rest.firstIndex(of: "/") ?? rest.endIndex
      let authority = rest[..<slash].split(separator: ":", maxSplits: 1)
      guard let host = authority.first else { return nil }
      self.host = String(host)
      port = authority.count == 2 ? String(authority[1]) : "80"
      path = slash == rest.endIndex ? "/" : String(rest[slash...])
    }
  }
}
