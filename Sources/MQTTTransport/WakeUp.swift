import CMosquitto
import Glibc

/// Lets any thread end another's `poll`: an eventfd.
struct WakeUp: ~Copyable, Sendable {
  let descriptor: CInt

  init() throws(MQTTTransportError) {
    descriptor = eventfd(0, CInt(EFD_CLOEXEC | EFD_NONBLOCK))
    guard descriptor >= 0 else {
      throw MQTTTransportError(.noResources, "no eventfd for the broker connection (error \(errno)); raise this service's limit on open files")
    }
  }

  deinit {
    _ = close(descriptor)
  }

  func signal() {
    var one: UInt64 = 1
    _ = unsafe write(descriptor, &one, 8)
  }

  func clear() {
    var count: UInt64 = 0
    _ = unsafe read(descriptor, &count, 8)
  }
}
