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
