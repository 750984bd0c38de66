import ModelCompiler
import ModelFormat
import ONNX
import Tensors
import Testing

/// A quantised model's own roundings are all kept, whatever is fused, and nothing else is rounded. Expected numbers are ONNX's: those of the
/// plain evaluation.
struct RoundingTests {
  private func difference(_ model: SmallModel, _ given: HostTensor...) throws -> Float {
    let expected = try ReferenceEvaluation(model.model).outputs(for: Dictionary(uniqueKeysWithValues: zip(model.inputs.map(\.name), given)))
    let compiled = try model.compiled()
    let results = try model.run(compiled, given)
    #expect(results.map(\.dimensions) == expected.map(\.dimensions))
    return zip(results, expected).reduce(0) { largest, pair in
      zip(pair.0.floats(), pair.1.floats()).reduce(largest) { max($0, ($1.0 - $1.1).magnitude) }
    }
  }

  private func hasIntegerProduct(_ model: SmallModel) throws -> Bool {
    try model.compiled().program.instructions.contains { if case .convolution(let product) = $0 { product.multipliers != nil } else { false } }
  }

  // MARK: Fused steps

  private let image = HostTensor([Float(10), -10, 0.5, 1], dimensions: [1, 1, 2, 2])

  /// x → Conv of weight 1 → rounded to hundredths of at most 2.55.
  private var rounded: SmallModel {
    var model = SmallModel.of([1, 1, 2, 2])
    model.floats("w", [1], [1, 1, 1, 1])
    model.form("f", scale: 0.01, zeroPoint: 0)
    model.append("Conv", ["x", "w"], ["sum"])
    model.quantise("sum", "q", as: "f")
    model.dequantise("q", "r", as: "f")
    return model
  }

  @Test func `a rounding between a convolution on floats and its function saturates`() throws {
    var model = rounded
    model.append("Relu", ["r"], ["y"])
    #expect(try model.run(image)[0].floats().first.map { abs($0 - 2.55) < 1e-6 } == true)
    #expect(try difference(model, image) < 1e-6)
  }

  @Test(arguments: ["Sigmoid", "Tanh", "LeakyRelu", "Neg"]) func `so it does before any function, and before a residual`(_ function: String) throws {
    var model = rounded
    model.append(function, ["r"], ["f"])
    model.append("Add", ["f", "x"], ["a"])
    model.append("Relu", ["a"], ["y"])
    #expect(try difference(model, image) < 1e-5)
    var direct = rounded
    direct.append("Add", ["x", "r"], ["y"])
    #expect(try difference(direct, image) < 1e-5)
  }

  @Test func `a rounded function that a residual follows is rounded before it`() throws {
    var model = SmallModel.of([1, 1, 2, 2])
    model.floats("w", [1], [1, 1, 1, 1])
    model.form("f", scale: 0.01, zeroPoint: 0)
    model.append("Conv", ["x", "w"], ["sum"])
    model.append("Relu", ["sum"], ["s"])
    model.quantise("s", "q", as: "f")
    model.dequantise("q", "r", as: "f")
    model.append("Add", ["r", "x"], ["y"])
    #expect(try difference(model, image) < 1e-5)
  }

  /// int8 x → integer convolution → rounded in another type → function.
  private func integers(_ type: String, rounding: HostTensor) -> SmallModel {
    var model = SmallModel(inputs: [("x", SmallModel.int8, [1, 1, 2, 2])], outputs: ["y"])
    model.constants = [
      "one": HostTensor([Float(1)], dimensions: []), "w": HostTensor([Int8(1)], dimensions: [1, 1, 1, 1]),
      "fine": HostTensor([Float(0.01)], dimensions: []), "zero": rounding,
    ]
    model.append("DequantizeLinear", ["x", "one"], ["real"])
    model.append("DequantizeLinear", ["w", "one"], ["weights"])
    model.append("Conv", ["real", "weights"], ["sum"])
    model.append("QuantizeLinear", ["sum", "fine", "zero"], ["q"])
    model.append("DequantizeLinear", ["q", "fine", "zero"], ["r"])
    model.append(type, ["r"], ["y"])
    return model
  }

  @Test func `an integer convolution stays one where the function behind it gives floats`() throws {
    let x = HostTensor([Int8(-3), 0, 1, 100], dimensions: [1, 1, 2, 2])
    let model = integers("Sigmoid", rounding: HostTensor([Int8(0)], dimensions: []))
    #expect(try hasIntegerProduct(model))
    #expect(try difference(model, x) < 1e-5)
  }

  @Test func `signed and unsigned forms may follow each other`() throws {
    let x = HostTensor([Int8(-3), 0, 1, 100], dimensions: [1, 1, 2, 2])
    var model = integers("Tanh", rounding: HostTensor([UInt8(128)], dimensions: []))
    model.outputs = ["z"]
    model.constants["signed"] = HostTensor([Int8(3)], dimensions: [])
    model.append("QuantizeLinear", ["y", "fine", "signed"], ["z"])
    #expect(try difference(model, x) == 0)
  }

  @Test func `weights that the model computes round alike`() throws {
    var model = SmallModel(inputs: [("x", SmallModel.float, [1, 1, 2, 2]), ("w", SmallModel.float, [1, 1, 1, 1])], outputs: ["y"])
    model.form("f", scale: 0.01, zeroPoint: 0)
    model.append("Conv", ["x", "w"], ["sum"])
    model.quantise("sum", "q", as: "f")
    model.dequantise("q", "r", as: "f")
    model.append("Sigmoid", ["r"], ["y"])
    #expect(try difference(model, image, HostTensor([Float(1)], dimensions: [1, 1, 1, 1])) < 1e-5)
  }

  @Test(arguments: [0, 1] as [Int64]) func `a matrix product rounds before its function`(transposesA: Int64) throws {
    var model = SmallModel.of([2, 2])
    model.floats("w", [1, 2, 3, 4], [2, 2])
    model.form("f", scale: 0.01, zeroPoint: 100)
    model.append("Gemm", ["x", "w"], ["sum"], ["transA": .integer(transposesA)])
    model.quantise("sum", "q", as: "f")
    model.dequantise("q", "r", as: "f")
    model.append("Sigmoid", ["r"], ["y"])
    #expect(try difference(model, HostTensor([Float(10), -1, 0.1, 0.2], dimensions: [2, 2])) < 1e-5)
  }

  // MARK: Weights

  /// x and y in whole numbers between −128 and 127, around a product.
  private func product(_ weights: HostTensor, _ add: (inout SmallModel) -> Void) -> SmallModel {
    var model = SmallModel.of([1, 2])
    model.constants = ["one": HostTensor([Float(1)], dimensions: []), "zero": HostTensor([Int8(0)], dimensions: []), "w": weights]
    model.append("QuantizeLinear", ["x", "one", "zero"], ["q"])
    model.append("DequantizeLinear", ["q", "one", "zero"], ["r"])
    add(&model)
    model.append("QuantizeLinear", ["sum", "one", "zero"], ["s"])
    model.append("DequantizeLinear", ["s", "one", "zero"], ["y"])
    return model
  }

  private let row = HostTensor([Float(100), 0], dimensions: [1, 2])

  @Test(arguments: ["MatMul", "Gemm"]) func `integer weights stay what they are behind a transposition`(_ type: String) throws {
    let model = product(HostTensor([Int8(1), 100], dimensions: [1, 2])) { model in
      model.append("DequantizeLinear", ["w", "one", "zero"], ["d"])
      model.append("Transpose", ["d"], ["t"])
      model.append(type, ["r", "t"], ["sum"])
    }
    #expect(try hasIntegerProduct(model))
    #expect(try difference(model, row) == 0)
  }

  @Test func `scales by output channel follow their channels through reshapes and transpositions`() throws {
    let model = product(HostTensor([Int8(1), 2, 3, 100, 50, 25], dimensions: [3, 2])) { model in
      model.floats("scales", [1, 0.5, 0.25])
      model.constants["zeros"] = HostTensor([Int8(0), 0, 0], dimensions: [3])
      model.constants["shape"] = HostTensor([Int64(1), 3, 2], dimensions: [3])
      model.constants["axes"] = HostTensor([Int64(0)], dimensions: [1])
      model.append("DequantizeLinear", ["w", "scales", "zeros"], ["d"], ["axis": .integer(0)])
      model.append("Reshape", ["d", "shape"], ["deep"])
      model.append("Transpose", ["deep"], ["turned"], ["perm": .integers([0, 2, 1])])
      model.append("Squeeze", ["turned", "axes"], ["t"])
      model.append("MatMul", ["r", "t"], ["sum"])
    }
    #expect(try hasIntegerProduct(model))
    #expect(try difference(model, HostTensor([Float(-20), 1], dimensions: [1, 2])) == 0)
  }

  @Test func `a product's positive factor belongs to the scales`() throws {
    let model = product(HostTensor([Int8(1), 100], dimensions: [2, 1])) { model in
      model.append("DequantizeLinear", ["w", "one", "zero"], ["d"])
      model.append("Gemm", ["r", "d"], ["sum"], ["alpha": .float(0.5)])
    }
    #expect(try hasIntegerProduct(model))
    #expect(try difference(model, row) == 0)
  }

  @Test(arguments: [
    HostTensor([Float(1), 100], dimensions: [2, 1]), HostTensor([Int16(1), 100], dimensions: [2, 1]),
  ]) func `weights that are no 8-bit integers are not made such`(_ weights: HostTensor) throws {
    let model = product(weights) { model in
      var name = "w"
      if weights.elementType == .int16 {
        model.append("DequantizeLinear", ["w", "one"], ["d"])
        name = "d"
      }
      model.append("MatMul", ["r", name], ["sum"])
    }
    #expect(try difference(model, row) == 0)
  }

  @Test(arguments: [1_000_000, 2_147_483_000, -2_147_483_647] as [Int32]) func `a bias that 32 bits hold only alone is added in float`(_ bias: Int32) throws {
    var model = product(HostTensor([Int8(1), 100], dimensions: [2, 1])) { model in
      model.append("DequantizeLinear", ["w", "one", "zero"], ["d"])
      model.append("DequantizeLinear", ["b", "tiny"], ["offset"])
      model.append("Gemm", ["r", "d", "offset"], ["sum"])
    }
    model.constants["b"] = HostTensor([bias], dimensions: [1])
    model.floats("tiny", [1e-8], [])
    #expect(try difference(model, row) == 0)
    // With the weights' scale the bias's own, its integers are what would be added.
    model.floats("tiny", [1], [])
    #expect(try difference(model, row) == 0)
    #expect(try hasIntegerProduct(model) == (bias == 1_000_000))
  }

  @Test func `scales along the summed axis are not the output's`() throws {
    let model = product(HostTensor([Int8(100), 1], dimensions: [2, 1])) { model in
      model.floats("scales", [0.01, 1])
      model.constants["zeros"] = HostTensor([Int8(0), 0], dimensions: [2])
      model.append("DequantizeLinear", ["w", "scales", "zeros"], ["d"], ["axis": .integer(0)])
      model.append("MatMul", ["r", "d"], ["sum"])
    }
    #expect(try difference(model, HostTensor([Float(100), 7], dimensions: [1, 2])) == 0)
  }

  // MARK: Means, constants

  private func between(_ dimensions: [Int], outputScale: Float? = nil, _ add: (inout SmallModel) -> Void) -> SmallModel {
    var model = SmallModel.of(dimensions)
    model.form("f", scale: 1, zeroPoint: 0)
    model.quantise("x", "q", as: "f")
    model.dequantise("q", "r", as: "f")
    add(&model)
    guard let outputScale else { return model }
    model.form("g", scale: outputScale, zeroPoint: 0)
    model.quantise("y", "s", as: "g")
    model.dequantise("s", "z", as: "g")
    model.outputs = ["z"]
    return model
  }

  @Test(arguments: [nil, 0.25, 1] as [Float?]) func `means of an image are rounded only as the model says`(outputScale: Float?) throws {
    let model = between([1, 1, 2], outputScale: outputScale) { model in
      model.floats("scales", [1, 1, 2])
      model.append("Resize", ["r", "", "scales"], ["y"], ["mode": .string("linear")])
    }
    let x = HostTensor([Float(0), 1], dimensions: [1, 1, 2])
    #expect(try difference(model, x) == 0)
    if outputScale == nil { #expect(try model.run(x)[0].floats() == [0, 0.25, 0.75, 1]) }
  }

  @Test(arguments: [nil, 0.5] as [Float?]) func `a number that padding adds is not rounded to the form of what it pads`(outputScale: Float?) throws {
    let model = between([1, 2], outputScale: outputScale) { model in
      model.constants["pads"] = HostTensor([Int64(0), 1, 0, 0], dimensions: [4])
      model.floats("fill", [-0.4], [])
      model.floats("half", [0.5], [])
      model.append("Pad", ["r", "pads", outputScale == nil ? "fill" : "half"], ["y"])
    }
    #expect(try difference(model, HostTensor([Float(3), 2], dimensions: [1, 2])) == 0)
  }

  @Test(arguments: ["Div", "Mul", "Add", "Pow"]) func `float constants between rounded values are not rounded`(_ type: String) throws {
    let model = between([1, 2], outputScale: 2) { model in
      model.floats("c", [0.01, 10], [1, 2])
      model.append(type, ["r", "c"], ["y"])
    }
    #expect(try difference(model, HostTensor([Float(3), 200], dimensions: [1, 2])) < 1e-5)
    let turned = between([1, 2], outputScale: 0.5) { model in
      model.floats("c", [0.01, 10], [1, 2])
      model.append(type, ["c", "r"], ["y"])
    }
    #expect(try difference(turned, HostTensor([Float(3), 2], dimensions: [1, 2])) < 1e-5)
  }

  @Test func `a constant of one element stays a table`() throws {
    let model = between([1, 2], outputScale: 0.5) { model in
      model.floats("c", [0.3], [])
      model.append("Div", ["r", "c"], ["y"])
    }
    #expect(try model.compiled().program.instructions.contains { if case .lookup = $0 { true } else { false } })
    #expect(try difference(model, HostTensor([Float(3), 2], dimensions: [1, 2])) == 0)
  }

  // MARK: Integers that move before they are dequantised

  private func moving(_ dimensions: [Int], zeroPoint: UInt8, _ type: String, _ inputs: [String: HostTensor] = [:], _ attributes: [String: ONNXAttribute] = [:])
    -> SmallModel
  {
    var model = SmallModel.of(dimensions)
    model.form("f", scale: 0.5, zeroPoint: zeroPoint)
    model.constants.merge(inputs) { $1 }
    model.quantise("x", "q", as: "f")
    model.append(type, ["q"] + inputs.keys.sorted(), ["m"], attributes)
    model.dequantise("m", "y", as: "f")
    return model
  }

  @Test(arguments: [0, 3] as [UInt8]) func `zeros among integers stand for their zero point's distance`(zeroPoint: UInt8) throws {
    let square = HostTensor([Float(1), 2, 3, 4], dimensions: [2, 2])
    #expect(try difference(moving([2, 2], zeroPoint: zeroPoint, "Trilu"), square) == 0)
    let shape = HostTensor([Int64(4), 1], dimensions: [2])
    var cropped = moving([2, 2], zeroPoint: zeroPoint, "CenterCropPad", ["shape": shape])
    cropped.opset = 18
    #expect(try difference(cropped, square) == 0)
  }

  @Test func `integers that are cast are no moved ones`() throws {
    var model = SmallModel.of([1, 4])
    model.form("f", scale: 0.5, zeroPoint: 3)
    model.append("Cast", ["x"], ["q"], ["to": .integer(2)])
    model.dequantise("q", "y", as: "f")
    #expect(try difference(model, HostTensor([Float(0), 2.7, 3, 200], dimensions: [1, 4])) == 0)
  }

  @Test func `means of integers are integers`() throws {
    let scales = HostTensor([Float(1), 1, 2], dimensions: [3])
    var model = moving([1, 1, 2], zeroPoint: 0, "Resize", [:], ["mode": .string("linear")])
    model.constants["scales"] = scales
    model.nodes[1].inputs = ["q", "", "scales"]
    // How a mean of integers is rounded is the runtime's affair; that it is one is not.
    let results = try model.run(HostTensor([Float(0), 0.5], dimensions: [1, 1, 2]))[0].floats()
    #expect(results.allSatisfy { $0 == 0 || $0 == 0.5 })
  }
}
