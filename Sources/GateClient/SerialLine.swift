import CSerialLine
import Pipelines

/// An open serial device, this process's alone; closed with it.
struct SerialLine: ~Copyable {
  struct Failure: Error {
    /// As errno has it.
    let number: Int32
  }

  private let descriptor: Int32

  init(device: String, baudRate: Int) throws(Failure) {
    var opened: Int32 = -1
    let status = unsafe swl_serial_open(device, UInt32(clamping: baudRate), &opened)
    guard status == 0 else { throw Failure(number: -status) }
    descriptor = opened
  }

  deinit { swl_serial_close(descriptor) }

  /// Puts what has come at the beginning of `buffer`.
  /// - Returns: how many bytes; nil where the device is gone.
  func read(into buffer: inout [UInt8]) -> Int? {
    let count = unsafe buffer.withUnsafeMutableBytes { memory in unsafe swl_serial_read(descriptor, memory.baseAddress, memory.count) }
    return count < 0 ? nil : count
  }

  /// How many of the first bytes the device took; nil where it is gone.
  func write(_ bytes: [UInt8]) -> Int? {
    let count = unsafe bytes.withUnsafeBytes { memory in unsafe swl_serial_write(descriptor, memory.baseAddress, memory.count) }
    return count < 0 ? nil : count
  }

  enum Event {
    case readable
    /// The device is gone, but what came before may still be read.
    case readableAtLast
    case gone
    case nothing
  }

  /// Waits until something has come, bytes can go, `wake` was called or the time has passed.
  func wait(wantsToWrite: Bool, wake: Int32, until deadline: MonotonicInstant) -> Event {
    let time = MonotonicClock.now().duration(to: deadline).wholeNanoseconds
    let events = swl_serial_wait(descriptor, wantsToWrite ? 1 : 0, wake, time)
    if events < 0 { return .gone }
    let isGone = events & Int32(SWL_SERIAL_GONE.rawValue) != 0
    if events & Int32(SWL_SERIAL_READABLE.rawValue) != 0 { return isGone ? .readableAtLast : .readable }
    return isGone ? .gone : .nothing
  }
}
