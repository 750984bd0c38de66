import CSerialLine
import Foundation
import Pipelines
import SimulatedGate
import Testing

/// What stands between an emulated controller and those who open its lines.
@Suite struct LineBridgeTests {
  private static let soon: Int64 = 10_000_000_000

  @Test func `a bridge carries bytes both ways between an emulator's socket and a terminal, and ends with the socket`() throws {
    let path = NSTemporaryDirectory() + "bridge-\(UUID().uuidString.prefix(8))"
    defer { _ = unsafe unlink(path) }
    #expect(LineBridge(socketPath: path) == nil, "nobody listens")
    let listener = try #require(listen(on: path))
    defer { close(listener) }
    var bridge = LineBridge(socketPath: path)
    let terminal = try #require(bridge?.path)
    let emulator = accept(listener, nil, nil)
    var line: Int32 = -1
    let isOpen = unsafe swl_serial_open(terminal, 115_200, &line) == 0
    #expect(isOpen && emulator >= 0)
    defer { swl_serial_close(line) }
    // Bytes that a terminal which isn't raw would change or take for commands.
    let bytes: [UInt8] = [0x00, 0x03, 0x0A, 0x0D, 0x11, 0x13, 0x1A, 0x7F, 0xFF]
    for (source, sink) in [(line, emulator), (emulator, line)] {
      let put = unsafe bytes.withUnsafeBytes { unsafe swl_serial_write(source, $0.baseAddress, $0.count) }
      #expect(put == bytes.count)
      var got: [UInt8] = []
      while got.count < bytes.count, swl_serial_wait(sink, 0, -1, Self.soon) & Int32(SWL_SERIAL_READABLE.rawValue) != 0 {
        var buffer = [UInt8](repeating: 0, count: 64)
        let count = unsafe buffer.withUnsafeMutableBytes { unsafe swl_serial_read(sink, $0.baseAddress, $0.count) }
        got += buffer.prefix(max(0, count))
      }
      #expect(got == bytes)
    }
    close(emulator)
    // Its threads alone keep it then.
    bridge = nil
    let deadline = MonotonicClock.now().advanced(by: .seconds(10))
    var hasEnded = false
    while !hasEnded, MonotonicClock.now() < deadline { hasEnded = swl_serial_wait(line, 0, -1, Self.soon) & Int32(SWL_SERIAL_GONE.rawValue) != 0 }
    #expect(hasEnded)
  }

  private func listen(on path: String) -> Int32? {
    let made = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    guard made >= 0, path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else { return nil }
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
    let isBound = unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe bind(made, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0 }
    }
    return isBound && Foundation.listen(made, 1) == 0 ? made : nil
  }
}
