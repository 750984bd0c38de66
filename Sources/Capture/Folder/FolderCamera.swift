import Imaging
import Pipelines

extension CameraScheme {
  static let folder = CameraScheme(name: "folder", example: "folder:/path/to/images") { rest, settings throws(CaptureError) in
    try FolderCamera(path: rest, settings: settings)
  }
}

/// Replays a folder's images in the order of their names, at a rate, again and again unless told not to. Each round looks at
/// the folder anew. A file that vanished or is no image is skipped and counted.
@safe public final class FolderCamera: CameraSource, @unchecked Sendable {
  public let name: String
  private let folder: ReplayedFolder
  private let loops: Bool
  private let frameRate: Double
  let pool: HeapBufferPool
  private let metronome: Metronome
  private let status = CameraStatus()
  private var round: ReplayedFolder.Round
  private var next = 0
  private var deliveredInRound = 0
  /// Bytes of a buffer that the largest of them took.
  private var largestInRound = 0
  private var sequence: UInt64 = 0
  /// The first frame of a stream, while its change of state is told.
  private var pending: Frame?

  /// - Parameter settings: frame rate (10 by default), loop, buffer count.
  public init(path: String, settings: CameraSettings = CameraSettings()) throws(CaptureError) {
    name = "folder:\(path)"
    try settings.refuseDeviceSettings(for: name)
    try settings.refuseSimulationSettings(for: name)
    folder = ReplayedFolder(path: path)
    round = try folder.round()
    loops = settings.loop ?? true
    frameRate = settings.frameRate ?? 10
    pool = HeapBufferPool(count: settings.bufferCount, byteCount: round.largest)
    metronome = Metronome(rate: frameRate, isInPhase: true)
  }

  public var state: CameraState { status.state }
  public var counters: CaptureCounters { status.counters }

  public func stop() {
    metronome.stop()
    pool.stop()
  }

  public func nextFrame(timeout: Duration) -> CaptureEvent {
    let deadline = MonotonicClock.now().advanced(by: timeout)
    while true {
      if metronome.hasStopped { return end() }
      if let change = status.takeChange() { return .stateChanged(change) }
      if let frame = pending.take() { return deliver(frame) }
      if next >= round.names.count && !beginRound() { return end() }
      guard let buffer = pool.take(until: deadline) else { return metronome.hasStopped ? end() : .timedOut }
      switch metronome.wait(until: deadline) {
      case .stopped:
        pool.takeBack(buffer)
        return end()
      case .timedOut:
        pool.takeBack(buffer)
        return .timedOut
      case .now:
        if let frame = replay(into: buffer) {
          if isStreaming { return deliver(frame) }
          announce(frame)
        } else if MonotonicClock.now() >= deadline {
          return .timedOut
        }
      }
    }
  }

  /// Starts over. A folder that is gone or empty by now leaves the old names in place, which then count as unreadable.
  ///
  /// - Returns: false when it must not.
  private func beginRound() -> Bool {
    guard loops else { return false }
    if deliveredInRound == 0 {
      status.enter(.waiting("\(folder.path): no image could be read; put .jpg, .ppm or .bmp files there"))
      metronome.pause(for: .seconds(1))
    }
    if let found = try? folder.round() {
      round = found
      pool.expect(max(found.largest, largestInRound))
    }
    next = 0
    deliveredInRound = 0
    largestInRound = 0
    return true
  }

  /// Reads the next file into `buffer`.
  ///
  /// - Returns: nil when the file was skipped.
  private func replay(into buffer: FrameBuffer) -> Frame? {
    let file = round.names[next]
    next += 1
    guard let view = loadImage(file, into: buffer) else {
      pool.takeBack(buffer)
      status.count(\.unreadable)
      return nil
    }
    deliveredInRound += 1
    // Frames as large may be in all buffers soon. What was read and is no image doesn't count.
    pool.expect(atLeast: largestInRound)
    let frame = Frame(view: view, sequence: sequence, capturedAt: MonotonicClock.now(), buffer: buffer, owner: pool)
    sequence += 1
    return frame
  }

  private var isStreaming: Bool {
    if case .streaming = status.state { true } else { false }
  }

  /// The first frame of a stream: its change of state is told before it.
  private func announce(_ frame: consuming Frame) {
    let format = StreamFormat(
      pixelFormat: frame.view.format, encoding: frame.view.encoding, width: frame.view.width, height: frame.view.height, frameRate: frameRate)
    status.enter(.streaming(format))
    pending = consume frame
  }

  private func deliver(_ frame: consuming Frame) -> CaptureEvent {
    status.count(\.delivered)
    return .frame(frame)
  }

  /// A JPEG file is handed on as it is, any other is decoded here.
  private func loadImage(_ file: String, into buffer: FrameBuffer) -> ImageView? {
    let pool = pool
    guard let bytes = unsafe folder.read(file, into: { unsafe pool.bytes(of: buffer, atLeast: $0) }) else { return nil }
    if unsafe JPEGHeader.isJPEG(UnsafeBufferPointer(bytes)) {
      guard let size = unsafe JPEGHeader.size(of: UnsafeBufferPointer(bytes)) else { return nil }
      largestInRound = max(largestInRound, bytes.count)
      return unsafe view(of: bytes, format: .mjpeg, width: size.width, height: size.height, bytesPerLine: 0)
    }
    let fileByteCount = bytes.count
    guard let image = unsafe try? RGBImage(decoding: Array(bytes), named: file) else { return nil }
    let pixels = unsafe pool.bytes(of: buffer, atLeast: image.pixels.count)
    largestInRound = max(largestInRound, fileByteCount, image.pixels.count)
    _ = unsafe pixels.update(fromContentsOf: image.pixels)
    let used = unsafe UnsafeMutableBufferPointer(rebasing: pixels[..<image.pixels.count])
    return unsafe view(of: used, format: .rgb24, width: image.width, height: image.height, bytesPerLine: image.width * 3)
  }

  private func view(of bytes: UnsafeMutableBufferPointer<UInt8>, format: PixelFormat, width: Int, height: Int, bytesPerLine: Int) -> ImageView {
    let plane = unsafe ImageView.Plane(base: UnsafePointer(bytes.baseAddress!), byteCount: bytes.count, bytesPerLine: bytesPerLine)
    return ImageView(format: format, encoding: .bt601Full, width: width, height: height, planes: (plane, nil, nil))
  }

  private func end() -> CaptureEvent {
    pending = nil
    status.enter(.ended)
    return .ended
  }
}
