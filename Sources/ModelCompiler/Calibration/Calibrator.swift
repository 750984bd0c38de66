import ModelGraph
import Tensors

/// Runs the float program over images or sounds, and finds out all that quantisation has to know.
public struct Calibrator {
  private let compilation: ModelCompilation
  private let input: CalibrationInput

  public init(_ compilation: ModelCompilation, input: CalibrationInput) {
    self.compilation = compilation
    self.input = input
  }

  /// How often every image runs: histograms need the ranges of a pass before, and weights are rounded for the equalised model.
  public static let passCount = 2

  /// Places of a layer's output, over all images, whose inputs tell how its weights are rounded.
  private static func sampledPlaces(of layer: LinearLayer) -> Int {
    // Where channels are convolved one by one over long windows, sixteen places a factor do, and more would take most of calibration's time.
    layer.groups > 1 && layer.reduction > 32 ? min(16 * layer.reduction, 4096) : 4096
  }

  /// - Parameters:
  ///   - images: paths of the calibration set.
  ///   - progress: called after each of the `passCount` runs of each image.
  public func calibrate(_ images: [String], method: CalibrationMethod, progress: () -> Void = {}) throws(CompilerError) -> CalibrationResult {
    var observed = ObservedValues(method: method)
    let graph = compilation.canonicalGraph
    let plain = try SampleRun(compilation.observable(graph), input: input)
    for path in images {
      try plain.run(path)
      for (name, elements, dimensions) in Self.values(of: plain) { observed.observe(name, elements, dimensions: dimensions) }
      observed.countSample()
      progress()
    }
    var result = CalibrationResult(observed: observed)
    result.equalisation = ChannelEqualisation(graph, observed)
    result.equalisation.applied(to: &result.observed, of: graph)
    let equalised = result.equalisation.applied(to: graph)
    try look(at: equalised, images, &result, progress)
    result.chooseRanges(graph)
    return result
  }

  /// The second pass: histograms, and rounded weights.
  private func look(at graph: Graph, _ images: [String], _ result: inout CalibrationResult, _ progress: () -> Void) throws(CompilerError) {
    let run = try SampleRun(compilation.observable(graph), input: input)
    let layers = LinearLayer.layers(of: graph)
    let readers = Dictionary(grouping: layers.indices) { graph[layers[$0].input].name }
    var moments = layers.map { InputMoments(groups: $0.groups, reduction: $0.reduction) }
    let places = layers.map { max(16, (Self.sampledPlaces(of: $0) + images.count - 1) / max(images.count, 1)) }
    for path in images {
      try run.run(path)
      for (name, elements, dimensions) in Self.values(of: run) {
        result.observed.count(name, elements)
        for reader in dimensions.isEmpty ? [] : readers[name] ?? [] { moments[reader].add(elements, of: layers[reader], places: places[reader]) }
      }
      progress()
    }
    for (layer, moments) in zip(layers, moments) where moments.count > 0 {
      guard let rows = graph[layer.weights].constant.map({ layer.rows(of: $0) }), rows.allSatisfy(\.isFinite) else { continue }
      result.rounding[graph[layer.output].name] = RoundedWeights(rows, of: layer, moments)
    }
  }

  /// The values that a run hands out; without dimensions where their elements don't lie in the model's order.
  private static func values(of run: SampleRun) -> [(name: String, elements: [Float], dimensions: [Int])] {
    // Of the inputs only the one that the set shows has values here; the others stay float.
    let inputs = Set(run.program.inputs.map(\.name))
    var values = run.program.outputs.indices.filter { !inputs.contains(run.program.outputs[$0].name) }.compactMap { position in
      run.output(position).map { (run.program.outputs[position].name, $0, run.program.outputs[position].declaredDimensions) }
    }
    // An image lies channels-last: the input has a range, and no channels here.
    if let input = run.preparedInput() { values.append((run.input.name, input, [])) }
    return values
  }
}
