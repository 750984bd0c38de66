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

/// Computed indices, whole numbers, selection and casts: `y[i] = i odd ? int32(x[(7 i) mod 16]) : −i`.
private func wholeProgram(weights: UnsafeMutableRawBufferPointer) -> Program {
  for (position, value) in [Int64(7), 16, 2, 0].enumerated() { weights.storeBytes(of: value, toByteOffset: 8 * position, as: Int64.self) }
  func tensor(_ name: String, _ type: ElementType, _ count: Int, _ storage: TensorDescription.Storage) -> TensorDescription {
    TensorDescription(name: name, elementType: type, dimensions: [count], storage: storage)
  }
  let tensors = [
    tensor("x", .float32, 16, .arena(offset: 0)), tensor("i", .int64, 16, .arena(offset: 64)), tensor("y", .int32, 16, .arena(offset: 192)),
    tensor("7", .int64, 1, .weights(offset: 0)), tensor("16", .int64, 1, .weights(offset: 8)), tensor("2", .int64, 1, .weights(offset: 16)),
    tensor("0", .int64, 1, .weights(offset: 24)), tensor("p", .int64, 16, .arena(offset: 256)), tensor("g", .float32, 16, .arena(offset: 384)),
    tensor("gi", .int32, 16, .arena(offset: 448)), tensor("n", .int64, 16, .arena(offset: 512)), tensor("ni", .int32, 16, .arena(offset: 640)),
    tensor("r", .int64, 16, .arena(offset: 704)), tensor("c", .bool, 16, .arena(offset: 832)), tensor("m", .int64, 16, .arena(offset: 896)),
  ]
  let ports = [("x", TensorIndex(0), ElementType.float32), ("i", 1, .int64), ("y", 2, .int32)].map { name, tensor, type in
    Port(name: name, tensor: tensor, declaredType: type, declaredDimensions: [16], permutation: [0])
  }
  return Program(
    tensors: tensors, inputs: [ports[0], ports[1]], outputs: [ports[2]],
    instructions: [
      .arithmetic(Arithmetic(operation: .multiply, left: 1, right: 3, output: 14)),
      .arithmetic(Arithmetic(operation: .modulo, left: 14, right: 4, output: 7)),
      .gather(Gather(input: 0, indices: 7, output: 8, batch: 1, extents: [16], count: 16, inner: 1, sharesIndices: true)),
      .cast(Conversion(input: 8, output: 9)),
      .mapping(Mapping(function: .negate, input: 1, output: 10)),
      .cast(Conversion(input: 10, output: 11)),
      .arithmetic(Arithmetic(operation: .remainder, left: 1, right: 5, output: 12)),
      .arithmetic(Arithmetic(operation: .notEqual, left: 12, right: 6, output: 13)),
      .select(Select(condition: 13, onTrue: 9, onFalse: 11, output: 2)),
      // The indices themselves: 15 × 7 and the like lie outside.
      .gather(Gather(input: 0, indices: 14, output: 8, batch: 1, extents: [16], count: 16, inner: 1, sharesIndices: true)),
    ], arenaByteCount: 1024)
}

/// The number of wrong elements, or −1 where the session refused the program.
@_cdecl("run_whole_session") public func runWholeSession(_ threads: Int32) -> Int32 {
  let weights = AlignedBytes(count: 32)
  let program = wholeProgram(weights: weights.bytes)
  do throws(InferenceError) {
    let session = try Session<CPUBackend>(program: program, weights: UnsafeRawBufferPointer(weights.bytes), options: CPUOptions(threads: Int(threads)))
    for i in 0..<16 {
      session.inputBytes(0).storeBytes(of: Float(i) * 10.75, toByteOffset: 4 * i, as: Float.self)
      session.inputBytes(1).storeBytes(of: Int64(i), toByteOffset: 8 * i, as: Int64.self)
    }
    session.run()
    let output = session.outputBytes(0)
    var wrong: Int32 = 0
    for i in 0..<16 {
      let expected = i % 2 == 1 ? Int32(Float(7 * i % 16) * 10.75) : Int32(-i)
      if output.loadUnaligned(fromByteOffset: 4 * i, as: Int32.self) != expected { wrong += 1 }
    }
    // 7 i lies inside for 0, 1 and 2 only.
    if session.faultCount != 13 { wrong += 100 }
    return wrong
  } catch {
    return -1
  }
}
