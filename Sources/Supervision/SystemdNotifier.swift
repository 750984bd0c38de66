import Glibc
import Pipelines

/// systemd's notification protocol (`sd_notify(3)`): datagrams to the socket that the environment names. Outside systemd every
/// call does nothing.
public struct SystemdNotifier: Sendable {
  private let deliver: (@Sendable (String) -> Void)?
  /// Silence after which systemd ends the process; nil where no watchdog is set for this process.
  public let watchdogTimeout: Duration?

  /// - Parameter environment: Looks a variable up.
  public init(environment: (String) -> String?, processIdentifier: Int32? = nil) {
    let socketPath = environment("NOTIFY_SOCKET").flatMap { $0.hasPrefix("/") || $0.hasPrefix("@") ? $0 : nil }
    if let socketPath { deliver = { message in Self.send(message, to: socketPath) } } else { deliver = nil }
    let isForThisProcess = environment("WATCHDOG_PID").map { Int32($0) == processIdentifier ?? getpid() } ?? true
    let microseconds = environment("WATCHDOG_USEC").flatMap { Int64($0) }
    watchdogTimeout = microseconds.flatMap { isForThisProcess && $0 > 0 ? .microseconds($0) : nil }
  }

  /// Somebody else who takes notifications.
  public init(watchdogTimeout: Duration? = nil, deliver: @escaping @Sendable (String) -> Void) {
    self.deliver = deliver
    self.watchdogTimeout = watchdogTimeout
  }

  /// Start-up is finished.
  public func ready() { send("READY=1") }

  /// What was configured is being read and applied anew; `ready()` ends that, whatever came of it.
  public func reloading() { send("RELOADING=1\nMONOTONIC_USEC=\(MonotonicClock.now().nanoseconds / 1000)") }

  /// Every stage progresses.
  public func alive() { if watchdogTimeout != nil { send("WATCHDOG=1") } }

  /// The process begins to end.
  public func stopping() { send("STOPPING=1") }

  /// One line for `systemctl status`.
  public func status(_ text: String) { send("STATUS=\(text.split(separator: "\n").joined(separator: " "))") }

  private func send(_ message: String) { deliver?(message) }

  /// A notification can't be waited for and its loss is no failure of the service.
  private static func send(_ message: String, to socketPath: String) {
    let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    // An abstract socket's name begins with a zero byte, written `@`.
    let path = Array(socketPath.utf8)
    let capacity = MemoryLayout.size(ofValue: address.sun_path)
    guard path.count < capacity else { return }
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { bytes in
      for (index, byte) in path.enumerated() { unsafe bytes[index] = index == 0 && byte == UInt8(ascii: "@") ? 0 : byte }
    }
    let length = socklen_t(MemoryLayout<sa_family_t>.size + path.count + (socketPath.hasPrefix("@") ? 0 : 1))
    let bytes = Array(message.utf8)
    unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { target in
        _ = unsafe sendto(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL), target, length)
      }
    }
  }
}
