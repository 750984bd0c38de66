import CMicroHTTP
import Glibc
import Pipelines

/// A web server for this machine's own people and programs: a handful of paths, reading only. It has a thread of its own; nobody else ever
/// waits for a client.
///
/// Requests are answered one at a time, each on a connection of its own. Only GET and HEAD are; only to a `Host` in numbers or `localhost`;
/// only the routes' own paths: nothing is read from any file.
@safe public final class PageServer: @unchecked Sendable {
  private struct Entry {
    let route: PageRoute
    var answer: (bytes: [UInt8], at: MonotonicInstant)?
  }

  /// What the thread and the library's calls back share; the server thread's own once it runs.
  private final class Desk {
    var entries: [String: Entry]
    init(_ entries: [String: Entry]) { self.entries = entries }
  }

  /// Whether the library that it needs is there.
  public static var isAvailable: Bool { swl_http_is_available() }

  /// Where it listens, with the port that it has.
  public let port: UInt16
  private let server: OpaquePointer
  private let desk: Desk
  private let mutex = PthreadMutex()
  private var isStopping = false
  private var thread: DataPlaneThread?

  /// Listens at once, and answers from a thread that gives way to all others.
  public init(_ address: PageAddress, _ routes: [PageRoute], limits: PageLimits = PageLimits()) throws(LocalPageError) {
    desk = Desk(Dictionary(routes.map { ($0.path, Entry(route: $0)) }) { _, last in last })
    var bounds = swl_http_limits()
    bounds.connections = UInt32(clamping: max(1, limits.connections))
    bounds.milliseconds = UInt32(clamping: limits.time.wholeNanoseconds / 1_000_000)
    let requestTime = limits.requestTime ?? (address.isLoopback ? limits.time : min(limits.time, .seconds(3)))
    bounds.header_milliseconds = UInt32(clamping: requestTime.wholeNanoseconds / 1_000_000)
    bounds.connections_per_address = UInt32(clamping: max(0, limits.connectionsPerAddress ?? (address.isLoopback ? 0 : 4)))
    bounds.header_bytes = UInt32(clamping: limits.headerBytes)
    var opened: OpaquePointer?
    let status = unsafe swl_http_open(
      address.host, address.port, &bounds, { unsafe PageServer.answer($0, $1, $2, $3, $4) }, Unmanaged.passUnretained(desk).toOpaque(), &opened)
    guard status == 0, let opened = unsafe opened else { throw Self.refusal(address, -status) }
    unsafe server = opened
    port = unsafe swl_http_port(opened)
    do throws(PipelinesError) { thread = try DataPlaneThread(name: "page", niceness: 10) { [self] in run() } } catch {
      unsafe swl_http_close(opened)
      throw LocalPageError(.unavailable, error.message)
    }
  }

  /// Cuts all connections and frees the port. The second call does nothing.
  public func stop() {
    let running = mutex.withLock { () -> DataPlaneThread? in
      isStopping = true
      defer { thread = nil }
      return thread
    }
    guard let running else { return }
    unsafe swl_http_wake(server)
    running.join()
    unsafe swl_http_close(server)
  }

  /// Longer than anything waits: deadlines and the end wake it.
  private static let turn: CInt = 60_000

  private func run() {
    while !mutex.withLock({ isStopping }) { unsafe swl_http_turn(server, Self.turn) }
  }

  private static func refusal(_ address: PageAddress, _ code: CInt) -> LocalPageError {
    if code == ENOSYS {
      return LocalPageError(.missingLibrary, "libmicrohttpd.so.12 isn't there; install it (Debian: apt install libmicrohttpd12), or remove \"page\"")
    }
    let advice = code == EADDRINUSE ? "; another program listens there, choose another port" : ""
    return LocalPageError(.unavailable, "\(address) can't be listened on: \(unsafe String(cString: strerror(code)))\(advice)")
  }
}

// The library's calls, all on the server's thread.
extension PageServer {
  private static func answer(
    _ context: UnsafeMutableRawPointer?, _ exchange: OpaquePointer?, _ method: UnsafePointer<CChar>?, _ path: UnsafePointer<CChar>?,
    _ host: UnsafePointer<CChar>?
  ) {
    guard let context = unsafe context, let exchange = unsafe exchange, let method = unsafe method, let path = unsafe path else { return }
    let desk = unsafe Unmanaged<Desk>.fromOpaque(context).takeUnretainedValue()
    let host = unsafe host.map { unsafe String(cString: $0) }
    let response = unsafe respond(desk, method: String(cString: method), path: String(cString: path), host: host)
    unsafe response.body.withUnsafeBytes { body in
      unsafe swl_http_respond(exchange, response.status, body.baseAddress, body.count, response.headers)
    }
  }

  private struct Response {
    var status: UInt32
    var body: [UInt8]
    var headers: String
  }

  private static func respond(_ desk: Desk, method: String, path: String, host: String?) -> Response {
    guard let host, PageAddress.accepts(host: host) else { return refusal(421, "this page answers to addresses in numbers and to localhost only") }
    guard let entry = desk.entries[path] else { return refusal(404, "there is nothing here") }
    guard method == "GET" || method == "HEAD" else { return refusal(405, "this page can only be read", "Allow: GET, HEAD\n") }
    let now = MonotonicClock.now()
    if let kept = entry.answer, kept.at.duration(to: now) < entry.route.freshness { return response(entry.route, kept.bytes) }
    guard let bytes = entry.route.content() else { return refusal(503, "not now") }
    desk.entries[path]?.answer = entry.route.freshness > .zero ? (bytes, now) : nil
    return response(entry.route, bytes)
  }

  private static func response(_ route: PageRoute, _ bytes: [UInt8]) -> Response {
    Response(status: 200, body: bytes, headers: headers(route.contentType, route.policy))
  }

  private static func refusal(_ status: UInt32, _ text: String, _ more: String = "") -> Response {
    Response(status: status, body: Array("\(text)\n".utf8), headers: headers("text/plain; charset=utf-8", "default-src 'none'") + more)
  }

  private static func headers(_ contentType: String, _ policy: String) -> String {
    """
    Content-Type: \(contentType)
    Content-Security-Policy: \(policy)
    X-Content-Type-Options: nosniff
    X-Frame-Options: DENY
    Referrer-Policy: no-referrer
    Cross-Origin-Resource-Policy: same-origin
    Cache-Control: no-store

    """
  }
}
