import ModelCompiler
import ModelFormat
import Tensors
import Testing

/// A quantised model's chains of roundings become tables, epilogues and fewer instructions, and mean the same.
struct ByteFunctionsTests {
  private let image = HostTensor((0..<32).map { Float($0 * 37 % 64) / 8 - 4 }, dimensions: [1, 2, 4, 4])

  /// `x → Q/DQ → Conv (2 → 2 channels) → Q/DQ`, values named by `r` as in `r("x")`.
  private func convolution() -> SmallModel {
    var model = SmallModel(inputs: [("x", SmallModel.float, [1, 2, 4, 4])], outputs: ["y"])
    model.constants = [
      "w.q": HostTensor([Int8(100), -128, 25, 127], dimensions: [2, 2, 1, 1]), "w.scale": HostTensor([Float(0.01)], dimensions: []),
      "w.zero": HostTensor([Int8(0)], dimensions: []), "six": HostTensor([Float(6)], dimensions: []),
    ]
    model.append("DequantizeLinear", ["w.q", "w.scale", "w.zero"], ["w"])
    round(&model, "x", scale: 1 / 32, zero: 128)
    model.append("Conv", ["x.r", "w"], ["sum"])
    round(&model, "sum", scale: 1 / 16, zero: 120)
    return model
  }

  /// Appends `name → Q → DQ → name.r`.
  private func round(_ model: inout SmallModel, _ name: String, scale: Float, zero: UInt8) {
    model.constants["\(name).scale"] = HostTensor([scale], dimensions: [])
    model.constants["\(name).zero"] = HostTensor([zero], dimensions: [])
    model.append("QuantizeLinear", [name, "\(name).scale", "\(name).zero"], ["\(name).q"])
    model.append("DequantizeLinear", ["\(name).q", "\(name).scale", "\(name).zero"], ["\(name).r"])
  }

  /// Appends `sum × sigmoid(sum)` as `product`, rounded after each operator.
  private func appendGated(_ model: inout SmallModel, _ factors: [String]) {
    model.append("Sigmoid", ["sum.r"], ["gate"])
    round(&model, "gate", scale: 1 / 255, zero: 0)
    model.append("Mul", factors, ["product"])
    round(&model, "product", scale: 1 / 20, zero: 9)
  }

  /// The families that compute: conversions and copies aside.
  private func families(_ model: SmallModel) throws -> [String] {
    try model.compiled().program.instructions.map { "\($0.family)" }.filter { !["quantise", "dequantise", "copy"].contains($0) }
  }

  /// The compiled program gives what each operator's plain evaluation gives, bit for bit.
  private func checkMeaning(_ model: SmallModel) throws {
    #expect(try model.run(image)[0] == model.evaluated(image)[0])
  }

  @Test func `a gate with a rounding of its own joins the convolution`() throws {
    var model = convolution()
    appendGated(&model, ["gate.r", "sum.r"])
    model.append("Identity", ["product.r"], ["y"])
    #expect(try families(model) == ["convolution"])
    try checkMeaning(model)
  }

  @Test func `a hard swish in five roundings joins the convolution`() throws {
    var model = convolution()
    model.constants["three"] = HostTensor([Float(3)], dimensions: [])
    model.constants["none"] = HostTensor([Float(0)], dimensions: [])
    model.append("Add", ["sum.r", "three"], ["moved"])
    round(&model, "moved", scale: 1 / 15, zero: 90)
    model.append("Clip", ["moved.r", "none", "six"], ["clipped"])
    round(&model, "clipped", scale: 6 / 255, zero: 0)
    model.append("Mul", ["sum.r", "clipped.r"], ["product"])
    round(&model, "product", scale: 1 / 3, zero: 30)
    model.append("Div", ["product.r", "six"], ["quotient"])
    round(&model, "quotient", scale: 1 / 18, zero: 30)
    model.append("Identity", ["quotient.r"], ["y"])
    #expect(try families(model) == ["convolution"])
    try checkMeaning(model)
  }

  @Test func `a sum behind a gate is the convolution's residual`() throws {
    var model = convolution()
    appendGated(&model, ["sum.r", "gate.r"])
    model.append("Add", ["x.r", "product.r"], ["total"])
    round(&model, "total", scale: 1 / 14, zero: 100)
    model.append("Identity", ["total.r"], ["y"])
    #expect(try families(model) == ["convolution"])
    try checkMeaning(model)
  }

  @Test func `what somebody else reads stays`() throws {
    var model = convolution()
    model.outputs = ["y", "z"]
    appendGated(&model, ["sum.r", "gate.r"])
    model.append("Identity", ["product.r"], ["y"])
    model.append("Transpose", ["gate.r"], ["z"], ["perm": .integers([0, 2, 3, 1])])
    #expect(try families(model).filter { $0 == "lookup" }.count == 2)
    let (results, expected) = (try model.run(image), try model.evaluated(image))
    #expect(results == expected)
  }

  @Test func `a product with another tensor is none`() throws {
    var model = convolution()
    model.append("Mul", ["sum.r", "x.r"], ["product"])
    round(&model, "product", scale: 1 / 8, zero: 128)
    model.append("Identity", ["product.r"], ["y"])
    #expect(try families(model) == ["convolution", "binary"])
    try checkMeaning(model)
  }

  @Test func `bytes are brought into order before they become real numbers`() throws {
    var model = convolution()
    model.append("Identity", ["sum.r"], ["y"])
    let program = try model.compiled().program
    let copies = program.instructions.compactMap { if case .copy(let copy) = $0 { program.tensors[Int(copy.output)].elementType } else { nil } }
    #expect(copies.allSatisfy { $0 == .uint8 })
    #expect(program.instructions.last.map { "\($0.family)" } == "dequantise")
    try checkMeaning(model)
  }
}
