import Inference
import ModelFormat
import ModelManifest

/// Operators that look over all images of a run, as a quantisation by what the run holds or a mean over it, let one camera's frames change what is found in
/// another's. No word in a package tells them; a run does.
extension VisionBatch where Engine: ~Copyable {
  /// - Throws: where a faint image, or a strong one, gives something else beside the other than alone.
  func checkIndependence(_ package: ModelPackage, _ program: Program, _ options: Engine.Options) throws(InferenceError) {
    let range = package.manifest.rehearsalRange
    let single = try unsafe Session<Engine>(program: program, weights: package.weights, owner: package, options: options)
    var alone: [[[Float]]] = []
    for kind in MadeUpImage.allCases {
      unsafe kind.fill(single.inputBytes(inputIndex), program.tensors[Int(program.inputs[inputIndex].tensor)], range)
      single.run()
      alone.append(try single.realOutputs())
    }
    for count in Set([2, limit]) {
      let session = sessions[count - 2]
      let all = unsafe session.inputBytes(inputIndex)
      let width = all.count / count
      for slot in 0..<count {
        let bytes = unsafe UnsafeMutableRawBufferPointer(rebasing: all[slot * width..<(slot + 1) * width])
        unsafe MadeUpImage.of(slot).fill(bytes, program.tensors[Int(program.inputs[inputIndex].tensor)], range)
      }
      session.run()
      let together = try session.realOutputs()
      for slot in 0..<count {
        for (output, expected) in alone[MadeUpImage.of(slot).rawValue].enumerated() {
          let found = together[output][slot * expected.count..<(slot + 1) * expected.count]
          guard !isSame(found, expected) else { continue }
          throw InferenceError(
            .unsupported,
            "what it finds in an image depends on the others of the same run (output '\(program.outputs[output].name)' of \(count) images): its images can't run together"
          )
        }
      }
    }
  }

  /// Sums may be made in another order, no more.
  private func isSame(_ found: ArraySlice<Float>, _ expected: [Float]) -> Bool {
    let largest = expected.reduce(Float(0)) { $1.isFinite ? max($0, abs($1)) : $0 }
    return zip(found, expected).allSatisfy { one, other in
      one == other || one.isNaN && other.isNaN || one.isFinite && abs(one - other) <= 1e-4 * max(abs(one), abs(other), largest / 100)
    }
  }
}

/// What is given to a model that isn't to be told by it what it is: noise over the whole of its input's range, or over little of it.
private enum MadeUpImage: Int, CaseIterable {
  case faint, strong

  static func of(_ slot: Int) -> Self { slot.isMultiple(of: 2) ? .faint : .strong }

  func fill(_ bytes: UnsafeMutableRawBufferPointer, _ tensor: TensorDescription, _ range: ClosedRange<Float>) {
    var state = UInt64(rawValue + 1)
    let width = tensor.elementType.byteCount
    for element in 0..<bytes.count / width {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let noise = Float(state >> 40) / Float(1 << 24)
      let share = self == .strong ? noise : 0.5 + (noise - 0.5) / 16
      switch tensor.elementType {
      case .float32:
        let value = range.lowerBound + share * (range.upperBound - range.lowerBound)
        unsafe bytes.storeBytes(of: value.bitPattern.littleEndian, toByteOffset: element * 4, as: UInt32.self)
      case let type where type.isEightBitInteger: unsafe bytes[element] = UInt8(share * 255)
      default: for byte in 0..<width { unsafe bytes[element * width + byte] = byte == 0 && share >= 0.5 ? 1 : 0 }
      }
    }
  }
}

extension Session where Engine: ~Copyable {
  fileprivate func realOutputs() throws(InferenceError) -> [[Float]] {
    var outputs: [[Float]] = []
    for index in program.outputs.indices { outputs.append(try realOutput(index)) }
    return outputs
  }
}
