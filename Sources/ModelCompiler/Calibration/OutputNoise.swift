import ModelFormat
import ModelGraph
import Tensors

/// What quantising a model does to its outputs, over some images.
public struct OutputNoise {
  private let compilation: ModelCompilation
  private let input: CalibrationInput
  private let images: [String]
  /// The float model's outputs, image by image.
  private let expected: [[[Float]?]]

  /// Images that suffice to compare one way of quantising with another.
  private static let mostImages = 8

  /// - Parameter images: paths; some of them are looked at, evenly chosen.
  public init(_ compilation: ModelCompilation, input: CalibrationInput, images: [String]) throws(CompilerError) {
    self.compilation = compilation
    self.input = input
    let count = min(images.count, Self.mostImages)
    self.images = (0..<count).map { images[$0 * images.count / count] }
    let run = try SampleRun(compilation.compiled(), input: input)
    var outputs: [[[Float]?]] = []
    for path in self.images {
      try run.run(path)
      outputs.append(run.program.outputs.indices.map { run.output($0) })
    }
    expected = outputs
  }

  /// How many neighbouring values are kept float together at first, to see whether a look at each is worth it.
  var valuesTogether: Int { if case .sound = input { 8 } else { 1 } }

  public struct Measurement: Equatable, Sendable {
    /// Noise by signal, the mean over the outputs.
    public var noise: Double
    /// The share of multiplications that are computed in float.
    public var floatShare: Double
  }

  /// - Parameter imageCount: of the images, evenly chosen.
  public func measure(_ result: CalibrationResult, imageCount: Int = .max) throws(CompilerError) -> Measurement {
    let run = try SampleRun(compilation.quantised(by: result), input: input)
    var powers = [NoisePower](repeating: NoisePower(), count: run.program.outputs.count)
    let count = min(imageCount, images.count)
    for index in 0..<count {
      let chosen = index * images.count / count
      try run.run(images[chosen])
      for (position, output) in expected[chosen].enumerated() {
        guard let output, let given = run.output(position) else { continue }
        powers[position].add(expected: output, given: given)
      }
    }
    let living = powers.filter { $0.signal > 0 || $0.noise > 0 }
    return Measurement(
      noise: living.reduce(0) { $0 + $1.noise / $1.signal } / Double(max(living.count, 1)), floatShare: run.program.floatShare)
  }

  /// The same result with the method of choosing ranges that disturbs the outputs least; of equals the last.
  /// - Parameter progress: called after each method.
  public func withBestMethod(_ result: CalibrationResult, progress: () -> Void = {}) -> CalibrationResult {
    var best: (result: CalibrationResult, noise: Double)?
    for method in CalibrationMethod.allCases {
      defer { progress() }
      var tried = result
      tried.method = method
      tried.chooseRanges(compilation.canonicalGraph)
      // A method may give a form that no program can have, where values are very large.
      guard let noise = try? measure(tried).noise else { continue }
      if noise <= best?.noise ?? .infinity { best = (tried, noise) }
    }
    return best?.result ?? result
  }

  /// Values that could be kept float: those that have an 8-bit form of their own. What only stands before gates is none: kept float it
  /// costs the same multiplications as its function's result would, and takes off a third of the noise (YOLOX-nano's early layers).
  func candidates(_ result: CalibrationResult) -> [String] {
    let annotated = result.annotated(compilation.canonicalGraph)
    let producers = annotated.producers()
    return annotated.values.indices.compactMap { index in
      guard let stored = annotated.values[index].stored, stored.elementType != .int16, let producer = producers[index] else { return nil }
      return annotated.nodes[producer].operation.quantisationRule == .ownRange ? annotated.values[index].name : nil
    }
  }
}
