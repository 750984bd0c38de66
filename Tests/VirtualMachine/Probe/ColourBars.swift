import Capture
import Imaging
import Tensors

/// The test pattern of vivid: eight bars, white to black, each with red, green and blue either present or absent.
struct ColourBars {
  let device: String

  /// Red, green, blue of each bar from the left.
  private static let bars = [[1, 1, 1], [1, 1, 0], [0, 1, 1], [0, 1, 0], [1, 0, 1], [1, 0, 0], [0, 0, 1], [0, 0, 0]]

  /// What is wrong with the bars as a format, by its name, brings them; luminance alone is to fall from bar to bar.
  func problem(in name: String) -> String? {
    guard let format = PixelFormat.allCases.first(where: { $0.name == name }) else { return "no such format" }
    do {
      let camera = try openCamera("v4l2:\(device)", settings: CameraSettings(size: (640, 480), frameRate: 30, format: format))
      defer { camera.stop() }
      let preparation = try ImagePreparation(
        settings: .init(width: 640, height: 480, fit: .stretch), target: .init(elementType: .float32, dimensions: [1, 480, 640, 3]))
      var tensor = [Float](repeating: 0, count: 640 * 480 * 3)
      return read(camera, frames: 1) { frame in
        let view = frame.view
        if view.format != format { return "the frames are \(view.format.name)" }
        let outcome = unsafe tensor.withUnsafeMutableBytes { unsafe preparation.prepare(view, into: $0) }
        return outcome == .prepared ? judge(tensor, isGrey: !isColour(format)) : "\(outcome)"
      }
    } catch {
      return "\(error)"
    }
  }

  private func isColour(_ format: PixelFormat) -> Bool {
    if case .sensor(let samples) = format { samples.pattern != .none } else { format != .grey }
  }

  /// The middle of each bar, in the lower half, which no text covers.
  private func judge(_ pixels: [Float], isGrey: Bool) -> String? {
    var last = [Float(256)]
    for (index, bar) in Self.bars.enumerated() {
      let start = 3 * (400 * 640 + index * 80 + 40)
      let seen = Array(pixels[start..<start + 3])
      if isGrey {
        if seen[0] >= last[0] || seen[0] != seen[1] { return "bar \(index) is \(seen) after \(last)" }
      } else if zip(seen, bar).contains(where: { $0 > 110 ? $1 == 0 : $1 == 1 }) {
        return "bar \(index) is \(seen)"
      }
      last = seen
    }
    return nil
  }
}
