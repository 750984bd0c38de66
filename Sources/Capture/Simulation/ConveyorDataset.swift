import Glibc
import Imaging

extension ConveyorScene {
  /// A box is written as a label when at least this share of it is in the frame.
  public static let labelledVisibility: Float = 0.4

  /// Writes frames of a simulated line as a labelled data set: `images/000000.ppm …` (or `.jpg`), `labels/000000.txt …` (YOLO text: class,
  /// then the box's middle, width and height as shares of the frame), and `classes.txt`.
  ///
  /// - Parameters:
  ///   - folder: made if it isn't there; files of the same names are replaced.
  ///   - count: images.
  ///   - options: the line; another seed is another line.
  ///   - step: frames from one image to the next; 97 shows mostly other parts.
  ///   - jpegQuality: 1…100 for JPEG files; nil for PPM.
  public static func writeDataset(
    to folder: String, count: Int, options: ConveyorOptions = ConveyorOptions(), step: Int = 97, jpegQuality: Int? = nil
  ) throws(CaptureError) {
    let scene = try ConveyorScene(options: options)
    for path in [folder, "\(folder)/images", "\(folder)/labels"] { try makeFolder(path) }
    try write(Array((labels.joined(separator: "\n") + "\n").utf8), to: "\(folder)/classes.txt")
    var pixels = [UInt8](repeating: 0, count: scene.frameByteCount)
    for index in 0..<count {
      let frame = index * step
      unsafe pixels.withUnsafeMutableBufferPointer { unsafe scene.render(frame: frame, into: $0) }
      let digits = String(index)
      let name = String(repeating: "0", count: max(0, 6 - digits.count)) + digits
      let path = "\(folder)/images/\(name).\(jpegQuality == nil ? "ppm" : "jpg")"
      do throws(ImagingError) {
        try RGBImage(width: options.width, height: options.height, pixels: pixels).write(to: path, quality: jpegQuality ?? 100)
      } catch {
        throw CaptureError(.inputOutput, error.message)
      }
      try write(Array(labelText(scene.groundTruth(frame: frame), options: options).utf8), to: "\(folder)/labels/\(name).txt")
    }
  }

  /// One line a defect: class, middle x, middle y, width, height.
  static func labelText(_ truth: [GroundTruthBox], options: ConveyorOptions) -> String {
    let (width, height) = (Float(options.width), Float(options.height))
    var text = ""
    for box in truth where box.visibility >= labelledVisibility {
      guard let classIndex = box.classIndex else { continue }
      let numbers = [(box.x + box.width / 2) / width, (box.y + box.height / 2) / height, box.width / width, box.height / height]
      text += "\(classIndex) " + numbers.map(sixDigits).joined(separator: " ") + "\n"
    }
    return text
  }

  /// A share, 0…1, with six digits after the point.
  private static func sixDigits(_ share: Float) -> String {
    let millionths = Int((Double(min(max(share, 0), 1)) * 1_000_000).rounded())
    let digits = String(millionths % 1_000_000)
    return "\(millionths / 1_000_000)." + String(repeating: "0", count: 6 - digits.count) + digits
  }

  private static func makeFolder(_ path: String) throws(CaptureError) {
    guard unsafe mkdir(path, 0o755) != 0, errno != EEXIST else { return }
    throw CaptureError(.inputOutput, "\(path): the folder can't be made (\(systemMessage(errno)))")
  }

  private static func write(_ bytes: [UInt8], to path: String) throws(CaptureError) {
    let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw CaptureError(.inputOutput, "\(path): can't be written (\(systemMessage(errno)))") }
    var written = 0
    while written < bytes.count {
      let count = unsafe bytes.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress! + written, bytes.count - written) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else {
        let reason = systemMessage(errno)
        close(descriptor)
        throw CaptureError(.inputOutput, "\(path): can't be written (\(reason))")
      }
      written += count
    }
    guard close(descriptor) == 0 else { throw CaptureError(.inputOutput, "\(path): can't be written (\(systemMessage(errno)))") }
  }
}
