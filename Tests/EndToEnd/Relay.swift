import Glibc
import Pipelines
import TestBroker

/// Passes bytes between clients and a port until it is cut, so that a broker vanishes for one client and stays for the others.
final class Relay: @unchecked Sendable {
  let port: UInt16
  private let target: UInt16
  private let mutex = PthreadMutex()
  private var listener: Int32 = -1
  private var open: Set<Int32> = []

  init(to target: UInt16) throws {
    self.target = target
    port = try LoopbackPort.free()
    try restore()
  }

  deinit { cut() }

  /// Closes every connection and refuses new ones.
  func cut() {
    mutex.withLock {
      for descriptor in open.union(listener >= 0 ? [listener] : []) { shutdown(descriptor, Int32(SHUT_RDWR)) }
      listener = -1
    }
  }

  /// Listens again.
  func restore() throws {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var reuse: Int32 = 1
    unsafe setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &reuse, 4)
    var address = Self.loopback(port)
    let status = unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
    guard status == 0, listen(descriptor, 8) == 0 else { throw RealBroker.Failure(description: "the relay can't listen on \(port)") }
    mutex.withLock { listener = descriptor }
    _ = try DataPlaneThread(name: "relay") { self.accept(on: descriptor) }
  }

  private func accept(on descriptor: Int32) {
    while true {
      let client = Glibc.accept(descriptor, nil, nil)
      guard client >= 0 else { break }
      guard let server = connect() else {
        close(client)
        continue
      }
      mutex.withLock { open.formUnion([client, server]) }
      for (from, to) in [(client, server), (server, client)] { _ = try? DataPlaneThread(name: "relay") { Self.pass(from, to) } }
    }
    close(descriptor)
  }

  private func connect() -> Int32? {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = Self.loopback(target)
    let status = unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
    guard status == 0 else {
      close(descriptor)
      return nil
    }
    return descriptor
  }

  /// Until either end closes. Descriptors are shut down, not closed, so that none is used again under another's feet.
  private static func pass(_ from: Int32, _ to: Int32) {
    var bytes = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = unsafe recv(from, &bytes, bytes.count, 0)
      guard count > 0, unsafe send(to, bytes, count, Int32(MSG_NOSIGNAL)) == count else { break }
    }
    shutdown(from, Int32(SHUT_RDWR))
    shutdown(to, Int32(SHUT_RDWR))
  }

  private static func loopback(_ port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return address
  }
}
