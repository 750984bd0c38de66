import ModelFormat
import ModelManifest
import Tensors

/// A package that judges the colour of frames: the scores of its classes are red, green and blue of the one pixel that it sees, 0…1. So tests say by
/// images what is found in them.
public enum ColourPackage {
  public static let labels = ["red", "green", "blue"]

  /// The file's bytes.
  /// - Parameters:
  ///   - limit: images that a run may take; with more than one their number stays open.
  ///   - looksUp: whether it looks its scores up in a table of one row instead, which a colour of 255 lies beyond: that is a fault.
  public static func bytes(upTo limit: Int = 1, looksUp: Bool = false) -> [UInt8] {
    let manifest = Manifest(
      name: "colours", version: "1", task: .classification, labels: labels,
      input: ImageInput(tensor: "image", width: 1, height: 1, fit: .stretch, deviation: [255, 255, 255]),
      decoding: .classification(ClassificationDecoding(output: "scores")))
    let largest = program(of: limit, room: limit, looksUp)
    return PackageWriter.file(
      [(.manifest, FixedPackage.encoded(manifest)), (.program, largest.encoded()), (.weights, [UInt8](repeating: 0, count: 8))]
        + (limit > 1 ? [(.openDimensions, family(upTo: limit, looksUp).encoded())] : []))
  }

  /// Whatever differs between one image and two grows with each further one.
  private static func family(upTo limit: Int, _ looksUp: Bool) -> ProgramFamily {
    let (one, two) = (program(of: 1, room: limit, looksUp).encoded(), program(of: 2, room: limit, looksUp).encoded())
    let (largest, fields) = program(of: limit, room: limit, looksUp).encodedWithFields()
    func number(_ bytes: [UInt8], _ field: NumberField) -> Int64 {
      (0..<field.byteCount).reduce(Int64(0)) { $0 | Int64(bytes[field.offset + $1]) << Int64(8 * $1) }
    }
    let patches = fields.filter { number(one, $0) != number(two, $0) }.map {
      ProgramFamily.Patch(field: $0, coefficients: [number(one, $0), number(two, $0) - number(one, $0), 0])
    }
    let images = OpenDimension(name: "images", bounds: 1...limit, period: 1, places: [OpenDimension.Place(input: 0, axis: 0)])
    return ProgramFamily(dimensions: [images], patches: patches, encodedProgram: largest)
  }

  /// What it computes is what it is given.
  private static func program(of count: Int, room limit: Int, _ looksUp: Bool) -> Program {
    // Both larger than what lies before: the image, and the whole numbers.
    let (numbers, scores) = (64 * ((limit * 12 + 63) / 64), 64 * ((limit * 12 + 63) / 64 + (limit * 24 + 63) / 64))
    guard looksUp else { return plainProgram(of: count, room: limit) }
    return Program(
      tensors: [
        TensorDescription(name: "image", elementType: .float32, dimensions: [count, 1, 1, 3], storage: .arena(offset: 0)),
        TensorDescription(name: "scores", elementType: .float32, dimensions: [count, 3], storage: .arena(offset: scores)),
        TensorDescription(name: "numbers", elementType: .int64, dimensions: [count, 3], storage: .arena(offset: numbers)),
        TensorDescription(name: "table", elementType: .float32, dimensions: [1], storage: .weights(offset: 0)),
      ],
      inputs: [Port(name: "image", tensor: 0, declaredType: .float32, declaredDimensions: [count, 3, 1, 1], permutation: [0, 2, 3, 1])],
      outputs: [Port(name: "scores", tensor: 1, declaredType: .float32, declaredDimensions: [count, 3], permutation: [0, 1])],
      instructions: [
        .cast(Conversion(input: 0, output: 2)),
        .gather(Gather(input: 3, indices: 2, output: 1, batch: 1, extents: [1], count: Int32(3 * count), inner: 1, sharesIndices: true)),
      ], arenaByteCount: scores + numbers)
  }

  private static func plainProgram(of count: Int, room limit: Int) -> Program {
    Program(
      tensors: [
        TensorDescription(name: "image", elementType: .float32, dimensions: [count, 1, 1, 3], storage: .arena(offset: 0)),
        TensorDescription(name: "scores", elementType: .float32, dimensions: [count, 3], storage: .arena(offset: 0)),
      ],
      inputs: [Port(name: "image", tensor: 0, declaredType: .float32, declaredDimensions: [count, 3, 1, 1], permutation: [0, 2, 3, 1])],
      outputs: [Port(name: "scores", tensor: 1, declaredType: .float32, declaredDimensions: [count, 3], permutation: [0, 1])],
      instructions: [], arenaByteCount: 64 * ((limit * 12 + 63) / 64))
  }
}
