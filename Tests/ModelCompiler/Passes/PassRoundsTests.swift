@testable import ModelCompiler
import ModelGraph
import Operators
import Tensors
import Testing

/// A pass changes all that it can in one walk over the graph: one place a walk takes hours on a long graph.
struct PassRoundsTests {
  private let x = HostTensor([Float(1), -2, 0.5, 4], dimensions: [1, 1, 2, 2])

  @Test func `pairs between operators are absorbed together`() throws {
    var model = SmallModel.of([1, 1, 2, 2])
    model.form("f", scale: 0.5, zeroPoint: 3)
    for index in 0..<10 {
      model.append("Neg", [index == 0 ? "x" : "v\(index)"], ["n\(index)"])
      model.quantise("n\(index)", "q\(index)", as: "f")
      model.dequantise("q\(index)", index == 9 ? "y" : "v\(index + 1)", as: "f")
    }
    var probe = try PassProbe(model)
    #expect(try probe.rounds(of: AbsorbQuantisation()) == 1)
    #expect(probe.operators == [String](repeating: "Neg", count: 10))
    #expect(probe.graph.values.count { $0.stored != nil } == 10)
  }

  @Test func `pairs one behind the other round each time`() throws {
    var model = SmallModel.of([1, 1, 2, 2])
    model.append("Neg", ["x"], ["v0"])
    for index in 0..<4 {
      model.form("f\(index)", scale: 0.5 / Float(index + 1), zeroPoint: 3)
      model.quantise("v\(index)", "q\(index)", as: "f\(index)")
      model.dequantise("q\(index)", index == 3 ? "y" : "v\(index + 1)", as: "f\(index)")
    }
    var probe = try PassProbe(model)
    #expect(try probe.rounds(of: AbsorbQuantisation()) == 1)
    #expect(probe.operators == ["Neg", "Activation", "Activation", "Activation"])
    let scales = probe.graph.nodes.map { probe.graph[$0.outputs[0]].stored?.quantisation.scale }
    let expected: [Float] = [0.5, 0.25, 0.5 / 3, 0.125]
    #expect(scales == expected)
    #expect(probe.graph[probe.graph.outputs[0]].declaredType == .float32)
    // Names don't grow along the row.
    #expect(probe.graph.nodes.map { probe.graph[$0.outputs[0]].name } == ["v0", "v1.rounded", "v2.rounded", "v3.rounded"])
  }

  @Test func `pairs of one value are absorbed together`() throws {
    var model = SmallModel.of([1, 1, 2, 2], outputs: (0..<5).map { "y\($0)" })
    model.append("Neg", ["x"], ["n"])
    for index in 0..<5 {
      model.form("f\(index)", scale: 0.5 / Float(index + 1), zeroPoint: 3)
      model.quantise("n", "q\(index)", as: "f\(index)")
      model.dequantise("q\(index)", "d\(index)", as: "f\(index)")
      model.append("Abs", ["d\(index)"], ["y\(index)"])
    }
    var probe = try PassProbe(model)
    #expect(try probe.rounds(of: AbsorbQuantisation()) == 1)
    let expected = (0..<5).map { 0.5 / Float($0 + 1) }
    #expect(probe.graph.values.compactMap { $0.stored?.quantisation.scale }.sorted(by: >) == expected)
  }

  @Test func `an 8-bit input that is rounded once more keeps both roundings`() throws {
    var model = SmallModel(inputs: [("x", SmallModel.int8, [2])], outputs: ["y"])
    for (name, scale) in [("f", Float(0.25)), ("g", 1)] {
      model.floats("\(name).scale", [scale], [])
      model.constants["\(name).zero"] = HostTensor([Int8(0)], dimensions: [])
    }
    model.dequantise("x", "a", as: "f")
    model.quantise("a", "q", as: "g")
    model.dequantise("q", "b", as: "g")
    model.append("Neg", ["b"], ["y"])
    #expect(try model.run(HostTensor([Int8(5), 7], dimensions: [2]))[0].floats() == [-1, -2])
  }

  @Test func `residuals are fused together`() throws {
    var model = SmallModel.of([1, 1, 2, 2])
    model.floats("w", [0.5], [1, 1, 1, 1])
    for index in 0..<10 {
      let from = index == 0 ? "x" : "v\(index)"
      model.append("Conv", [from, "w"], ["c\(index)"])
      model.append("Add", ["c\(index)", from], [index == 9 ? "y" : "v\(index + 1)"])
    }
    var probe = try PassProbe(model)
    let before = try probe.evaluated(x)
    #expect(try probe.rounds(of: FuseResidual()) == 1)
    #expect(probe.operators == [String](repeating: "Conv", count: 10))
    #expect(try probe.evaluated(x) == before)
  }

  @Test func `clamps in a row behind a residual are fused together`() throws {
    var model = SmallModel.of([1, 1, 2, 2])
    model.floats("w", [0.5], [1, 1, 1, 1])
    model.append("Conv", ["x", "w"], ["c"])
    model.append("Add", ["c", "x"], ["v0"])
    for index in 0..<10 {
      model.floats("high\(index)", [Float(3 - index % 3)], [])
      model.append("Clip", ["v\(index)", "", "high\(index)"], [index == 9 ? "y" : "v\(index + 1)"])
    }
    var probe = try PassProbe(model, after: [FuseResidual()])
    let before = try probe.evaluated(x)
    #expect(try probe.rounds(of: FuseActivation()) == 1)
    #expect(probe.operators == ["Conv"])
    #expect(try probe.evaluated(x) == before)
  }

  @Test func `a dequantisation rises above all movers at once`() throws {
    var model = SmallModel.of([1, 1, 2, 2])
    model.form("f", scale: 0.5, zeroPoint: 3)
    model.quantise("x", "q0", as: "f")
    for index in 0..<10 { model.append("Transpose", ["q\(index)"], ["q\(index + 1)"], ["perm": .integers([0, 1, 3, 2])]) }
    model.dequantise("q10", "y", as: "f")
    var probe = try PassProbe(model)
    let before = try probe.evaluated(x)
    #expect(try probe.rounds(of: RaiseDequantise()) == 1)
    #expect(probe.operators == ["QuantizeLinear", "DequantizeLinear"] + [String](repeating: "Transpose", count: 10))
    #expect(try probe.evaluated(x) == before)
  }

  @Test func `normalisations in a row are folded together, and into one copy of the weights`() throws {
    var model = SmallModel.of([1, 1, 2, 2])
    model.floats("w", [0.5], [1, 1, 1, 1])
    for (name, value) in [("scale", Float(2)), ("shift", 1), ("mean", 0.5), ("variance", 4)] { model.floats(name, [value]) }
    model.append("Conv", ["x", "w"], ["v0"])
    for index in 0..<10 {
      model.append("BatchNormalization", ["v\(index)", "scale", "shift", "mean", "variance"], [index == 9 ? "y" : "v\(index + 1)"])
    }
    var probe = try PassProbe(model)
    let before = try probe.evaluated(x)[0].floats()
    #expect(try probe.rounds(of: FoldBatchNormalisation()) == 1)
    #expect(probe.operators == ["Conv"])
    #expect(probe.graph.values.count { $0.constant?.dimensions == [1, 1, 1, 1] } == 1)
    #expect(zip(before, try probe.evaluated(x)[0].floats()).allSatisfy { abs($0 - $1) < 1e-3 })
  }

  @Test func `weights that very many convolutions share are not copied for each`() throws {
    var model = SmallModel.of([1, 1, 2, 2], outputs: (0..<40).map { "y\($0)" })
    model.floats("w", [0.5], [1, 1, 1, 1])
    for (name, value) in [("scale", Float(2)), ("shift", 1), ("mean", 0.5), ("variance", 4)] { model.floats(name, [value]) }
    for index in 0..<40 {
      model.append("Conv", ["x", "w"], ["c\(index)"])
      model.append("BatchNormalization", ["c\(index)", "scale", "shift", "mean", "variance"], ["y\(index)"])
    }
    var probe = try PassProbe(model)
    #expect(try probe.rounds(of: FoldBatchNormalisation()) == 0)
  }
}
