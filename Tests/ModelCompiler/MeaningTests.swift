import ModelCompiler
import Tensors
import Testing

/// What passes make of a model has to mean what the model means.
struct MeaningTests {
  private let row = HostTensor([Float(-2), -1, 1, 2], dimensions: [1, 4])

  private func scaled(_ integers: HostTensor) -> [String: HostTensor] {
    ["scale": HostTensor([Float(0.5)], dimensions: []), "zero": integers]
  }

  @Test func `a constant added behind a product is not scaled by the product's beta`() throws {
    var model = SmallModel(inputs: [("x", SmallModel.float, [1, 4])], outputs: ["y"])
    model.constants = ["w": HostTensor([Float(1), 1, 1, 1], dimensions: [4, 1]), "c": HostTensor([Float(3)], dimensions: [1, 1])]
    model.append("Gemm", ["x", "w"], ["product"], ["beta": .float(0.5)])
    model.append("Add", ["product", "c"], ["y"])
    #expect(try model.run(row)[0].floats() == [3])
  }

  @Test func `a signed input stays signed where no zero point says so`() throws {
    var model = SmallModel(inputs: [("x", SmallModel.int8, [1, 4])], outputs: ["y"])
    model.constants = ["scale": HostTensor([Float(0.5)], dimensions: [])]
    model.append("DequantizeLinear", ["x", "scale"], ["real"])
    model.append("Neg", ["real"], ["y"])
    #expect(try model.run(HostTensor([Int8(-128), -1, 1, 127], dimensions: [1, 4]))[0].floats() == [64, 0.5, -0.5, -63.5])
  }

  @Test func `padding between 8-bit values adds what its integer stands for`() throws {
    var model = SmallModel(inputs: [("x", SmallModel.float, [1, 4])], outputs: ["y"])
    model.constants = scaled(HostTensor([UInt8(10)], dimensions: []))
    model.constants["pads"] = HostTensor([Int64(0), 1, 0, 1], dimensions: [4])
    model.constants["fill"] = HostTensor([UInt8(12)], dimensions: [])
    model.append("QuantizeLinear", ["x", "scale", "zero"], ["q"])
    model.append("Pad", ["q", "pads", "fill"], ["wider"])
    model.append("DequantizeLinear", ["wider", "scale", "zero"], ["y"])
    #expect(try model.run(row)[0].floats() == [1, -2, -1, 1, 2, 1])
  }

  @Test func `a value handed out as integers and as real numbers is two outputs`() throws {
    var model = SmallModel(inputs: [("x", SmallModel.float, [1, 4])], outputs: ["q", "y"])
    model.constants = scaled(HostTensor([UInt8(10)], dimensions: []))
    model.append("Neg", ["x"], ["negative"])
    model.append("QuantizeLinear", ["negative", "scale", "zero"], ["q"])
    model.append("DequantizeLinear", ["q", "scale", "zero"], ["y"])
    let results = try model.run(row)
    #expect(results[0] == HostTensor([UInt8(14), 12, 8, 6], dimensions: [1, 4]))
    #expect(results[1] == HostTensor([Float(2), 1, -1, -2], dimensions: [1, 4]))
  }

  @Test func `a clamp behind a clamp decides, even where their ranges don't meet`() throws {
    var model = SmallModel(inputs: [("x", SmallModel.float, [1, 1, 2, 2])], outputs: ["y"])
    model.constants = [
      "w": HostTensor([Float(1)], dimensions: [1, 1, 1, 1]), "zero": HostTensor([Float(0)], dimensions: []), "one": HostTensor([Float(1)], dimensions: []),
      "two": HostTensor([Float(2)], dimensions: []), "three": HostTensor([Float(3)], dimensions: []),
    ]
    model.append("Conv", ["x", "w"], ["same"])
    model.append("Add", ["same", "x"], ["double"])
    model.append("Clip", ["double", "zero", "one"], ["low"])
    model.append("Clip", ["low", "two", "three"], ["y"])
    #expect(try model.run(HostTensor([Float(-4), 0, 1, 8], dimensions: [1, 1, 2, 2]))[0].floats() == [2, 2, 2, 2])
  }

  @Test func `8-bit outputs stay 8-bit behind identities`() throws {
    var model = SmallModel(inputs: [("x", SmallModel.float, [1, 4])], outputs: ["y"])
    model.constants = scaled(HostTensor([Int8(1)], dimensions: []))
    model.append("Neg", ["x"], ["negative"])
    model.append("QuantizeLinear", ["negative", "scale", "zero"], ["q"])
    model.append("Identity", ["q"], ["once"])
    model.append("Identity", ["once"], ["y"])
    #expect(try model.run(row)[0] == HostTensor([Int8(5), 3, -1, -3], dimensions: [1, 4]))
  }
}
