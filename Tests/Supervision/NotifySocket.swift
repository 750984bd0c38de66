import Glibc

/// The receiving end of systemd's datagrams, for tests.
final class NotifySocket {
  private let descriptor: Int32
  private let path: String

  /// - Parameter path: A file's path, or `@` and a name for an abstract socket.
  init(_ path: String) throws {
    self.path = path
    descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { bytes in
      for (index, byte) in path.utf8.enumerated() { unsafe bytes[index] = index == 0 && path.hasPrefix("@") ? 0 : byte }
    }
    let length = socklen_t(2 + path.utf8.count + (path.hasPrefix("@") ? 0 : 1))
    let status = unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe bind(descriptor, $0, length) }
    }
    guard status == 0 else { throw SocketFailure(code: errno) }
    // A test that waits for what never comes fails instead of hanging.
    var timeout = timeval(tv_sec: 20, tv_usec: 0)
    unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
  }

  deinit {
    close(descriptor)
    unsafe unlink(path)
  }

  /// The next datagram; nil after 20 seconds.
  func receive() -> String? {
    var bytes = [UInt8](repeating: 0, count: 256)
    let count = unsafe recv(descriptor, &bytes, bytes.count, 0)
    return count < 0 ? nil : String(decoding: bytes[..<count], as: UTF8.self)
  }

  /// The descriptor that comes with the next datagram; nil where none does.
  func receiveFile() -> Int32? {
    // As the kernel lays it out: length, level, type, the descriptor.
    var control = [UInt64](repeating: 0, count: 3)
    var message = unsafe msghdr()
    let count = unsafe control.withUnsafeMutableBytes { room -> Int in
      unsafe message.msg_control = room.baseAddress
      unsafe message.msg_controllen = room.count
      return unsafe recvmsg(descriptor, &message, 0)
    }
    guard count == 0, unsafe message.msg_controllen >= 20 else { return nil }
    return Int32(truncatingIfNeeded: control[2])
  }

  struct SocketFailure: Error { let code: Int32 }
}
