@testable import ModelCompiler
import ModelGraph
import Operators
import Tensors
import Testing

struct RaiseDequantiseTests {
  @Test func `movement of integers becomes movement of what they stand for`() throws {
    var model = SmallModel.of([2, 3])
    model.form("f", scale: 0.5, zeroPoint: 3)
    model.quantise("x", "q", as: "f")
    model.append("Transpose", ["q"], ["t"])
    model.dequantise("t", "y", as: "f")
    var probe = try PassProbe(model)
    let x = HostTensor([Float(1), 2, 3, -1, 0, 4], dimensions: [2, 3])
    let before = try probe.evaluated(x)
    try probe.run(RaiseDequantise())
    #expect(probe.operators == ["QuantizeLinear", "DequantizeLinear", "Transpose"])
    #expect(try probe.evaluated(x) == before)
  }

  @Test func `integers that are read elsewhere stay integers`() throws {
    var model = SmallModel.of([2, 3], outputs: ["y", "t"])
    model.form("f", scale: 0.5, zeroPoint: 3)
    model.quantise("x", "q", as: "f")
    model.append("Transpose", ["q"], ["t"])
    model.dequantise("t", "y", as: "f")
    var probe = try PassProbe(model)
    try probe.run(RaiseDequantise())
    #expect(probe.operators == ["QuantizeLinear", "Transpose", "DequantizeLinear"])
  }
}

struct AbsorbQuantisationTests {
  private func form(of name: String, in probe: PassProbe) -> StoredQuantisation? { probe.graph.values.first { $0.name == name }?.stored }

  @Test func `a pair becomes the form of the value before it`() throws {
    var model = SmallModel.of([1, 4])
    model.form("f", scale: 0.5, zeroPoint: 255)
    model.append("Neg", ["x"], ["n"])
    model.quantise("n", "q", as: "f")
    model.dequantise("q", "r", as: "f")
    model.append("Abs", ["r"], ["y"])
    var probe = try PassProbe(model)
    try probe.run(AbsorbQuantisation())
    #expect(probe.operators == ["Neg", "Abs"])
    #expect(form(of: "n", in: probe) == StoredQuantisation(.uint8, Quantisation(scale: 0.5, zeroPoint: 255)))
    #expect(form(of: "y", in: probe) == nil)
  }

  @Test func `a value that is read unrounded too gets a rounded twin`() throws {
    var model = SmallModel.of([1, 4], outputs: ["y", "n"])
    model.form("f", scale: 0.5, zeroPoint: 0)
    model.append("Neg", ["x"], ["n"])
    model.quantise("n", "q", as: "f")
    model.dequantise("q", "r", as: "f")
    model.append("Abs", ["r"], ["y"])
    var probe = try PassProbe(model)
    try probe.run(AbsorbQuantisation())
    #expect(probe.graph.nodes.count == 3)
    #expect(form(of: "n", in: probe) == nil && form(of: "n.rounded", in: probe) != nil)
  }

  @Test func `halves of a pair that disagree stay`() throws {
    var model = SmallModel.of([1, 4])
    model.form("f", scale: 0.5, zeroPoint: 0)
    model.form("g", scale: 0.25, zeroPoint: 0)
    model.quantise("x", "q", as: "f")
    model.dequantise("q", "y", as: "g")
    var probe = try PassProbe(model)
    try probe.run(AbsorbQuantisation())
    #expect(probe.operators == ["QuantizeLinear", "DequantizeLinear"])
  }
}
