import CSerialLine
import Glibc
import Pipelines

/// Puts a pseudo-terminal in front of a line that an emulator offers as a Unix socket. An emulator that has a terminal of its own waits, whenever it asks that
/// for bytes, for a thread of the kernel's without priority, and its timers with it; a socket answers at once, and here it's a thread of the line's that waits.
@safe public final class LineBridge: @unchecked Sendable {
  /// What the other side opens.
  public var path: String { terminal.path }

  private let terminal: PseudoTerminal
  private let socket: Int32
  /// That the emulator's end is gone.
  private let end: Wake

  /// - Parameter path: a socket that somebody listens on; nil where nobody does.
  public init?(socketPath path: String) {
    guard let terminal = PseudoTerminal(), let end = Wake(), let socket = Self.connected(path) else { return nil }
    (self.terminal, self.socket, self.end) = (terminal, socket, end)
    // They keep this alive until the emulator's end is gone.
    do {
      _ = try DataPlaneThread(name: "to line") { [self] in
        carry(from: socket, to: terminal.master)
        end.wake()
      }
      _ = try DataPlaneThread(name: "from line") { [self] in carry(from: terminal.master, to: socket) }
    } catch { return nil }
  }

  deinit { close(socket) }

  private static func connected(_ path: String) -> Int32? {
    let made = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard made >= 0 else { return nil }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    guard path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else { return nil }
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
    let status = unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe connect(made, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
    }
    if status == 0, fcntl(made, F_SETFL, O_NONBLOCK) == 0 { return made }
    close(made)
    return nil
  }

  private func carry(from source: Int32, to sink: Int32) {
    let (day, stop) = (Int64(86_400_000_000_000), source == socket ? -1 : end.descriptor)
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let events = swl_serial_wait(source, 0, stop, day)
      guard events >= 0, events & Int32(SWL_SERIAL_WOKEN.rawValue) == 0 else { return }
      let count = unsafe buffer.withUnsafeMutableBytes { unsafe swl_serial_read(source, $0.baseAddress, $0.count) }
      // A socket that is ready and has nothing is at its end; a terminal's other side may be opened again.
      guard count > 0 else {
        if source == socket || count < 0 { return }
        continue
      }
      var done = 0
      while done < count {
        let put = unsafe buffer.withUnsafeBytes { unsafe swl_serial_write(sink, $0.baseAddress! + done, count - done) }
        guard put >= 0 else { return }
        done += put
        if done < count, swl_serial_wait(sink, 1, stop, day) & Int32(SWL_SERIAL_WOKEN.rawValue) != 0 { return }
      }
    }
  }
}
