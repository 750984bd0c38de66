import ModelGraph
@testable import ModelCompiler
import Operators
import Tensors
import Testing

/// Rounding weights by what they read, and scaling channels against each other.
struct WeightRoundingTests {
  /// x [1,channels,side,side] → Conv w → a → Relu → r → Conv v → y.
  private func graph(channels: Int, outputs: Int, kernel: Int = 1, groups: Int = 1, weights: [Float], next: [Float]) throws -> Graph {
    var model = SmallModel.of([1, channels, 4, 4])
    model.floats("w", weights, [outputs, channels / groups, kernel, kernel])
    model.floats("b", (0..<outputs).map { Float($0) / 10 })
    model.floats("v", next, [2, outputs, 1, 1])
    model.append("Conv", ["x", "w", "b"], ["a"], ["group": .integer(Int64(groups)), "pads": .integers([Int64](repeating: Int64(kernel / 2), count: 4))])
    model.append("Relu", ["a"], ["r"])
    model.append("Conv", ["r", "v"], ["y"])
    return try ModelCompilation(model.model, name: "small").canonicalGraph
  }

  private func numbers(_ count: Int, seed: UInt64) -> [Float] {
    var state = seed
    return (0..<count).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Float(state >> 40) / Float(1 << 24) * 2 - 1
    }
  }

  @Test(arguments: [(1, 1), (3, 1), (3, 4)]) func `a layer's gathered factors times its rows are its sums`(_ kernel: Int, _ groups: Int) throws {
    let weights = numbers(8 * 8 / groups * kernel * kernel, seed: 3)
    let graph = try graph(channels: 8, outputs: 8, kernel: kernel, groups: groups, weights: weights, next: numbers(16, seed: 4))
    let layer = try #require(LinearLayer.layers(of: graph).first)
    let x = HostTensor(numbers(8 * 16, seed: 5), dimensions: [1, 8, 4, 4])
    let node = graph.nodes[layer.node]
    let constants = node.inputs.dropFirst().map { $0.flatMap { graph[$0].constant } }
    let expected = try node.operation.evaluate([x] + constants)[0].floats()
    let rows = layer.rows(of: try #require(constants[0]))
    let bias = try #require(constants[1]).floats()
    var patch = [Float](repeating: 0, count: layer.reduction)
    for place in 0..<layer.placeCount {
      for output in 0..<8 {
        layer.gather(x.floats(), layer.window(at: place), group: output / (8 / groups), into: &patch)
        let sum = zip(patch, rows[output * layer.reduction..<(output + 1) * layer.reduction]).reduce(bias[output]) { $0 + $1.0 * $1.1 }
        #expect(abs(sum - expected[output * 16 + place]) < 1e-5)
      }
    }
  }

  @Test func `weights that make up for each other err less than the nearest ones`() throws {
    // Sixteen channels that vary nearly alike: their weights' errors add up, unless one makes up for another.
    let weights = numbers(16 * 4, seed: 7)
    let graph = try graph(channels: 16, outputs: 4, weights: weights, next: numbers(8, seed: 8))
    let layer = try #require(LinearLayer.layers(of: graph).first)
    var moments = InputMoments(groups: 1, reduction: 16)
    let common = numbers(16, seed: 9)
    let own = numbers(16 * 16, seed: 10)
    let elements = (0..<256).map { (index: Int) -> Float in
      let share: Float = 1 + own[index / 16] / 50
      return common[index % 16] * share + own[index] / 100
    }
    moments.add(elements, of: layer, places: 16)
    #expect(moments.count == 16)
    let rounded = RoundedWeights(weights, of: layer, moments)
    let variance = { (errors: [Double]) -> Double in
      let mean = errors.reduce(0, +) / Double(errors.count)
      return errors.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    }
    var (chosen, nearest) = (0.0, 0.0)
    for output in 0..<4 {
      let row = weights[output * 16..<(output + 1) * 16]
      let scale = row.reduce(Float(0)) { max($0, $1.magnitude) } / 127
      var (chosenErrors, nearestErrors): ([Double], [Double]) = ([], [])
      for place in 0..<16 {
        var (a, b) = (Float(0), Float(0))
        for channel in 0..<16 {
          let weight = row[output * 16 + channel]
          let x = elements[channel * 16 + place]
          a += (weight - Float(rounded.integers[output * 16 + channel]) * rounded.scales[output]) * x
          b += (weight - (weight / scale).rounded() * scale) * x
        }
        chosenErrors.append(Double(a))
        nearestErrors.append(Double(b))
      }
      chosen += variance(chosenErrors)
      nearest += variance(nearestErrors)
    }
    #expect(chosen < nearest / 4)
    // What is left on average goes into the bias.
    let means = moments.means(group: 0)
    let shift = (0..<16).reduce(0.0) { $0 + (Double(weights[$1]) - Double(rounded.integers[$1]) * Double(rounded.scales[0])) * means[$1] }
    #expect(abs(shift - rounded.biasShifts[0]) < 1e-9)
  }

  @Test func `rows of zeros and inputs that are always zero do no harm`() throws {
    let graph = try graph(channels: 2, outputs: 2, weights: [0, 0, 1, 0.5], next: [1, 1, 1, 1])
    let layer = try #require(LinearLayer.layers(of: graph).first)
    var moments = InputMoments(groups: 1, reduction: 2)
    moments.add([Float](repeating: 0, count: 32), of: layer, places: 16)
    let rounded = RoundedWeights([0, .leastNonzeroMagnitude, 1, 0.5], of: layer, moments)
    #expect(rounded.integers[0...1] == [0, 0] && rounded.integers[2] == 127 && rounded.scales.allSatisfy { $0 > 0 && $0.isFinite })
  }

  @Test func `the program's bias holds what rounding took off on average`() throws {
    var model = SmallModel.of([1, 2, 2, 2])
    model.floats("w", [1, 0.3, -0.7, 1], [2, 2, 1, 1])
    model.floats("b", [0.5, -0.25])
    model.floats("v", [1, 1, 1, -1], [2, 2, 1, 1])
    model.append("Conv", ["x", "w", "b"], ["a"])
    model.append("Conv", ["a", "v"], ["y"])
    let compilation = try ModelCompilation(model.model, name: "small")
    let layer = try #require(LinearLayer.layers(of: compilation.canonicalGraph).first)
    var moments = InputMoments(groups: 1, reduction: 2)
    moments.add([1, 2, 1, 2, 3, 3, 3, 3], of: layer, places: 4)
    let rounded = RoundedWeights([1, 0.3, -0.7, 1], of: layer, moments)
    #expect(rounded.biasShifts.allSatisfy { abs($0) > 1e-4 })
    var observed = ObservedValues(method: .minMax)
    for name in ["x", "a"] { observed.observe(name, [-4, 4], dimensions: []) }
    observed.countSample()
    var result = CalibrationResult(observed: observed)
    result.rounding["a"] = rounded
    let compiled = try compilation.quantised(by: result)
    let first = try #require(compiled.program.instructions.compactMap { if case .convolution(let fields) = $0 { fields } else { nil } }.first)
    let bias = try #require(first.bias.map { compiled.program.tensors[Int($0)] })
    guard case .weights(let offset) = bias.storage else { throw CompilerError(.invalid, "the bias is no constant") }
    let words = unsafe [Int32](unsafeUninitializedCapacity: 2) { words, count in
      unsafe UnsafeMutableRawBufferPointer(words).copyBytes(from: compiled.weights[offset..<offset + 8])
      count = 2
    }
    let inputScale = compiled.program.tensors[Int(first.input)].quantisation!.scale
    for (channel, word) in words.enumerated() {
      let unit = Double(inputScale * rounded.scales[channel])
      let plain: Double = [0.5, -0.25][channel]
      let corrected: Double = (plain + rounded.biasShifts[channel]) / unit
      #expect(word == Int32(corrected.rounded(.toNearestOrEven)))
      #expect(word != Int32((plain / unit).rounded(.toNearestOrEven)))
    }
  }

  @Test func `an equalised graph computes the same, with even channels`() throws {
    let graph = try graph(channels: 2, outputs: 3, weights: [100, 50, 1, -1, 0.02, 0.01], next: [0.01, 1, 30, 0.02, -1, 20])
    var observed = ObservedValues(method: .meanSquaredError)
    let x = HostTensor(numbers(32, seed: 11), dimensions: [1, 2, 4, 4])
    let layers = LinearLayer.layers(of: graph)
    let constants = { (graph: Graph, node: Node) in node.inputs.map { $0.flatMap { graph[$0].constant } } }
    let run = { (graph: Graph) -> [HostTensor] in
      var values = [x]
      for node in graph.nodes { values.append(try node.operation.evaluate([values[values.count - 1]] + constants(graph, node).dropFirst())[0]) }
      return values
    }
    let before = try run(graph)
    for (node, value) in zip(graph.nodes, before.dropFirst()) {
      observed.observe(graph[node.outputs[0]].name, value.floats(), dimensions: value.dimensions)
    }
    #expect(layers.count == 2)
    let equalisation = ChannelEqualisation(graph, observed)
    let factors = try #require(equalisation.factors.values.first)
    #expect(factors[0] > factors[1] && factors[1] > factors[2])
    let after = try run(equalisation.applied(to: graph))
    for (a, b) in zip(before[3].floats(), after[3].floats()) { #expect(abs(a - b) < 1e-5 * max(abs(a), 1)) }
    equalisation.applied(to: &observed, of: graph)
    let ranges = try #require(observed[graph[graph.nodes[1].outputs[0]].name]).channelRanges
    for (channel, range) in ranges.enumerated() {
      let largest = after[2].floats()[channel * 16..<(channel + 1) * 16].max()!
      #expect(abs(range.upperBound - largest) < 1e-4 * max(largest, 1))
    }
  }

  @Test func `channels are evened out less where other samples go beyond what some show`() throws {
    let graph = try graph(channels: 2, outputs: 3, weights: [100, 50, 1, -1, 0.02, 0.01], next: [0.01, 1, 30, 0.02, -1, 20])
    func least(_ samples: [[Float]]) -> Float {
      var observed = ObservedValues(method: .meanSquaredError)
      for sample in samples {
        for node in graph.nodes.dropLast() { observed.observe(graph[node.outputs[0]].name, sample.flatMap { [0, $0] }, dimensions: [1, 3, 1, 2]) }
        observed.countSample()
      }
      return ChannelEqualisation(graph, observed).factors.values.first?.min() ?? 1
    }
    let steady = least([[100, 1, 40], [100, 1, 40]])
    #expect(steady < 0.2)
    #expect(least([[100, 1, 1], [100, 1, 40]]) > 2 * steady)
  }

  @Test func `joined values share a form where it costs a bit at most`() {
    let form = { (upper: Float) in StoredQuantisation.covering(0...upper) }
    var groups = FormGroups(count: 7)
    groups.set(form(1.5), of: 5, isFixed: false)
    groups.set(form(2.5), of: 6, isFixed: false)
    groups.set(form(1), of: 0, isFixed: false)
    groups.set(form(1.5), of: 1, isFixed: false)
    groups.set(form(10), of: 2, isFixed: false)
    groups.set(form(1.2), of: 4, isFixed: true)
    groups.follow(3, 0)
    groups.join(0, 1)
    groups.join(1, 2)
    groups.join(4, 0)
    #expect(groups.form(of: 0) == groups.form(of: 1) && groups.form(of: 3) == groups.form(of: 1))
    // Equal forms keep the finer wish: 0 may not become coarser than twice its own step.
    groups.join(5, 0)
    groups.join(6, 5)
    #expect(groups.form(of: 5) == form(1.5) && groups.form(of: 6) == form(2.5))
    #expect(groups.form(of: 0) == form(1.5) && groups.form(of: 2) == form(10) && groups.form(of: 4) == form(1.2))
  }
}
