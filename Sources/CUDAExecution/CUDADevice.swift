import CCUDADriver
import CCUDAKernels
import Inference

/// A device with its kernels loaded. Ends with the last that uses it.
@safe final class CUDADevice {
  let driver: CUDADriver
  let name: String
  let capability: ComputeCapability
  private let ordinal: Int32
  private let context: UnsafeMutableRawPointer
  private var module: UnsafeMutableRawPointer?
  /// By the kernel's number in the list.
  private var functions: [UnsafeMutableRawPointer] = unsafe []

  init(options: CUDAOptions) throws(InferenceError) {
    let driver = try CUDADriver(path: options.driverPath)
    self.driver = driver
    var count: Int32 = 0
    try driver.check(unsafe driver.calls.cuDeviceGetCount(&count), "counting devices")
    guard count > 0 else { throw InferenceError(.deviceFailed, "the CUDA driver finds no device") }
    guard 0..<Int(count) ~= options.device else {
      throw InferenceError(.deviceFailed, "there is no CUDA device \(options.device): the driver finds \(count), counted from 0")
    }
    var ordinal: Int32 = 0
    try driver.check(unsafe driver.calls.cuDeviceGet(&ordinal, Int32(options.device)), "opening device \(options.device)")
    self.ordinal = ordinal
    var text = [CChar](repeating: 0, count: 256)
    try driver.check(unsafe driver.calls.cuDeviceGetName(&text, Int32(text.count - 1), ordinal), "asking for the device's name")
    name = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    capability = try Self.capability(driver, ordinal)
    let code = try Self.code(for: capability, name, options)
    // Without it a waiting thread would keep a core busy.
    try driver.check(driver.calls.cuDevicePrimaryCtxSetFlags_v2(ordinal, UInt32(SWL_CUDA_BLOCKING_WAIT)), "preparing the device")
    var context: UnsafeMutableRawPointer?
    try driver.check(unsafe driver.calls.cuDevicePrimaryCtxRetain(&context, ordinal), "taking the device")
    guard let context = unsafe context else { throw InferenceError(.deviceFailed, "CUDA: taking the device gave nothing") }
    unsafe self.context = context
    // From here on all members are there, and `deinit` gives back what was taken.
    try makeCurrent()
    try load(code)
  }

  private static func capability(_ driver: CUDADriver, _ ordinal: Int32) throws(InferenceError) -> ComputeCapability {
    var (major, minor): (Int32, Int32) = (0, 0)
    try driver.check(unsafe driver.calls.cuDeviceGetAttribute(&major, Int32(SWL_CUDA_COMPUTE_MAJOR), ordinal), "asking what the device can")
    try driver.check(unsafe driver.calls.cuDeviceGetAttribute(&minor, Int32(SWL_CUDA_COMPUTE_MINOR), ordinal), "asking what the device can")
    return ComputeCapability(Int(major), Int(minor))
  }

  private static func code(for capability: ComputeCapability, _ name: String, _ options: CUDAOptions) throws(InferenceError) -> [UInt8] {
    guard let image = options.image ?? builtIn() else {
      throw InferenceError(.deviceFailed, "this program was built without CUDA kernels: run 'make cuda' before building it")
    }
    let entries = try CUDAImage(image)
    guard let chosen = entries.code(for: capability) else {
      throw InferenceError(
        .deviceFailed, "'\(name)' has compute capability \(capability.name), and the kernels are compiled for \(entries.described): this device can't run them")
    }
    return chosen
  }

  private static func builtIn() -> [UInt8]? {
    guard let bytes = unsafe swl_cuda_image_bytes(), swl_cuda_image_byte_count() > 0 else { return nil }
    return unsafe [UInt8](UnsafeBufferPointer(start: bytes, count: swl_cuda_image_byte_count()))
  }

  private func load(_ code: [UInt8]) throws(InferenceError) {
    var module: UnsafeMutableRawPointer?
    let result = unsafe code.withUnsafeBytes { unsafe driver.calls.cuModuleLoadData(&module, $0.baseAddress) }
    try driver.check(result, "loading the kernels on '\(name)'")
    unsafe self.module = module
    for index in 0..<Int(SWL_CUDA_KERNEL_COUNT.rawValue) {
      var function: UnsafeMutableRawPointer?
      let symbol = unsafe swl_cuda_kernel_name(swl_cuda_kernel(UInt32(index)))
      try driver.check(
        unsafe driver.calls.cuModuleGetFunction(&function, module, symbol), "finding kernel \(unsafe symbol.map { unsafe String(cString: $0) } ?? "")")
      guard let function = unsafe function else { throw InferenceError(.deviceFailed, "CUDA: a kernel is nowhere") }
      unsafe functions.append(function)
    }
  }

  /// What the calling thread does next is for this device.
  func makeCurrent() throws(InferenceError) {
    try driver.check(becomeCurrent(), "turning to the device")
  }

  /// As `makeCurrent`, without building an error.
  func becomeCurrent() -> Int32 { unsafe driver.calls.cuCtxSetCurrent(context) }

  func function(_ kernel: swl_cuda_kernel) -> UnsafeMutableRawPointer { unsafe functions[Int(kernel.rawValue)] }

  deinit {
    _ = becomeCurrent()
    if let module = unsafe module { _ = unsafe driver.calls.cuModuleUnload(module) }
    _ = driver.calls.cuCtxSetCurrent(nil)
    _ = driver.calls.cuDevicePrimaryCtxRelease_v2(ordinal)
  }
}
