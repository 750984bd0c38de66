import Glibc
import Pipelines

/// Looks once, on a thread of its own, whether a broker accepts connections: resolving its name may take as long as the system's resolver
/// likes.
final class BrokerSearch: @unchecked Sendable {
  private let address: BrokerAddress
  private let onFound: @Sendable () -> Void
  private let mutex = PthreadMutex()
  private var found = false

  private static let timeLimit = Duration.seconds(5)

  /// - Parameter onFound: called on that thread.
  init(_ address: BrokerAddress, onFound: @escaping @Sendable () -> Void) {
    self.address = address
    self.onFound = onFound
    // Without a thread it isn't found this time.
    _ = try? DataPlaneThread(name: "broker-search") { self.look() }
  }

  var isFound: Bool { mutex.withLock { found } }

  private func look() {
    var hints = unsafe addrinfo()
    unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var first: UnsafeMutablePointer<addrinfo>?
    guard unsafe getaddrinfo(address.host, "\(address.port)", &hints, &first) == 0 else { return }
    defer { unsafe freeaddrinfo(first) }
    var next = unsafe first
    while let candidate = unsafe next {
      if unsafe Self.accepts(candidate.pointee) {
        mutex.withLock { found = true }
        return onFound()
      }
      unsafe next = candidate.pointee.ai_next
    }
  }

  private static func accepts(_ candidate: addrinfo) -> Bool {
    let descriptor = unsafe socket(candidate.ai_family, candidate.ai_socktype | Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), candidate.ai_protocol)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    guard unsafe connect(descriptor, candidate.ai_addr, candidate.ai_addrlen) != 0 else { return true }
    guard errno == EINPROGRESS else { return false }
    var events = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    guard unsafe poll(&events, 1, Int32(timeLimit.wholeNanoseconds / 1_000_000)) > 0 else { return false }
    var status: Int32 = 0
    var length = socklen_t(MemoryLayout<Int32>.size)
    return unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &status, &length) == 0 && status == 0
  }
}
