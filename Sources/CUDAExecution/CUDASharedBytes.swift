import CCUDADriver
import Inference

/// Bytes that the host writes and the device reads: pinned memory and a copy on the device, or the same memory where both share it and it is read once.
@safe final class CUDASharedBytes {
  /// The host's side.
  let bytes: UnsafeMutableRawBufferPointer
  let address: DeviceAddress
  private let staging: CUDAStaging
  /// Of the device, where it can't read the host's.
  private let copy: CUDAMemory?

  /// - Parameter mayMap: whether it may be the same memory. What every thread of a kernel reads is better off in the device's.
  init(_ device: CUDADevice, byteCount: Int, mayMap: Bool) throws(InferenceError) {
    let isMapped = mayMap ? try device.sharesMemory() : false
    staging = try CUDAStaging(device, byteCount: byteCount, isMapped: isMapped)
    unsafe bytes = staging.bytes
    if let mapped = staging.mappedAddress {
      (address, copy) = (mapped, nil)
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
