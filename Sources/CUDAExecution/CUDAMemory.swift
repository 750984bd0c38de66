import CCUDADriver
import Inference

/// An address on the device.
typealias DeviceAddress = UInt64

/// Memory of the device, handed out one block behind the other; all of it goes with its owner.
final class CUDAMemory {
  /// Where the device's own instructions want every type.
  private static let alignment = 256
  /// What is allocated at a time, at least.
  private static let regionByteCount = 1 << 20

  private let device: CUDADevice
  private let allowance: Int
  private var byteCount = 0
  private var regions: [DeviceAddress] = []
  private var free: Range<DeviceAddress> = 0..<0

  /// - Parameter allowance: bytes that all blocks together may take.
  init(_ device: CUDADevice, allowance: Int) {
    self.device = device
    self.allowance = allowance
  }

  /// A block whose bytes may be anything.
  func take(_ byteCount: Int) throws(InferenceError) -> DeviceAddress {
    guard byteCount <= allowance - self.byteCount - Self.alignment else {
      throw InferenceError(
        .noResources, "the model would take \(self.byteCount + byteCount) bytes of the device's memory, and \(allowance) is all that its weights allow")
    }
    let size = (max(byteCount, 1) + Self.alignment - 1) / Self.alignment * Self.alignment
    self.byteCount += size
    if size > free.count {
      let region = max(size, Self.regionByteCount)
      var address: DeviceAddress = 0
      try device.makeCurrent()
      try device.driver.check(unsafe device.driver.calls.cuMemAlloc_v2(&address, region), "allocating \(region) bytes")
      regions.append(address)
      free = address..<address + UInt64(region)
    }
    defer { free = free.lowerBound + UInt64(size)..<free.upperBound }
    return free.lowerBound
  }

  /// A block that holds a copy of bytes.
  func take(copying bytes: UnsafeRawBufferPointer) throws(InferenceError) -> DeviceAddress {
    let address = try take(bytes.count)
    guard bytes.count > 0, let base = bytes.baseAddress else { return address }
    try device.driver.check(unsafe device.driver.calls.cuMemcpyHtoD_v2(address, base, bytes.count), "copying \(bytes.count) bytes to the device")
    return address
  }

  /// A block of zeros.
  func take(zeros byteCount: Int) throws(InferenceError) -> DeviceAddress {
    let address = try take(byteCount)
    try device.driver.check(device.driver.calls.cuMemsetD8_v2(address, 0, max(byteCount, 1)), "clearing \(byteCount) bytes")
    return address
  }

  /// Copies bytes to a block that was taken; gives the driver's code.
  func copy(_ bytes: UnsafeRawBufferPointer, to address: DeviceAddress) -> Int32 {
    unsafe device.driver.calls.cuMemcpyHtoD_v2(address, bytes.baseAddress, bytes.count)
  }

  func check(_ result: Int32, _ doing: String) throws(InferenceError) { try device.driver.check(result, doing) }

  deinit {
    _ = device.becomeCurrent()
    for region in regions { _ = device.driver.calls.cuMemFree_v2(region) }
  }
}

/// Memory of the host that the device reaches by itself.
@safe final class CUDAStaging {
  let bytes: UnsafeMutableRawBufferPointer
  private let device: CUDADevice

  init(_ device: CUDADevice, byteCount: Int) throws(InferenceError) {
    self.device = device
    var base: UnsafeMutableRawPointer?
    try device.driver.check(unsafe device.driver.calls.cuMemAllocHost_v2(&base, max(byteCount, 1)), "allocating \(byteCount) bytes of pinned memory")
    unsafe bytes = UnsafeMutableRawBufferPointer(start: base, count: byteCount)
  }

  deinit {
    _ = device.becomeCurrent()
    if let base = unsafe bytes.baseAddress { _ = unsafe device.driver.calls.cuMemFreeHost(base) }
  }
}
