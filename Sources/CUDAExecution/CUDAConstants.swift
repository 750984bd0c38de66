import Inference

/// A model's constants on the device, in the kernels' forms: made once for all instructions, and for every program over the same weights.
@safe final class CUDAConstants {
  /// All that a constant's bytes on the device follow from.
  struct Form: Hashable {
    enum Kind: Hashable { case plain, words, weightSums, taps, columns, zeros, scratch }
    var kind: Kind
    /// Where its bytes begin in the weight section.
    var offset: Int
    var sizes: [Int]
  }

  private let memory: CUDAMemory
  private var known: [Form: DeviceAddress] = [:]

  init(_ memory: CUDAMemory) { self.memory = memory }

  subscript(form: Form) -> DeviceAddress? { known[form] }

  /// Room for a constant: padded weights may be far larger than the package, so that it is taken before they are made.
  func take(_ byteCount: Int) throws(InferenceError) -> DeviceAddress { try memory.take(byteCount) }

  /// Keeps what has arrived.
  func keep(_ address: DeviceAddress, as form: Form) { known[form] = address }
}
