import Glibc
import Pipelines

/// A running stream: the driver's buffers, mapped, and who has each. Frames keep it alive beyond its end, but not the device:
/// an unplugged device's name is free for its successor only when nobody has it open or mapped any more.
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
  /// For each buffer whether someone has it, so that the driver can't fill it.
  private var isOutside: [Bool]
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
      while let part = unsafe mapped.popLast() { unsafe device.unmap(part) }
      _ = try? device.requestBuffers(0)
      throw error
    }
    unsafe memory = mapped
    isOutside = [Bool](repeating: false, count: count)
  }

  /// Takes a filled buffer from the driver, if there is one.
  func dequeue() -> Dequeued {
    var filled = VideoBuffer()
    let status = device.dequeue(into: &filled)
    if status == EAGAIN { return .nothing }
    guard status == 0 else { return .failed(status) }
    guard buffers.indices.contains(filled.index) else { return .failed(EINVAL) }
    mutex.withLock { isOutside[filled.index] = true }
    return .filled(buffers[filled.index], filled)
  }

  /// The picture's bytes in a buffer, held to its size.
  func bytes(of buffer: FrameBuffer, _ filled: VideoBuffer) -> UnsafeRawBufferPointer {
    let whole = unsafe UnsafeRawBufferPointer(memory[buffer.index])
    let start = min(max(filled.byteOffset, 0), whole.count)
    return unsafe UnsafeRawBufferPointer(rebasing: whole[start..<start + min(max(filled.byteCount, 0), whole.count - start)])
  }

  /// Whether the driver has no buffer to fill, since all are leased.
  var isStarved: Bool {
    mutex.withLock { isOutside.allSatisfy { $0 } }
  }

  /// Hands a buffer to the driver again, or frees it after the stream's end.
  func takeBack(_ buffer: FrameBuffer) {
    mutex.withLock {
      isOutside[buffer.index] = false
      if isRunning {
        // A device that went away refuses; the capture thread learns it from the device itself.
        _ = device.queue(buffer.index)
      } else {
        unsafe device.release(memory[buffer.index])
      }
    }
  }

  /// Ends the stream and closes the device. Frames that are out keep their pixels.
  func close() {
    mutex.withLock {
      guard isRunning else { return }
      isRunning = false
      device.stop()
      for index in isOutside.indices {
        if isOutside[index] { unsafe device.detach(memory[index]) } else { unsafe device.unmap(memory[index]) }
      }
      _ = try? device.requestBuffers(0)
      device.close()
    }
  }
}
