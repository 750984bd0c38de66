public import Tensors
import ModelFormat

// Off the hot path: a run on made-up inputs, the same on every machine.
extension Session where Engine: ~Copyable {
  /// Fills every input with numbers that depend on `seed` alone, runs once, and gives the outputs as `output(_:)` does.
  ///
  /// Half of each value is noise, half rises along the tensor. 8-bit inputs use their whole range, floating-point ones `range`, other
  /// integers are 0 or 1.
  ///
  /// - Parameter range: where real numbers lie that the model is made for.
  public func rehearse(seed: UInt64, range: ClosedRange<Float>) throws(InferenceError) -> [HostTensor] {
    resetStates()
    defer { resetStates() }
    var noise = RehearsalNoise(state: seed)
    for index in program.inputs.indices {
      let tensor = program.tensors[Int(program.inputs[index].tensor)]
      let bytes = unsafe inputBytes(index)
      let width = tensor.elementType.byteCount
      let count = bytes.count / width
      for element in 0..<count {
        let share = (noise.next() + Float(element) / Float(count)) / 2
        switch tensor.elementType {
        case .float32:
          let value = range.lowerBound + share * (range.upperBound - range.lowerBound)
          unsafe bytes.storeBytes(of: value.bitPattern.littleEndian, toByteOffset: element * 4, as: UInt32.self)
        case let type where type.isEightBitInteger: unsafe bytes[element] = UInt8(share * 255)
        default:
          for byte in 0..<width { unsafe bytes[element * width + byte] = byte == 0 && share >= 0.5 ? 1 : 0 }
        }
      }
    }
    run()
    var outputs: [HostTensor] = []
    for index in program.outputs.indices { outputs.append(try output(index)) }
    return outputs
  }
}

/// SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014).
private struct RehearsalNoise {
  var state: UInt64

  /// From 0 to below 1, in steps of 2⁻²⁴.
  mutating func next() -> Float {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    z ^= z >> 31
    return Float(z >> 40) / 16_777_216
  }
}
