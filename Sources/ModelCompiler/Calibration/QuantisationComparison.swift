import Glibc
import ModelGraph
import Tensors

/// Sums of squares over all elements of a value, over images.
public struct NoisePower: Equatable, Sendable {
  public private(set) var signal = 0.0
  public private(set) var noise = 0.0

  public init() {}

  /// Signal to quantisation noise in decibels; infinite where nothing differs.
  public var decibels: Double { noise > 0 ? 10 * log10(signal / noise) : .infinity }

  /// - Parameters: as many elements each.
  mutating func add(expected: [Float], given: [Float]) {
    for (a, b) in zip(expected, given) where a.isFinite {
      signal += Double(a) * Double(a)
      noise += b.isFinite ? (Double(a) - Double(b)) * (Double(a) - Double(b)) : .infinity
    }
  }
}

/// The float model and its quantised form side by side, value by value.
public struct QuantisationComparison {
  /// A value of the quantised program, or an output of the model.
  public struct ValueNoise: Sendable {
    public var name: String
    public var power: NoisePower
    /// Whether it is stored in 8 bits.
    public var isQuantised: Bool
    /// The share of its elements that lie outside all that calibration saw.
    public var outsideShare: Double
  }

  private let reference: SampleRun
  private let quantised: SampleRun
  /// Outputs of the quantised program with those of the float one that they stand for.
  private let pairs: [(quantised: Int, reference: Int)]
  private let storedNames: Set<String>
  private let observed: ObservedValues

  public init(_ compilation: ModelCompilation, _ result: CalibrationResult, input: CalibrationInput) throws(CompilerError) {
    let graph = compilation.canonicalGraph
    let annotated = result.annotated(graph)
    reference = try SampleRun(compilation.observable(result.equalisation.applied(to: graph)), input: input)
    quantised = try SampleRun(compilation.compared(annotated), input: input)
    let (expected, given) = (reference.program.outputs, quantised.program.outputs)
    let positions = Dictionary(expected.indices.map { (expected[$0].name, $0) }) { first, _ in first }
    pairs = given.indices.compactMap { position in positions[given[position].name].map { (position, $0) } }
    observed = result.observed
    storedNames = Set(annotated.values.filter { $0.stored != nil }.map(\.name))
  }

  /// - Parameter progress: called after each image.
  public func measure(_ images: [String], progress: () -> Void = {}) throws(CompilerError) -> [ValueNoise] {
    var powers = [NoisePower](repeating: NoisePower(), count: pairs.count)
    var outside = [Int](repeating: 0, count: pairs.count)
    var counts = outside
    for path in images {
      try reference.run(path)
      try quantised.run(path)
      for (index, pair) in pairs.enumerated() {
        guard let expected = reference.output(pair.reference), let given = quantised.output(pair.quantised) else { continue }
        powers[index].add(expected: expected, given: given)
        counts[index] += expected.count
        if let range = observed[quantised.program.outputs[pair.quantised].name]?.range { outside[index] += expected.count { !range.contains($0) } }
      }
      progress()
    }
    return pairs.indices.map { index in
      let name = quantised.program.outputs[pairs[index].quantised].name
      return ValueNoise(
        name: name, power: powers[index], isQuantised: storedNames.contains(name),
        outsideShare: counts[index] > 0 ? Double(outside[index]) / Double(counts[index]) : 0)
    }
  }
}
