import Imaging
import ModelFormat
import ModelManifest
import ObjectDetection
import Tensors

/// How much of the prepared images an 8-bit input can't hold. What happens further inside can't be told of a finished package: its values share
/// memory while it runs, and one at the end of its range may have been cut there or belong there, as behind a ReLU.
final class InputSaturation {
  private let name: String
  private let held: ClosedRange<Float>
  private let preparation: ImagePreparation
  private let prepared: AlignedBytes
  private var (outside, count) = (0, 0)

  /// Where more of a value's elements than this lie outside what calibration saw, the images are of another kind.
  static let largestShare = 0.002

  /// nil where the input isn't a number in 8 bits.
  init?(_ package: ModelPackage) {
    guard let input = package.manifest.input, let program = try? package.programForImages(), let port = program.inputs.first(where: { $0.name == input.tensor })
    else { return nil }
    var tensor = program.tensors[Int(port.tensor)]
    guard let form = tensor.quantisation, let integers = tensor.elementType.eightBitRange, port.declaredType == .float32 else { return nil }
    // Half a step beyond its ends a number is still rounded to them.
    let ends = [Float(integers.lowerBound) - 0.5, Float(integers.upperBound) + 0.5].map { ($0 - Float(form.zeroPoint)) * form.scale }
    tensor.elementType = .float32
    tensor.quantisation = nil
    guard let preparation = try? ImagePreparation(input: input, tensor: tensor) else { return nil }
    self.preparation = preparation
    (name, held) = (port.name, ends[0]...ends[1])
    prepared = AlignedBytes(count: tensor.byteCount)
  }

  func add(_ image: RGBImage) {
    let outcome = image.withView { view in unsafe preparation.prepare(view, into: prepared.bytes) }
    guard outcome == .prepared else { return }
    let elements = unsafe prepared.bytes.bindMemory(to: Float.self)
    count += elements.count
    for index in elements.indices where unsafe !held.contains(elements[index]) { outside += 1 }
  }

  /// What to tell the user; nil where the images fit.
  var warning: String? {
    let share = count > 0 ? Double(outside) / Double(count) : 0
    guard share > Self.largestShare else { return nil }
    return "the evaluation images leave the calibrated range of the input, with \(DemoTable.decimal(share * 100, 1)) % of '\(name)': "
      + "calibrate on images like those that the model will see"
  }
}
