@testable import Capture
import Foundation
import Imaging
import Pipelines

/// What a frame says, for `#expect`, which takes no noncopyable values.
struct Seen: Equatable {
  var sequence: UInt64
  var bytes: [UInt8]
  var format: PixelFormat
  var width: Int
  var height: Int
  var truth: [GroundTruthBox]?

  init(_ frame: borrowing Frame) {
    let view = frame.view
    sequence = frame.sequence
    bytes = unsafe Array(UnsafeBufferPointer(start: view.planes.0.base, count: view.planes.0.byteCount))
    format = view.format
    (width, height) = (view.width, view.height)
    truth = frame.groundTruth
  }
}

enum SeenEvent: Equatable {
  case frame(Seen)
  case state(CameraState)
  case timedOut
  case ended

  init(_ event: consuming CaptureEvent) {
    switch consume event {
    case .frame(let frame): self = .frame(Seen(frame))
    case .stateChanged(let state): self = .state(state)
    case .timedOut: self = .timedOut
    case .ended: self = .ended
    }
  }

  var frame: Seen? {
    if case .frame(let seen) = self { seen } else { nil }
  }
}

extension CameraSource {
  func seeNext(timeout: Duration = .seconds(30)) -> SeenEvent {
    SeenEvent(nextFrame(timeout: timeout))
  }

  /// The next frame, kept; nil when something else comes than frames and changes of state.
  func holdNext() -> Frame? {
    while true {
      switch nextFrame(timeout: .seconds(30)) {
      case .frame(let frame): return frame
      case .stateChanged: continue
      case .timedOut: return nil
      case .ended: return nil
      }
    }
  }
}

func take(_ frame: consuming Frame?) -> Seen? {
  if let frame { Seen(frame) } else { nil }
}

/// A folder that is removed with its owner.
final class TemporaryFolder {
  let path = NSTemporaryDirectory() + "capture-\(UUID().uuidString)"

  init() throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit {
    try? FileManager.default.removeItem(atPath: path)
  }

  func write(_ bytes: [UInt8], as name: String) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: path + "/" + name))
  }
}

/// The head of a JPEG file that says its size; enough for a source that hands the bytes on.
func jpegHead(width: Int, height: Int, filler: Int = 0) -> [UInt8] {
  let comment: [UInt8] = [0xFF, 0xFE, 0, UInt8(2 + filler)] + [UInt8](repeating: 7, count: filler)
  let frame: [UInt8] = [0xFF, 0xC0, 0, 11, 8, UInt8(height >> 8), UInt8(height & 255), UInt8(width >> 8), UInt8(width & 255), 1, 1, 0x11, 0]
  return [0xFF, 0xD8] + comment + frame + [0xFF, 0xD9]
}
