import ArgumentParser
import EdgeAgent
import Imaging
import ModelManifest

/// A camera's frame size as `--frame` takes it.
struct FrameSize: ExpressibleByArgument {
  let width: Int
  let height: Int

  init?(argument: String) {
    let parts = argument.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 2, let width = parts[0], let height = parts[1], 16...16_384 ~= width, 16...16_384 ~= height, width % 2 == 0 else { return nil }
    (self.width, self.height) = (width, height)
  }
}

/// What a frame costs from a camera's buffer to the message, as `bench --frame` prints it.
struct FrameBench {
  let size: FrameSize
  let costs: FrameCosts

  /// - Parameter picture: an image file that fills the frame; nil: a pattern.
  init(_ package: ModelPackage, size: FrameSize, picture: String?, threads: Int, isOnDevice: Bool, seconds: Double) throws {
    self.size = size
    let image = if let picture { try RGBImage(contentsOf: picture) } else { Self.pattern() }
    let bytes = image.repeatedAsYUYV(width: size.width, height: size.height)
    costs = try unsafe bytes.withUnsafeBufferPointer { buffer in
      let plane = unsafe ImageView.Plane(base: buffer.baseAddress!, byteCount: buffer.count, bytesPerLine: 2 * size.width)
      let view = ImageView(format: .yuyv, width: size.width, height: size.height, planes: (plane, nil, nil))
      return try FrameCosts(of: view, with: package, threads: threads, isOnDevice: isOnDevice, duration: .seconds(seconds))
    }
  }

  /// Every colour and brightness, in edges and slopes.
  private static func pattern() -> RGBImage {
    let side = 256
    var pixels: [UInt8] = []
    for y in 0..<side {
      for x in 0..<side { pixels += [UInt8(x), UInt8(y), UInt8(x & 32 == y & 32 ? 255 - x : y)] }
    }
    return RGBImage(width: side, height: side, pixels: pixels)
  }

  var json: JSON {
    .object(
      FrameCosts.Stage.allCases.map { ("\($0.rawValue)_ms", JSON.number(costs.median($0))) } + [
        ("share_outside_model", .number(costs.shareOutsideModel)),
        ("detections", .integer(costs.detectionCount)),
        ("payload_bytes", .integer(costs.payloadByteCount)),
        ("iterations", .integer(costs.frameCount)),
      ])
  }

  var text: String {
    var text = "a frame of \(size.width)x\(size.height) YUYV to a message of \(costs.payloadByteCount) bytes with \(costs.detectionCount) detections:\n"
    for stage in FrameCosts.Stage.allCases {
      let milliseconds = DemoTable.decimal(costs.median(stage), 3), share = DemoTable.decimal(100 * costs.share(of: stage), 1)
      text += "\(milliseconds.padded(9)) ms \(share.padded(6)) %  \(stage.rawValue)\n"
    }
    return text + "outside the model: \(DemoTable.decimal(100 * costs.shareOutsideModel, 1)) %, by medians over \(costs.frameCount) frames\n"
  }
}
