/// One path of a page, and what it answers.
public struct PageRoute: Sendable {
  public var path: String
  /// With its parameters: `text/plain; charset=utf-8`.
  public var contentType: String
  /// How long an answer serves for all who ask: however many ask however often, `content` is called this seldom.
  public var freshness: Duration
  /// The policy that a browser keeps scripts, styles and connections to; only for what a browser shows. Default: nothing is allowed.
  public var policy: String
  /// Called on the server's thread; nil is answered by 503.
  public var content: @Sendable () -> [UInt8]?

  public init(
    _ path: String, contentType: String, freshness: Duration = .zero, policy: String = "default-src 'none'; frame-ancestors 'none'",
    content: @escaping @Sendable () -> [UInt8]?
  ) {
    self.path = path
    self.contentType = contentType
    self.freshness = freshness
    self.policy = policy
    self.content = content
  }
}

/// What a client may take of a server.
public struct PageLimits: Sendable {
  /// Connections at once; others wait. Default: 16.
  public var connections = 16
  /// From a connection's first byte to its last: what isn't done by then is cut. Default: 10 s.
  public var time = Duration.seconds(10)
  /// From a connection's first byte until its request is whole. Default: the same; 3 s where others than this machine may connect.
  public var requestTime: Duration?
  /// Connections at once from one address; more are cut. Default: as many as in all; 4 where others than this machine may connect.
  public var connectionsPerAddress: Int?
  /// For a request's line and headers. Default: 8 KiB.
  public var headerBytes = 8192

  public init() {}
}
