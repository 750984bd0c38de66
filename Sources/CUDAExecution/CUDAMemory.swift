import CCUDADriver
import Inference

/// An address on the device.
typealias DeviceAddress = UInt64

/// Memory of the device, handed out one block behind the other; all of it goes with its owner.
final class CUDAMemory {
  /// Where the device's own instructions want every type.
  private static let alignment = 256
  /// A block so large is an allocation of its own; smaller ones share such.
  static let regionByteCount = 1 << 20

  private let device: CUDADevice
  private let allowance: Int
  private let regionByteCount: Int
  private var byteCount = 0
  private var regions: [DeviceAddress] = []
  private var free: Range<DeviceAddress> = 0..<0

  /// - Parameters:
  ///   - allowance: bytes that all allocations together may take.
  ///   - regionByteCount: what is allocated at a time, at least.
  init(_ device: CUDADevice, allowance: Int, regionByteCount: Int) {
    self.device = device
    self.allowance = allowance
    self.regionByteCount = regionByteCount
  }

  /// A block whose bytes may be anything.
  func take(_ byteCount: Int) throws(InferenceError) -> DeviceAddress {
    guard byteCount <= allowance - self.byteCount - Self.alignment else { throw exceeding(byteCount) }
    // Whoever wants to see what is written behind a block's end wants no rounding.
    let size = regionByteCount == 1 ? max(byteCount, 1) : (max(byteCount, 1) + Self.alignment - 1) / Self.alignment * Self.alignment
    if size >= regionByteCount { return try allocate(size) }
    if size > free.count {
      let region = try allocate(regionByteCount)
      free = region..<region + UInt64(regionByteCount)
    }
    defer { free = free.lowerBound + UInt64(size)..<free.upperBound }
    return free.lowerBound
  }

  private func allocate(_ size: Int) throws(InferenceError) -> DeviceAddress {
    guard size <= allowance - byteCount else { throw exceeding(size) }
    var address: DeviceAddress = 0
    try device.driver.check(unsafe device.driver.calls.cuMemAlloc_v2(&address, size), "allocating \(size) bytes")
    guard address != 0 else { throw InferenceError(.deviceFailed, "CUDA: allocating \(size) bytes gave nothing") }
    regions.append(address)
    byteCount += size
    return address
  }

  private func exceeding(_ more: Int) -> InferenceError {
    InferenceError(
      .noResources, "the model would take \(byteCount + more) bytes of the device's memory, and \(allowance) is all that its weights allow")
  }

  deinit { device.release { for region in regions { _ = device.driver.calls.cuMemFree_v2(region) } } }
}

/// Memory of the host that the device reaches by itself.
@safe final class CUDAStaging {
  let bytes: UnsafeMutableRawBufferPointer
  /// Where the device's own instructions find them; nil unless they are mapped there.
  private(set) var mappedAddress: DeviceAddress?
  private let device: CUDADevice

  /// - Parameter isMapped: whether the device's instructions reach them, too, and not its copies alone.
  init(_ device: CUDADevice, byteCount: Int, isMapped: Bool = false) throws(InferenceError) {
    self.device = device
    let (calls, size) = (device.driver.calls, max(byteCount, 1))
    var base: UnsafeMutableRawPointer?
    let result =
      isMapped ? unsafe calls.cuMemHostAlloc(&base, size, UInt32(SWL_CUDA_HOST_MAPPED)) : unsafe calls.cuMemAllocHost_v2(&base, size)
    try device.driver.check(result, "allocating \(byteCount) bytes of pinned memory")
    guard let base = unsafe base else { throw InferenceError(.deviceFailed, "CUDA: allocating \(byteCount) bytes of pinned memory gave nothing") }
    unsafe bytes = UnsafeMutableRawBufferPointer(start: base, count: byteCount)
    guard isMapped else { return }
    var address: DeviceAddress = 0
    try device.driver.check(unsafe calls.cuMemHostGetDevicePointer_v2(&address, base, 0), "finding pinned memory on the device")
    guard address != 0 else { throw InferenceError(.deviceFailed, "CUDA: finding pinned memory on the device gave nothing") }
    mappedAddress = address
  }

  deinit { device.release { if let base = unsafe bytes.baseAddress { _ = unsafe device.driver.calls.cuMemFreeHost(base) } } }
}

/// Brings bytes to the device in a session's own stream: what waits for the whole device would spoil another session's recording.
struct CUDALoading: ~Copyable {
  private static let byteCount = 1 << 20
  private let device: CUDADevice
  private let stream: CUDAStream
  private let staging: CUDAStaging

  init(_ device: CUDADevice, _ stream: CUDAStream) throws(InferenceError) {
    (self.device, self.stream) = (device, stream)
    staging = try CUDAStaging(device, byteCount: Self.byteCount)
  }

  /// Copies bytes to a block, and waits until they are there.
  func copy(_ bytes: UnsafeRawBufferPointer, to address: DeviceAddress) throws(InferenceError) {
    var offset = 0
    while offset < bytes.count {
      let count = min(Self.byteCount, bytes.count - offset)
      unsafe staging.bytes.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count]))
      var result = unsafe stream.copy(from: staging.bytes.baseAddress!, to: address + UInt64(offset), count)
      if result == 0 { result = stream.wait() }
      try device.driver.check(result, "copying \(bytes.count) bytes to the device")
      offset += count
    }
  }

  /// Clears a block, and waits until it is.
  func clear(_ address: DeviceAddress, byteCount: Int) throws(InferenceError) {
    var result = stream.clear(address, max(byteCount, 1))
    if result == 0 { result = stream.wait() }
    try device.driver.check(result, "clearing \(byteCount) bytes")
  }
}
