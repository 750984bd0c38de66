public import Tensors

/// What a model gives for made-up inputs (`Session.rehearse`), noted when the package is made, so that a device can see whether it
/// computes the same before it relies on it.
public struct GoldenOutputs: Codable, Equatable, Sendable {
  /// One output's values, as far as they are noted.
  public struct Output: Codable, Equatable, Sendable {
    /// The port's name.
    public var name: String
    /// At most `sampleCount` values, evenly spaced over the flattened tensor.
    public var samples: [Float]
    /// Of all elements.
    public var mean: Float
    /// Greatest minus least element.
    public var spread: Float

    public init(name: String, samples: [Float], mean: Float, spread: Float) {
      (self.name, self.samples, self.mean, self.spread) = (name, samples, mean, spread)
    }

    /// Every element counts in the mean, and one that is no finite number makes it none.
    var isFinite: Bool { mean.isFinite && spread.isFinite && samples.allSatisfy(\.isFinite) }
  }

  /// Of the inputs.
  public var seed: UInt64
  /// Most that a value may differ, as a share of its output's spread. Integer layers agree bit for bit everywhere; float layers round
  /// otherwise on other machines, and a value next to a step of 8 bits may take the next one.
  public var tolerance: Float
  /// In the order of the model's outputs.
  public var outputs: [Output]

  public static let sampleCount = 64

  public init(seed: UInt64, tolerance: Float, outputs: [Output]) { (self.seed, self.tolerance, self.outputs) = (seed, tolerance, outputs) }

  /// Notes what a rehearsal gave.
  public init(seed: UInt64, tolerance: Float, names: [String], tensors: [HostTensor]) {
    self.init(seed: seed, tolerance: tolerance, outputs: zip(names, tensors).map(Self.note))
  }

  private static func note(_ name: String, _ tensor: HostTensor) -> Output {
    let values = tensor.floats()
    let count = min(Self.sampleCount, values.count)
    let mean = values.isEmpty ? 0 : values.reduce(0) { $0 + Double($1) } / Double(values.count)
    return Output(
      name: name, samples: (0..<count).map { values[$0 * values.count / count] }, mean: Float(mean), spread: (values.max() ?? 0) - (values.min() ?? 0))
  }

  /// False where a model gives infinities or no numbers for made-up inputs: nothing can be compared then, nor written down.
  public var isUsable: Bool { outputs.allSatisfy(\.isFinite) }

  /// Why what this machine computes isn't what was noted, naming the output; nil where it is.
  public func difference(from tensors: [HostTensor], names: [String]) -> String? {
    guard names == outputs.map(\.name), tensors.count == outputs.count else {
      return "the golden outputs are of \(outputs.map(\.name).joined(separator: ", ")), and the model has \(names.joined(separator: ", "))"
    }
    for (expected, tensor) in zip(outputs, tensors) {
      let actual = Self.note(expected.name, tensor)
      guard actual.samples.count == expected.samples.count else { return "output ‘\(expected.name)’ has another size than its golden one" }
      guard actual.isFinite else { return "output ‘\(expected.name)’ has infinities, or values that are no numbers" }
      guard expected.isFinite else { return "the golden values of output ‘\(expected.name)’ are no numbers" }
      let limit = max(tolerance * expected.spread, .leastNormalMagnitude)
      let pairs = zip(actual.samples + [actual.mean], expected.samples + [expected.mean])
      let worst = pairs.map { abs($0 - $1) }.max() ?? 0
      guard worst <= limit else {
        return "output ‘\(expected.name)’ differs from its golden values by \(worst), and \(limit) is allowed"
      }
    }
    return nil
  }
}

extension Manifest {
  /// Where the real numbers of the model's image input lie; from -1 to 1 for other models.
  public var rehearsalRange: ClosedRange<Float> {
    guard let input, !input.mean.isEmpty, input.mean.count == input.deviation.count else { return -1...1 }
    var (least, greatest) = (Float.infinity, -Float.infinity)
    for (mean, deviation) in zip(input.mean, input.deviation) {
      for pixel in [Float(0), 255] {
        let value = (pixel - mean) / deviation
        (least, greatest) = (min(least, value), max(greatest, value))
      }
    }
    return least.isFinite && greatest.isFinite ? least...greatest : -1...1
  }
}
