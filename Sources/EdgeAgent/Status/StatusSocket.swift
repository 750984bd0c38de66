import Glibc
import Pipelines
import Supervision

/// Where `swiftlet status` asks: a Unix socket in the storage folder, for its owner and group. Whoever connects is told the state and cut. Where
/// it can't be had, the agent runs without.
struct StatusSocket: Service {
  let name = "status socket"
  private let path: String
  private let log: AgentLog
  private let document: @Sendable () -> [UInt8]?

  init(_ storage: StorageSettings, log: AgentLog, document: @escaping @Sendable () -> [UInt8]?) {
    path = storage.statusSocket
    self.log = log
    self.document = document
  }

  func run() async throws {
    let listener: StatusListener
    do throws(EdgeAgentError) { listener = try StatusListener(path, document) } catch {
      return log.notice("‘swiftlet status’ can't ask this agent: \(error.message)")
    }
    defer { listener.stop() }
    while true { try await Task.sleep(for: .seconds(3600)) }
  }
}

extension StorageSettings {
  /// Where a running agent tells its state.
  var statusSocket: String { "\(path)/status.socket" }

  /// Asks the agent that runs on this storage.
  ///
  /// - Returns: its state, `swiftlet/status/1`; waits 10 s for all of it at most.
  public func askRunningAgent() throws(EdgeAgentError) -> [UInt8] {
    let descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw EdgeAgentError(.resources, "no socket: \(reason(errno))") }
    defer { close(descriptor) }
    let deadline = MonotonicClock.now().advanced(by: .seconds(10))
    var patience = timeval(tv_sec: 1, tv_usec: 0)
    _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    let status = try unsafe withUnixAddress(statusSocket) { unsafe connect(descriptor, $0, $1) == 0 ? 0 : errno }
    switch status {
    case 0: break
    case ENOENT, ECONNREFUSED: throw EdgeAgentError(.notRunning, "no agent runs on \(path); start one, or name its configuration by --config")
    case EACCES, EPERM: throw EdgeAgentError(.file, "this user may not ask the agent on \(path); be in the group of that folder, or use sudo")
    default: throw EdgeAgentError(.file, "\(statusSocket) can't be reached: \(reason(status))")
    }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while bytes.count < 16_000_000 {
      let count = unsafe recv(descriptor, &chunk, chunk.count, 0)
      // However little of it comes at a time.
      guard MonotonicClock.now() < deadline else { throw EdgeAgentError(.file, "the agent on \(path) doesn't answer within 10 s") }
      if count < 0, errno == EINTR || errno == EAGAIN { continue }
      guard count >= 0 else { throw EdgeAgentError(.file, "the agent on \(path) doesn't answer: \(reason(errno))") }
      if count == 0 { break }
      bytes.append(contentsOf: chunk[..<count])
    }
    guard !bytes.isEmpty else { throw EdgeAgentError(.file, "the agent on \(path) is just beginning or ending; ask again") }
    return bytes
  }
}

/// Calls `body` with a path as a socket's address.
private func withUnixAddress<Result>(
  _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
) throws(EdgeAgentError) -> Result {
  var address = sockaddr_un()
  address.sun_family = sa_family_t(AF_UNIX)
  let bytes = Array(path.utf8)
  guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
    throw EdgeAgentError(.file, "\(path) is too long for a socket (107 bytes at most); choose a shorter storage.path")
  }
  unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
  return unsafe withUnsafePointer(to: &address) { pointer in
    unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe body($0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
  }
}

/// The socket and the thread that serves it, one client at a time.
final class StatusListener: @unchecked Sendable {
  private let path: String
  private let descriptor: CInt
  /// A byte in this pipe ends the thread.
  private let awake: CInt
  private let wake: CInt
  private let identity: FileIdentity?
  private let document: @Sendable () -> [UInt8]?
  private let freshness: Duration
  /// What was told last, and when; the thread's own.
  private var told: (bytes: [UInt8], at: MonotonicInstant)?
  private var thread: DataPlaneThread?

  /// Takes the place of a socket that another process left; of nothing else.
  ///
  /// - Parameter freshness: whoever asks within so long is told the same.
  init(_ path: String, freshness: Duration = PageService.freshness, _ document: @escaping @Sendable () -> [UInt8]?) throws(EdgeAgentError) {
    (self.path, self.freshness) = (path, freshness)
    self.document = document
    var status = stat()
    if unsafe lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK { _ = unsafe unlink(path) }
    var ends: [CInt] = [-1, -1]
    if unsafe pipe(&ends) < 0 { ends = [-1, -1] }
    for end in ends where end >= 0 { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    (awake, wake) = (ends[0], ends[1])
    descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue), 0)
    let made = descriptor
    let code: CInt
    do throws(EdgeAgentError) {
      code = try unsafe withUnixAddress(path) { unsafe bind(made, $0, $1) == 0 && chmod(path, 0o660) == 0 && listen(made, 8) == 0 ? 0 : errno }
    } catch {
      Self.close(descriptor, awake, wake)
      throw error
    }
    identity = FileIdentity(path)
    guard code == 0, wake >= 0 else {
      Self.close(descriptor, awake, wake)
      throw EdgeAgentError(.resources, "\(path): \(reason(code))")
    }
    do { thread = try DataPlaneThread(name: "status", niceness: 10) { [self] in run() } } catch {
      Self.close(descriptor, awake, wake)
      throw EdgeAgentError(.resources, error.message)
    }
  }

  /// Once.
  func stop() {
    var one: UInt8 = 1
    _ = unsafe write(wake, &one, 1)
    thread?.join()
    // Not one that another process has put there since.
    if let identity, FileIdentity(path) == identity { _ = unsafe unlink(path) }
    Self.close(descriptor, awake, wake)
  }

  private static func close(_ descriptors: CInt...) { for descriptor in descriptors where descriptor >= 0 { _ = Glibc.close(descriptor) } }

  private func run() {
    var waits = [pollfd(fd: awake, events: Int16(POLLIN), revents: 0), pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)]
    while true {
      _ = unsafe poll(&waits, 2, -1)
      if waits[0].revents != 0 { return }
      let client = accept(descriptor, nil, nil)
      guard client >= 0 else {
        // Without a descriptor to give, the one that waits would be seen again at once.
        if errno != EAGAIN, errno != ECONNABORTED { _ = unsafe poll(&waits, 1, 1000) }
        continue
      }
      _ = fcntl(client, F_SETFD, FD_CLOEXEC)
      serve(client)
      _ = Glibc.close(client)
    }
  }

  private func current() -> [UInt8] {
    let now = MonotonicClock.now()
    if let told, told.at.duration(to: now) < freshness { return told.bytes }
    told = document().map { ($0, now) }
    return told?.bytes ?? []
  }

  /// A client that doesn't read is given up after a second.
  private func serve(_ client: CInt) {
    var patience = timeval(tv_sec: 1, tv_usec: 0)
    _ = unsafe setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    var bytes = current()[...]
    while !bytes.isEmpty {
      let count = unsafe bytes.withUnsafeBytes { unsafe send(client, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL)) }
      guard count > 0 else { return }
      bytes = bytes.dropFirst(count)
    }
  }
}
