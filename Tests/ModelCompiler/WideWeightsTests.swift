import ModelFormat
import ONNX
import Tensors
import Testing

/// 8-bit weights around a zero point of their own need nine bits; they are multiplied exactly all the same.
struct WideWeightsTests {
  private static let pixels: [Int8] = [-128, -7, 0, 3, 90, 127, 50, -50, 1]

  @Test(arguments: [UInt8(0), 100, 255], [1, 3]) func `unsigned weights of any zero point are exact`(zeroPoint: UInt8, groups: Int) throws {
    let (channels, outputs, inputZero) = (3, 3, -5)
    let own = channels / groups
    let weights: [UInt8] = (0..<outputs * own).map { [0, 255, 128, 37, 254, 1, 200, 99, 255][$0] }
    var model = SmallModel(inputs: [("x", SmallModel.int8, [1, channels, 1, 3])], outputs: ["y"])
    model.constants = [
      "one": HostTensor([Float(1)], dimensions: []), "inputZero": HostTensor([Int8(inputZero)], dimensions: []),
      "w": HostTensor(weights, dimensions: [outputs, own, 1, 1]), "weightZero": HostTensor([zeroPoint], dimensions: []),
      "large": HostTensor([Float(800)], dimensions: []), "outputZero": HostTensor([Int8(4)], dimensions: []),
    ]
    model.append("DequantizeLinear", ["x", "one", "inputZero"], ["real"])
    model.append("DequantizeLinear", ["w", "one", "weightZero"], ["weights"])
    model.append("Conv", ["real", "weights"], ["sum"], ["group": .integer(Int64(groups))])
    model.append("QuantizeLinear", ["sum", "large", "outputZero"], ["y"])
    let program = try model.compiled().program
    #expect(program.instructions.contains { if case .convolution(let convolution) = $0 { convolution.multipliers != nil } else { false } })

    let found = try model.run(HostTensor(Self.pixels, dimensions: [1, channels, 1, 3]))[0].integers()
    var expected: [Int64] = []
    for output in 0..<outputs {
      for column in 0..<3 {
        let first = output / (outputs / groups) * own
        let sum = (0..<own).reduce(0) { sum, channel in
          sum + (Int(Self.pixels[(first + channel) * 3 + column]) - inputZero) * (Int(weights[output * own + channel]) - Int(zeroPoint))
        }
        expected.append(min(max(Int64((Float(sum) / 800).rounded(.toNearestOrEven)) + 4, -128), 127))
      }
    }
    #expect(found == expected)
  }
}
