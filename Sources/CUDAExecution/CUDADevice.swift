import CCUDADriver
import CCUDAKernels
import Inference

/// A device with its kernels loaded. Ends with the last that uses it.
@safe final class CUDADevice {
  let driver: CUDADriver
  let name: String
  let capability: ComputeCapability
  /// What its kernels are compiled for: instructions of later devices aren't in them, even where the device has them.
  private(set) var codeCapability = ComputeCapability(0, 0)
  /// At least 1.
  let multiprocessorCount: Int
  private let ordinal: Int32
  private let context: UnsafeMutableRawPointer
  private var module: UnsafeMutableRawPointer?
  /// By the kernel's number in the list.
  private var functions: [UnsafeMutableRawPointer] = unsafe []

  init(options: CUDAOptions) throws(InferenceError) {
    let fate = CUDADeviceFate.of(options)
    // Whoever turned to the driver of a device that doesn't answer might never return.
    try fate.check()
    let driver = try CUDADriver(path: options.driverPath, fate: fate)
    self.driver = driver
    var count: Int32 = 0
    try driver.checkEarly(unsafe driver.calls.cuDeviceGetCount(&count), "counting devices")
    guard count > 0 else { throw InferenceError(.deviceAbsent, "the CUDA driver finds no device") }
    guard 0..<Int(count) ~= options.device else {
      throw InferenceError(.deviceFailed, "there is no CUDA device \(options.device): the driver finds \(count), counted from 0")
    }
    var ordinal: Int32 = 0
    try driver.checkEarly(unsafe driver.calls.cuDeviceGet(&ordinal, Int32(options.device)), "opening device \(options.device)")
    self.ordinal = ordinal
    var text = [CChar](repeating: 0, count: 256)
    try driver.checkEarly(unsafe driver.calls.cuDeviceGetName(&text, Int32(text.count - 1), ordinal), "asking for the device's name")
    name = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    capability = try Self.capability(driver, ordinal)
    let codes = try Self.codes(for: capability, name, options)
    var processors: Int32 = 0
    try driver.checkEarly(
      unsafe driver.calls.cuDeviceGetAttribute(&processors, Int32(SWL_CUDA_MULTIPROCESSORS), ordinal), "asking how many multiprocessors the device has")
    multiprocessorCount = max(1, Int(processors))
    var context: UnsafeMutableRawPointer?
    try driver.checkEarly(unsafe driver.calls.cuDevicePrimaryCtxRetain(&context, ordinal), "taking the device")
    guard let context = unsafe context else { throw InferenceError(.deviceFailed, "CUDA: taking the device gave nothing") }
    unsafe self.context = context
    // From here on all members are there, and `deinit` gives back what was taken.
    try enter()
    defer { leave() }
    try load(codes)
  }

  private static func capability(_ driver: CUDADriver, _ ordinal: Int32) throws(InferenceError) -> ComputeCapability {
    var (major, minor): (Int32, Int32) = (0, 0)
    try driver.checkEarly(unsafe driver.calls.cuDeviceGetAttribute(&major, Int32(SWL_CUDA_COMPUTE_MAJOR), ordinal), "asking what the device can")
    try driver.checkEarly(unsafe driver.calls.cuDeviceGetAttribute(&minor, Int32(SWL_CUDA_COMPUTE_MINOR), ordinal), "asking what the device can")
    return ComputeCapability(Int(major), Int(minor))
  }

  /// Whether it computes on the host's memory, as those of a Jetson do, so that what it is to read needn't be copied.
  func sharesMemory() throws(InferenceError) -> Bool {
    var (isIntegrated, maps): (Int32, Int32) = (0, 0)
    try driver.check(unsafe driver.calls.cuDeviceGetAttribute(&isIntegrated, Int32(SWL_CUDA_INTEGRATED), ordinal), "asking what the device can")
    try driver.check(unsafe driver.calls.cuDeviceGetAttribute(&maps, Int32(SWL_CUDA_CAN_MAP_HOST_MEMORY), ordinal), "asking what the device can")
    return isIntegrated != 0 && maps != 0
  }

  private static func codes(
    for capability: ComputeCapability, _ name: String, _ options: CUDAOptions
  ) throws(InferenceError) -> [(capability: ComputeCapability, bytes: [UInt8])] {
    guard let image = options.image ?? builtIn() else {
      throw InferenceError(.deviceAbsent, "this program was built without CUDA kernels: run 'make cuda' before building it")
    }
    let entries = try CUDAImage(image)
    let chosen = entries.codes(for: capability)
    guard !chosen.isEmpty else {
      throw InferenceError(
        .deviceAbsent, "'\(name)' has compute capability \(capability.name), and the kernels are compiled for \(entries.described): this device can't run them")
    }
    return chosen
  }

  private static func builtIn() -> [UInt8]? {
    guard let bytes = unsafe swl_cuda_image_bytes(), swl_cuda_image_byte_count() > 0 else { return nil }
    return unsafe [UInt8](UnsafeBufferPointer(start: bytes, count: swl_cuda_image_byte_count()))
  }

  /// - Parameter codes: the first is taken that the driver takes.
  private func load(_ codes: [(capability: ComputeCapability, bytes: [UInt8])]) throws(InferenceError) {
    var module: UnsafeMutableRawPointer?
    for (index, code) in codes.enumerated() {
      let result = unsafe code.bytes.withUnsafeBytes { unsafe driver.calls.cuModuleLoadData(&module, $0.baseAddress) }
      if result == 0 {
        codeCapability = code.capability
        break
      }
      guard index < codes.count - 1, Self.isOfImage(result) else { throw driver.error(result, "loading the kernels on '\(name)'") }
    }
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

  /// Whether another form of the kernels may do where one is refused.
  private static func isOfImage(_ result: Int32) -> Bool {
    [SWL_CUDA_NO_BINARY, SWL_CUDA_INVALID_IMAGE, SWL_CUDA_INVALID_PTX, SWL_CUDA_UNSUPPORTED_PTX_VERSION].contains(Int(result))
  }

  /// What the calling thread does until `leave` is for this device; then for whatever it was for before.
  func enter() throws(InferenceError) { try driver.check(tryEnter(), "turning to the device") }

  /// As `enter`, without building an error: the driver's code, and `leave` is due where that is 0.
  func tryEnter() -> Int32 { unsafe driver.calls.cuCtxPushCurrent_v2(context) }

  func leave() {
    var context: UnsafeMutableRawPointer?
    _ = unsafe driver.calls.cuCtxPopCurrent_v2(&context)
  }

  /// Gives something back, on a device that still answers.
  func release(_ body: () -> Void) {
    guard !driver.fate.isHung else { return }
    let entered = tryEnter()
    body()
    if entered == 0 { leave() }
  }

  func function(_ kernel: swl_cuda_kernel) -> UnsafeMutableRawPointer { unsafe functions[Int(kernel.rawValue)] }

  deinit {
    guard !driver.fate.isHung else { return }
    release { if let module = unsafe module { _ = unsafe driver.calls.cuModuleUnload(module) } }
    _ = driver.calls.cuDevicePrimaryCtxRelease_v2(ordinal)
  }
}
