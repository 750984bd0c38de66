import CCUDAKernels
import Inference

extension CUDAOptions {
  /// How convolutions of bytes are multiplied on a device: as these options say, or else as it does it best.
  func multiplication(on device: CUDADevice) throws(InferenceError) -> Multiplication {
    // Code of an earlier generation than the device's has that one's instructions.
    let capability = min(device.capability, device.codeCapability)
    guard let multiplication else { return .best(on: capability) }
    guard multiplication.lowest <= capability else {
      throw InferenceError(
        .unsupported,
        "'\(device.name)' with code for \(device.codeCapability.name) has no matrix instructions of this kind for bytes: "
          + "they come with compute capability \(multiplication.lowest.name)")
    }
    return multiplication
  }
}

extension CUDAOptions.Multiplication {
  /// The least that a device must be to do it.
  var lowest: ComputeCapability {
    switch self {
    case .dotProducts: ComputeCapability(6, 1)
    case .matrices16x16x16: ComputeCapability(7, 2)
    case .matrices8x8x16: ComputeCapability(7, 5)
    case .matrices16x8x32: ComputeCapability(8, 0)
    }
  }

  /// Each generation's own matrix instructions, as far as it has any.
  static func best(on capability: ComputeCapability) -> Self {
    allCases.filter { $0.lowest <= capability }.max { $0.lowest < $1.lowest } ?? .dotProducts
  }

  var kernel: swl_cuda_kernel {
    switch self {
    case .dotProducts: swl_cuda_convolution_q8__dp4a__id
    case .matrices16x16x16: swl_cuda_convolution_q8__m16n16k16__id
    case .matrices8x8x16: swl_cuda_convolution_q8__m8n8k16__id
    case .matrices16x8x32: swl_cuda_convolution_q8__m16n8k32__id
    }
  }
}
