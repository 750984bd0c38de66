import CMicroHTTP
import Glibc
import LocalPage
import Pipelines
import TestPages
import Testing

/// A server with a page, numbers that count how often they were made, and something that isn't there at the moment.
private final class Site: @unchecked Sendable {
  private let mutex = PthreadMutex()
  private var made = 0
  private var running: PageServer?
  var server: PageServer { running! }
  var port: UInt16 { server.port }
  var count: Int { mutex.withLock { made } }

  init(limits: PageLimits = PageLimits()) throws {
    let page = BrowserPage(title: "T", style: "p{color:red}", body: "<p>b</p>", script: "1")
    running = try PageServer(
      PageAddress(parsing: "127.0.0.1:0"),
      [
        page.route("/"),
        PageRoute("/count", contentType: "text/plain", freshness: .seconds(3600)) { [weak self] in self.map { Array("\($0.next())".utf8) } },
        PageRoute("/large", contentType: "text/plain") { [UInt8](repeating: 0x61, count: 4_000_000) },
        PageRoute("/never", contentType: "text/plain") { nil },
      ], limits: limits)
  }

  private func next() -> Int {
    mutex.withLock {
      made += 1
      return made
    }
  }

  deinit { server.stop() }
}

@Suite struct PageServerTests {
  @Test func `a page comes with a policy that fits it`() throws {
    let site = try Site()
    let response = try #require(RawClient.get(site.port, "/"))
    #expect(response.status == 200)
    #expect(response.headers["content-type"] == "text/html; charset=utf-8")
    let policy = try #require(response.headers["content-security-policy"])
    // By `printf %s 1 | openssl dgst -sha256 -binary | base64`.
    #expect(policy.contains("script-src 'sha256-a4ayc/80/OGda4BO/1o/V0etpOqiLx1JwB5S3beHW0s='"))
    #expect(policy.hasPrefix("default-src 'none'; ") && !policy.contains("unsafe"))
    #expect(response.headers["x-content-type-options"] == "nosniff" && response.headers["cache-control"] == "no-store")
    #expect(response.text.contains("<style>p{color:red}</style>") && response.text.contains("<script>1</script>"))
  }

  @Test func `an answer is made once for all who ask while it is fresh`() throws {
    let site = try Site()
    #expect(site.count == 0)
    for _ in 0..<20 { #expect(RawClient.get(site.port, "/count")?.text == "1") }
    #expect(site.count == 1)
  }

  @Test func `HEAD gives the same without a body`() throws {
    let site = try Site()
    let response = try #require(RawClient.ask(site.port, "HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n"))
    #expect(response.status == 200 && response.body.isEmpty)
    #expect(response.headers["content-length"] == "\(RawClient.get(site.port, "/")?.body.count ?? 0)")
  }

  @Test(arguments: ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "get", "GETT"])
  func `nothing but reading is answered`(method: String) throws {
    let site = try Site()
    let response = try #require(RawClient.ask(site.port, "\(method) / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello"))
    #expect(response.status == 405 && response.headers["allow"] == "GET, HEAD")
    #expect(RawClient.get(site.port, "/")?.status == 200)
  }

  @Test(arguments: [
    "/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "//", "/count/", "/COUNT", "/.", "/count%2f..", "/..%5c", "/\u{FF}", "/count\\", "http://localhost/count",
  ])
  func `there are no other paths`(path: String) throws {
    let site = try Site()
    let response = try #require(RawClient.get(site.port, path))
    #expect([400, 404].contains(response.status), "\(response.status)")
    #expect(!response.text.contains("root:"))
  }

  @Test func `only a host in numbers, or localhost, is answered`() throws {
    let site = try Site()
    func status(_ lines: String, version: String = "1.1") -> Int? { RawClient.ask(site.port, "GET / HTTP/\(version)\r\n\(lines)\r\n")?.status }
    #expect(status("Host: 127.0.0.1:\(site.port)\r\n") == 200)
    #expect(status("Host: rebound.example:\(site.port)\r\n") == 421)
    #expect(status("", version: "1.0") == 421)
    #expect(status("Host: localhost\r\nHost: rebound.example\r\n") == 421)
    #expect(status("Host: localhost\r\nhost: localhost\r\n") == 421)
  }

  @Test func `what can't be told at the moment is no page`() throws {
    let site = try Site()
    #expect(RawClient.get(site.port, "/never")?.status == 503)
  }

  @Test func `long requests are refused before they are whole`() throws {
    let site = try Site()
    let header = try #require(RawClient.ask(site.port, "GET / HTTP/1.1\r\nHost: localhost\r\nX: \(String(repeating: "x", count: 10_000))\r\n\r\n"))
    #expect(header.status == 431)
    let path = try #require(RawClient.ask(site.port, "GET /\(String(repeating: "x", count: 10_000)) HTTP/1.1\r\nHost: localhost\r\n\r\n"))
    #expect(path.status == 414)
    let many = String(repeating: "a: b\r\n", count: 5000)
    #expect([431, 413].contains(RawClient.ask(site.port, "GET / HTTP/1.1\r\nHost: localhost\r\n\(many)\r\n")?.status ?? 431))
    #expect(RawClient.get(site.port, "/")?.status == 200)
  }

  @Test func `bytes that are no request end their connection only`() throws {
    let site = try Site()
    var random = SeededRandom(seed: 7)
    for _ in 0..<200 {
      let client = try #require(RawClient(port: site.port))
      let noise = (0..<random.below(600)).map { _ in Character(Unicode.Scalar(UInt8(random.below(256)))) }
      client.send(String(noise) + (random.below(2) == 0 ? "\r\n\r\n" : ""))
    }
    #expect(RawClient.get(site.port, "/")?.status == 200)
  }

  /// Each holds a connection: one says nothing, one drips, one never reads. All places are taken; then their time is up.
  @Test func `who is slow is cut, however busy`() throws {
    var limits = PageLimits()
    (limits.connections, limits.time) = (3, .milliseconds(700))
    let site = try Site(limits: limits)
    let silent = try #require(RawClient(port: site.port))
    let dripping = try #require(RawClient(port: site.port))
    let deaf = try #require(RawClient(port: site.port))
    deaf.send("GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n")
    dripping.send("GET / HTTP/1.1\r\n")
    // Waits for a place, and gets it.
    let polite = Polite(port: site.port)
    // Only the end of its connection ends this.
    while !dripping.isAnswered(withinMilliseconds: 20) { dripping.send("X: y\r\n") }
    #expect(polite.status == 200)
    #expect(silent.receiveAll() == [])
    #expect((deaf.receiveAll()?.count ?? 0) < 4_000_000)
  }

  @Test func `who doesn't finish asking is cut sooner than who is answered`() throws {
    var limits = PageLimits()
    (limits.time, limits.requestTime) = (.seconds(600), .milliseconds(50))
    let site = try Site(limits: limits)
    let dripping = try #require(RawClient(port: site.port))
    dripping.send("GET / HTTP/1.1\r\n")
    // Only the end of its connection ends this.
    #expect(dripping.receiveAll() == [])
    #expect(RawClient.get(site.port, "/large")?.body.count == 4_000_000)
  }

  @Test func `one address has so many connections and no more`() throws {
    var limits = PageLimits()
    limits.connectionsPerAddress = 2
    let site = try Site(limits: limits)
    let held = (0..<2).compactMap { _ in RawClient(port: site.port) }
    for client in held { client.send("GET / HTTP/1.1\r\n") }
    let third = try #require(RawClient(port: site.port))
    // Cut without a word.
    #expect((third.receiveAll() ?? []).isEmpty)
    held[0].send("Host: localhost\r\n\r\n")
    #expect((held[0].receiveAll()?.count ?? 0) > 0)
    #expect(RawClient.get(site.port, "/")?.status == 200)
  }

  @Test func `a process without descriptors doesn't spin`() throws {
    var server: OpaquePointer?
    var bounds = swl_http_limits()
    (bounds.connections, bounds.milliseconds, bounds.header_milliseconds, bounds.header_bytes) = (4, 10_000, 10_000, 8192)
    let status = unsafe swl_http_open("127.0.0.1", 0, &bounds, { _, _, _, _, _ in }, nil, &server)
    try #require(status == 0)
    guard let opened = unsafe server else { return }
    defer { unsafe swl_http_close(opened) }
    let port = unsafe swl_http_port(opened)
    let client = try #require(RawClient(port: port))
    var before = rlimit()
    let isRead = unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &before) == 0
    try #require(isRead)
    var none = before
    // The three that there are always; poll takes no more than this many.
    none.rlim_cur = 3
    let isSet = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &none) == 0
    try #require(isSet)
    let begin = MonotonicClock.now()
    unsafe swl_http_turn(opened, 60_000)
    let taken = begin.duration(to: MonotonicClock.now())
    _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &before)
    // Too long is no mistake; without the pause it is some microseconds.
    #expect(taken >= .milliseconds(99))
    withExtendedLifetime(client) {}
  }

  @Test func `a server that has stopped lets its port go, and one that can't listen says why`() throws {
    let site = try Site()
    let address = try PageAddress(parsing: "127.0.0.1:\(site.port)")
    let refusal = #expect(throws: LocalPageError.self) { try PageServer(address, []) }
    #expect(refusal?.message.contains("another program listens there") == true)
    let idle = try #require(RawClient(port: site.port))
    site.server.stop()
    #expect(idle.receiveAll() == [])
    #expect(RawClient(port: address.port) == nil)
    let next = try PageServer(address, [])
    #expect(RawClient.get(address.port, "/")?.status == 404)
    next.stop()
    next.stop()
  }
}

/// Asks from a thread of its own, and waits for the answer.
private final class Polite: @unchecked Sendable {
  private let answers = BoundedQueue<Int>(capacity: 1, policy: .rejectNewest)
  private var thread: DataPlaneThread?

  init(port: UInt16) {
    thread = try? DataPlaneThread(name: "polite") { [answers] in answers.push(RawClient.get(port, "/")?.status ?? 0) }
  }

  var status: Int? { answers.pop() }
}
