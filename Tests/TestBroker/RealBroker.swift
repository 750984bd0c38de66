public import Foundation

/// A real mosquitto on a free loopback port with its own folder, for tests. Stopped and removed with its owner.
public final class RealBroker: @unchecked Sendable {
  /// What the generated configuration allows and asks for.
  public struct Options: Sendable {
    /// With one, nobody gets in without it.
    public var user: (name: String, password: String)?
    public var moreUsers: [(name: String, password: String)] = []
    /// Serves TLS with the authority's broker certificate, and asks every client for one of the authority's.
    public var authority: TestAuthority?
    /// Lines of an access list (`topic readwrite #`); nil lets everyone do everything.
    public var accessList: [String]?
    /// More lines for the configuration.
    public var extraLines: [String] = []

    public init() {}
  }

  public let port: UInt16
  public let folder: URL
  private let options: Options
  private var process: Process?

  public static let binary: String? = ["/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto", "/usr/bin/mosquitto"].first {
    FileManager.default.isExecutableFile(atPath: $0)
  }

  /// False where no mosquitto is installed; says so once on standard error. For `.enabled(if:)`.
  public static let isAvailable: Bool = {
    if binary == nil {
      FileHandle.standardError.write(Data("SKIPPED: tests against a broker, as no mosquitto is installed (apt-get install mosquitto)\n".utf8))
    }
    return binary != nil
  }()

  public struct Failure: Error, CustomStringConvertible {
    public let description: String

    public init(description: String) {
      self.description = description
    }
  }

  /// Starts a broker and waits until it listens.
  public init(_ options: Options = Options()) throws {
    self.options = options
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("swiftlet-broker-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    port = try LoopbackPort.free()
    try writeConfiguration()
    try start()
  }

  deinit {
    kill()
    try? FileManager.default.removeItem(at: folder)
  }

  /// The address to configure a client with.
  public var url: String { "\(options.authority == nil ? "mqtt" : "mqtts")://localhost:\(port)" }

  /// Starts again after `kill`, on the same port.
  public func start() throws {
    guard let binary = Self.binary else { throw Failure(description: "no mosquitto is installed") }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: binary)
    process.arguments = ["-c", folder.appendingPathComponent("mosquitto.conf").path]
    let log = folder.appendingPathComponent("log")
    _ = FileManager.default.createFile(atPath: log.path, contents: nil)
    process.standardOutput = try FileHandle(forWritingTo: log)
    process.standardError = process.standardOutput
    try process.run()
    self.process = process
    for _ in 0..<500 where process.isRunning {
      if LoopbackPort.accepts(port) { return }
      usleep(20_000)
    }
    throw Failure(description: "mosquitto doesn't listen on port \(port): \((try? String(contentsOf: log, encoding: .utf8)) ?? "")")
  }

  /// Ends the broker as a power cut would.
  public func kill() {
    guard let process, process.isRunning else { return }
    Foundation.kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }

  /// Stops and resumes the broker's process: it neither answers nor hangs up meanwhile.
  public func freeze(_ isFrozen: Bool) {
    guard let process, process.isRunning else { return }
    Foundation.kill(process.processIdentifier, isFrozen ? SIGSTOP : SIGCONT)
  }

  private func writeConfiguration() throws {
    var lines = ["listener \(port) 127.0.0.1", "persistence false", "allow_anonymous \(options.user == nil)"]
    if geteuid() == 0 { lines.append("user root") }
    if let user = options.user {
      let file = folder.appendingPathComponent("passwords")
      let users = [user] + options.moreUsers
      try Data(users.map { "\($0.name):\($0.password)\n" }.joined().utf8).write(to: file)
      try Command.run("/usr/bin/mosquitto_passwd", ["-U", file.path])
      lines.append("password_file \(file.path)")
    }
    if let authority = options.authority {
      lines += ["cafile \(authority.certificate)", "certfile \(authority.broker.certificate)", "keyfile \(authority.broker.key)", "require_certificate true"]
    }
    if let accessList = options.accessList {
      let file = folder.appendingPathComponent("access")
      try Data((accessList.joined(separator: "\n") + "\n").utf8).write(to: file)
      lines.append("acl_file \(file.path)")
    }
    lines += options.extraLines
    try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: folder.appendingPathComponent("mosquitto.conf"))
  }
}
