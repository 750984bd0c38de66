import CPUExecution
import Inference
import ModelFormat
import Tensors

/// A 1×1 convolution of sixteen channels whose weights pass each channel through: `y = min((x − 3 + 5) × 2 + 3, 255)`.
private func program(weights: UnsafeMutableRawBufferPointer) -> Program {
  for channel in 0..<16 {
    weights[channel * 17] = 1
    weights.storeBytes(of: Int32(5), toByteOffset: 256 + 4 * channel, as: Int32.self)
    weights.storeBytes(of: Float(2), toByteOffset: 320 + 4 * channel, as: Float.self)
  }
  let quantisation = Quantisation(scale: 1, zeroPoint: 3)
  let image = [1, 16, 16, 16]
  let tensors = [
    TensorDescription(name: "x", elementType: .uint8, dimensions: image, quantisation: quantisation, storage: .arena(offset: 0)),
    TensorDescription(name: "w", elementType: .int8, dimensions: [16, 1, 1, 16], storage: .weights(offset: 0)),
    TensorDescription(name: "b", elementType: .int32, dimensions: [16], storage: .weights(offset: 256)),
    TensorDescription(name: "m", elementType: .float32, dimensions: [16], storage: .weights(offset: 320)),
    TensorDescription(name: "y", elementType: .uint8, dimensions: image, quantisation: quantisation, storage: .arena(offset: 4096)),
  ]
  var convolution = Convolution(input: 0, weights: 1, bias: 2, output: 4)
  convolution.multipliers = 3
  convolution.middleZeroPoint = 3
  convolution.middleUpper = 255
  let ports = [("x", TensorIndex(0)), ("y", TensorIndex(4))].map { name, tensor in
    Port(name: name, tensor: tensor, declaredType: .uint8, declaredDimensions: image, permutation: [0, 1, 2, 3])
  }
  return Program(tensors: tensors, inputs: [ports[0]], outputs: [ports[1]], instructions: [.convolution(convolution)], arenaByteCount: 8192)
}

/// The number of wrong elements, or −1 where the session refused the program.
@_cdecl("run_session") public func runSession(_ threads: Int32) -> Int32 {
  let weights = AlignedBytes(count: 384)
  let program = program(weights: weights.bytes)
  do throws(InferenceError) {
    let session = try Session<CPUBackend>(program: program, weights: UnsafeRawBufferPointer(weights.bytes), options: CPUOptions(threads: Int(threads)))
    let input = session.inputBytes(0)
    for i in input.indices { input[i] = UInt8(truncatingIfNeeded: i &* 7) }
    // Later runs read what the first one read: nothing writes the input.
    for _ in 0..<3 { session.run() }
    let output = session.outputBytes(0)
    var wrong: Int32 = 0
    for i in output.indices where Int(output[i]) != min(max((Int(UInt8(truncatingIfNeeded: i &* 7)) - 3 + 5) * 2 + 3, 0), 255) { wrong += 1 }
    return wrong
  } catch {
    return -1
  }
}
