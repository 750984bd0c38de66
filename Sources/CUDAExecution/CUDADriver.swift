import CCUDADriver
import Glibc
import Inference

/// The loaded driver, whose every call is checked.
@safe final class CUDADriver {
  let calls: swl_cuda_driver

  /// What this backend calls is all there from CUDA 11.4 on.
  static let oldestVersion: Int32 = 11_040

  private static func load(_ path: String?, _ calls: inout swl_cuda_driver, _ text: inout [CChar]) -> Int32 {
    let count = text.count
    guard let path else { return unsafe swl_cuda_load(nil, &calls, &text, count) }
    return unsafe path.withCString { unsafe swl_cuda_load($0, &calls, &text, count) }
  }

  /// - Parameter path: nil for the system's.
  /// - Returns: whether there is one, of whatever age.
  static func isThere(path: String?) -> Bool {
    var calls = swl_cuda_driver()
    var text = [CChar](repeating: 0, count: 512)
    return load(path, &calls, &text) != -ENOENT
  }

  /// - Parameter path: nil for the system's.
  init(path: String?) throws(InferenceError) {
    var calls = swl_cuda_driver()
    var text = [CChar](repeating: 0, count: 512)
    let result = Self.load(path, &calls, &text)
    let reason = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    switch result {
    case 0: break
    case -ENOENT: throw InferenceError(.deviceFailed, "there is no CUDA driver here: \(reason)")
    default: throw InferenceError(.deviceFailed, "the CUDA driver lacks \(reason): it is older than CUDA 11.4; install a newer one")
    }
    self.calls = calls
    var version: Int32 = 0
    try check(unsafe calls.cuDriverGetVersion(&version), "asking the driver for its version")
    guard version >= Self.oldestVersion else {
      throw InferenceError(.deviceFailed, "the CUDA driver serves CUDA \(Self.name(version)), and 11.4 is the least: install a newer one")
    }
    try check(calls.cuInit(0), "starting the driver")
  }

  /// 12020 is 12.2.
  static func name(_ version: Int32) -> String { "\(version / 1000).\(version % 1000 / 10)" }

  /// - Parameter doing: what failed, as in "allocating memory".
  func check(_ result: Int32, _ doing: @autoclosure () -> String) throws(InferenceError) {
    guard result != 0 else { return }
    throw error(result, doing())
  }

  func error(_ result: Int32, _ doing: String) -> InferenceError {
    guard result != Self.timedOut else {
      return InferenceError(.deviceLost, "CUDA: \(doing): the device doesn't answer; this process can't use it any more: restart it")
    }
    var text: UnsafePointer<CChar>?
    let isKnown = unsafe calls.cuGetErrorString(result, &text) == 0
    let reason = if isKnown, let text = unsafe text { unsafe String(cString: text) } else { "unknown error" }
    if result == Int32(SWL_CUDA_OUT_OF_MEMORY) { return InferenceError(.noResources, "CUDA: \(doing): \(reason) (\(result))") }
    guard swl_cuda_is_lasting(result) else { return InferenceError(.deviceFailed, "CUDA: \(doing): \(reason) (\(result))") }
    return InferenceError(.deviceLost, "CUDA: \(doing): \(reason) (\(result)); this process can't use the device any more: restart it")
  }

  /// Of our own, where the driver would wait without an end; no code of the driver is negative.
  static let timedOut: Int32 = -1
}
