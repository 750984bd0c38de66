import CCUDADriver
import Inference

/// Bytes that the host writes and the device reads: the same memory where both share it, else pinned memory and a copy on the device.
@safe final class CUDASharedBytes {
  /// The host's side.
  let bytes: UnsafeMutableRawBufferPointer
  let address: DeviceAddress
  private let staging: CUDAStaging
  /// Of the device, where it can't read the host's.
  private let copy: CUDAMemory?

  init(_ device: CUDADevice, byteCount: Int) throws(InferenceError) {
    staging = try CUDAStaging(device, byteCount: byteCount, isMapped: device.sharesMemory())
    unsafe bytes = staging.bytes
    guard staging.mappedAddress == nil else {
      (address, copy) = (staging.mappedAddress!, nil)
      return
    }
    let memory = CUDAMemory(device, allowance: byteCount + 1024, regionByteCount: 1)
    address = try memory.take(byteCount)
    copy = memory
  }

  /// Puts into the stream what brings the first bytes to the device, where they aren't there by themselves. Allocates nothing.
  func bring(_ byteCount: Int, in stream: CUDAStream) -> Int32 {
    guard copy != nil, byteCount > 0 else { return 0 }
    return unsafe stream.copy(from: bytes.baseAddress!, to: address, byteCount)
  }
}
