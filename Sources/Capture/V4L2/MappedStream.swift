import Glibc
import Pipelines

/// A running stream: the driver's buffers, mapped, and who has each. Frames keep it alive; the device is closed once the stream
/// has ended and the last frame is back.
@safe final class MappedStream: FrameBufferOwner, @unchecked Sendable {
  enum Dequeued {
    case nothing
    case failed(Int32)
    /// The buffer is the caller's until `takeBack`.
    case filled(FrameBuffer, VideoBuffer)
  }

  let device: any VideoDevice
  let format: VideoFormat
  let frameRate: Double?
  private let buffers: [FrameBuffer]
  private let memory: [UnsafeMutableRawBufferPointer]
  private let mutex = PthreadMutex()
  /// Buffers that the driver doesn't have.
  private var outside = 0
  private var isRunning = true

  /// Requests, maps and queues the buffers and starts the stream. On failure the device is left to the caller.
  init(device: any VideoDevice, format: VideoFormat, frameRate: Double?, bufferCount: Int) throws(SystemFailure) {
    self.device = device
    self.format = format
    self.frameRate = frameRate
    let count = try device.requestBuffers(bufferCount)
    guard count >= 2 else { throw SystemFailure(number: ENOMEM) }
    buffers = (0..<count).map { FrameBuffer(index: $0) }
    var mapped: [UnsafeMutableRawBufferPointer] = unsafe []
    do throws(SystemFailure) {
      for index in 0..<count {
        unsafe mapped.append(try device.map(index))
        let status = device.queue(index)
        guard status == 0 else { throw SystemFailure(number: status) }
      }
      try device.start()
    } catch {
      for unsafe part in unsafe mapped { unsafe device.unmap(part) }
      _ = try? device.requestBuffers(0)
      throw error
    }
    unsafe memory = mapped
  }

  /// Takes a filled buffer from the driver, if there is one.
  func dequeue() -> Dequeued {
    var filled = VideoBuffer()
    let status = device.dequeue(into: &filled)
    if status == EAGAIN { return .nothing }
    guard status == 0 else { return .failed(status) }
    guard buffers.indices.contains(filled.index) else { return .failed(EINVAL) }
    mutex.withLock { outside += 1 }
    return .filled(buffers[filled.index], filled)
  }

  /// The first bytes of a buffer, held to its size.
  func bytes(of buffer: FrameBuffer, count: Int) -> UnsafeRawBufferPointer {
    let whole = unsafe UnsafeRawBufferPointer(memory[buffer.index])
    return unsafe UnsafeRawBufferPointer(rebasing: whole[..<min(max(count, 0), whole.count)])
  }

  /// Whether the driver has no buffer to fill, since all are leased.
  var isStarved: Bool {
    mutex.withLock { outside == buffers.count }
  }

  /// Hands a buffer to the driver again; after the end, the last one closes the device.
  func takeBack(_ buffer: FrameBuffer) {
    let isLast = mutex.withLock {
      outside -= 1
      // A device that went away refuses; the capture thread learns it from the device itself.
      if isRunning { _ = device.queue(buffer.index) }
      return !isRunning && outside == 0
    }
    if isLast { release() }
  }

  /// Ends the stream. Frames that are out keep their memory.
  func close() {
    let isLast = mutex.withLock {
      guard isRunning else { return false }
      isRunning = false
      device.stop()
      // Lets another open of the same device stream although frames are still out (kernel 5.0 and later).
      if outside > 0 { _ = try? device.requestBuffers(0) }
      return outside == 0
    }
    if isLast { release() }
  }

  private func release() {
    for unsafe part in unsafe memory { unsafe device.unmap(part) }
    _ = try? device.requestBuffers(0)
    device.close()
  }
}
