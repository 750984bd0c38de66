import CThreads
import Glibc
import Pipelines

/// systemd's journal by its own protocol: entries of named fields, as datagrams. Sending never waits for it.
public final class Journal: @unchecked Sendable {
  /// A field's name has capital letters, digits and underscores; a value may be any text.
  public struct Field: Sendable, Equatable {
    public let name: String
    public let value: String

    public init(_ name: String, _ value: String) {
      self.name = name
      self.value = value
    }
  }

  public enum Outcome: Sendable, Equatable {
    case sent
    /// The journal doesn't keep up; the next entry that it takes says how many are missing, in `SWIFTLET_LOST`.
    case lost
    /// There is no journal, or it takes nothing of this process.
    case unreachable
  }

  public static let socketPath = "/run/systemd/journal/socket"

  private let path: String
  private let descriptor: Int32
  private let mutex = PthreadMutex()
  private var lostCount = 0

  /// - Returns: nil where the system gives no socket.
  public init?(path: String = Journal.socketPath) {
    let descriptor = swl_journal_open()
    guard descriptor >= 0 else { return nil }
    self.path = path
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  /// Whether standard error goes to the journal: the environment names the device and the inode of the stream that systemd made.
  ///
  /// - Parameter environment: Looks a variable up.
  public static func isStandardError(_ environment: (String) -> String?) -> Bool {
    isStream(STDERR_FILENO, environment("JOURNAL_STREAM"))
  }

  /// Whether a descriptor is the stream that the value of `JOURNAL_STREAM` names.
  static func isStream(_ descriptor: Int32, _ name: String?) -> Bool {
    guard let parts = name?.split(separator: ":", omittingEmptySubsequences: false).map({ UInt64($0) }), parts.count == 2 else { return false }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { return false }
    return parts[0] == UInt64(status.st_dev) && parts[1] == UInt64(status.st_ino)
  }

  public func send(_ fields: [Field]) -> Outcome {
    mutex.withLock {
      let bytes = Self.encoded(lostCount > 0 ? fields + [Field("SWIFTLET_LOST", "\(lostCount)")] : fields)
      switch unsafe swl_journal_send(descriptor, path, bytes, bytes.count) {
      case 0:
        lostCount = 0
        return .sent
      case -EAGAIN:
        lostCount += 1
        return .lost
      default: return .unreachable
      }
    }
  }

  /// A value of several lines comes with its length, eight bytes, the lowest first.
  static func encoded(_ fields: [Field]) -> [UInt8] {
    var bytes: [UInt8] = []
    for field in fields {
      bytes += field.name.utf8
      let value = Array(field.value.utf8)
      if value.contains(UInt8(ascii: "\n")) {
        bytes.append(UInt8(ascii: "\n"))
        for shift in stride(from: 0, to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: value.count >> shift)) }
      } else {
        bytes.append(UInt8(ascii: "="))
      }
      bytes += value
      bytes.append(UInt8(ascii: "\n"))
    }
    return bytes
  }
}
