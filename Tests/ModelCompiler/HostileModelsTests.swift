@testable import ModelCompiler
@testable import ONNX
import Tensors
import Testing

/// Models that break ONNX's rules in ways that random damage seldom finds: refused with a reason, or compiled; never a trap.
struct HostileModelsTests {
  private func refuses(_ model: SmallModel, _ reason: String) {
    let error = #expect(throws: CompilerError.self) { _ = try model.compiled() }
    #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
  }

  @Test(arguments: ["Identity", "Relu", "QuantizeLinear"]) func `a node without outputs is refused`(_ type: String) {
    var model = SmallModel(inputs: [("x", SmallModel.float, [1, 4])], outputs: ["y"])
    model.constants = ["scale": HostTensor([Float(1)], dimensions: [])]
    model.append("Relu", ["x"], ["y"])
    model.append(type, type == "QuantizeLinear" ? ["x", "scale"] : ["x"], [])
    refuses(model, "no outputs")
  }

  @Test(arguments: [[3], [2, 8], [1, 1, 8], [0]]) func `an addend that doesn't broadcast to its product is refused`(_ dimensions: [Int]) {
    var model = SmallModel(inputs: [("x", SmallModel.float, [1, 4])], outputs: ["y"])
    model.constants = [
      "w": HostTensor([Float](repeating: 1, count: 32), dimensions: [4, 8]),
      "c": HostTensor([Float](repeating: 1, count: dimensions.reduce(1, *)), dimensions: dimensions),
    ]
    model.append("Gemm", ["x", "w", "c"], ["y"])
    refuses(model, "adds")
  }

  /// A convolution between 8-bit values, with float weights and bias.
  private func convolution(weight: Float = 1, bias: [Float]) -> SmallModel {
    var model = SmallModel(inputs: [("x", SmallModel.float, [1, 1, 2, 2])], outputs: ["y"])
    model.constants = [
      "scale": HostTensor([Float(0.5)], dimensions: []), "zero": HostTensor([UInt8(0)], dimensions: []),
      "w": HostTensor([weight, 1], dimensions: [2, 1, 1, 1]), "b": HostTensor(bias, dimensions: [bias.count]),
    ]
    model.append("QuantizeLinear", ["x", "scale", "zero"], ["q"])
    model.append("DequantizeLinear", ["q", "scale", "zero"], ["real"])
    model.append("Conv", ["real", "w", "b"], ["sum"])
    model.append("QuantizeLinear", ["sum", "scale", "zero"], ["rounded"])
    model.append("DequantizeLinear", ["rounded", "scale", "zero"], ["y"])
    return model
  }

  @Test(arguments: [0, 1, 3]) func `a bias of another length than the channels is refused`(_ count: Int) {
    refuses(convolution(bias: [Float](repeating: 1, count: count)), "bias")
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity]) func `constants that are no numbers are computed with in float`(_ odd: Float) throws {
    let input = HostTensor([Float(1), 2, 3, 4], dimensions: [1, 1, 2, 2])
    #expect(try convolution(weight: odd, bias: [0, 1]).run(input)[0].floats().suffix(4) == [2, 3, 4, 5])
    #expect(try convolution(bias: [odd, 1]).run(input)[0].floats().suffix(4) == [2, 3, 4, 5])
  }

  @Test(arguments: [Int64(1), 2]) func `nothing is reduced in no time, however long its other axes are`(_ axis: Int64) throws {
    var model = SmallModel(inputs: [("x", SmallModel.float, [1, 100_000_000, 0])], outputs: ["y"])
    model.constants = ["axes": HostTensor([axis], dimensions: [1])]
    model.append("ReduceSum", ["x", "axes"], ["y"])
    // Lists of all places would take gigabytes.
    #expect(try model.compiled().program.instructions.count == (axis == 1 ? 0 : 1))
  }

  @Test func `an empty constant whose strides no integer holds is refused`() {
    var model = SmallModel(inputs: [("x", SmallModel.float, [1, 4])], outputs: ["y"])
    model.constants = ["w": HostTensor([Float](), dimensions: [0, 1 << 40, 1, 1])]
    model.append("Conv", ["x", "w"], ["y"], ["group": .integer(1 << 30)])
    refuses(model, "impossible shape")
  }

  /// ONNX gives zero points the type of their integers; a hostile model doesn't.
  @Test(arguments: [Int32.min, .max, 1000], [Float(0), .nan, .infinity, -1, 1])
  func `a constant of an impossible 8-bit form is refused, or rounded anew`(_ zeroPoint: Int32, _ scale: Float) {
    var model = convolution(bias: [0, 1])
    model.outputs = ["total"]
    model.constants["integers"] = HostTensor([Int8(-128), 127], dimensions: [1, 2, 1, 1])
    model.constants["odd scale"] = HostTensor([scale], dimensions: [])
    model.constants["odd zero"] = HostTensor([zeroPoint], dimensions: [])
    model.append("DequantizeLinear", ["integers", "odd scale", "odd zero"], ["constant"])
    model.append("Add", ["y", "constant"], ["sum of both"])
    model.append("QuantizeLinear", ["sum of both", "scale", "zero"], ["last"])
    model.append("DequantizeLinear", ["last", "scale", "zero"], ["total"])
    do throws(CompilerError) { _ = try model.compiled() } catch { #expect(!error.message.isEmpty) }
  }

  @Test func `the lowest 64-bit integer is dequantised without overflow`() throws {
    var model = SmallModel(inputs: [("x", SmallModel.float, [1])], outputs: ["y"])
    model.constants = [
      "low": HostTensor([Int64.min], dimensions: [1]), "scale": HostTensor([Float(1)], dimensions: []), "zero": HostTensor([Int64(1)], dimensions: []),
    ]
    model.append("DequantizeLinear", ["low", "scale", "zero"], ["constant"])
    model.append("Add", ["x", "constant"], ["y"])
    _ = try model.compiled()
  }

  @Test func `a block larger than any axis is one block`() throws {
    var model = SmallModel(inputs: [("x", SmallModel.float, [1, 2])], outputs: ["y"])
    model.constants = ["q": HostTensor([Int8(1), 2], dimensions: [1, 2]), "scale": HostTensor([Float(0.5)], dimensions: [1, 1])]
    model.append("DequantizeLinear", ["q", "scale"], ["c"], ["axis": .integer(1), "block_size": .integer(.max)])
    model.append("Add", ["x", "c"], ["y"])
    model.opset = 21
    #expect(try model.run(HostTensor([Float(0), 0], dimensions: [1, 2]))[0].floats() == [0.5, 1])
  }

  /// A corner where it stands in x1, y1, x2, y2.
  @Test(arguments: [[Float(5), 0, 0, 3e38], [0, 5, 3e38, 0], [0, 0, 3e38, 3e38]]) func `a region of more samples than an integer holds is refused`(
    _ corners: [Float]
  ) {
    var model = SmallModel(inputs: [("x", SmallModel.float, [1, 1, 2, 2]), ("rois", SmallModel.float, [1, 4])], outputs: ["y"])
    model.constants["images"] = HostTensor([Int64(0)], dimensions: [1])
    model.append("RoiAlign", ["x", "rois", "images"], ["y"])
    model.opset = 16
    let x = HostTensor([Float(1), 2, 3, 4], dimensions: [1, 1, 2, 2])
    let error = #expect(throws: CompilerError.self) { try model.evaluated(x, HostTensor(corners, dimensions: [1, 4])) }
    #expect(error?.message.contains("too many samples") == true)
  }

  @Test func `inputs of one symbol are read in one walk`() throws {
    var model = SmallModel(inputs: [], outputs: ["y"]).model
    model.graph.inputs = (0..<20_000).map { ONNXValueInfo(name: "x\($0)", dataType: ONNXDataType(rawValue: 1), dimensions: [.symbol("N"), .size(2)]) }
    model.graph.nodes = [ONNXNode(opType: "Add", inputs: ["x0", "x1"], outputs: ["y"])]
    #expect(try GraphImport.graph(of: model).inputs.count == 20_000)
  }
}
