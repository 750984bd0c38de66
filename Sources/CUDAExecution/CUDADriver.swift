import CCUDADriver
import Glibc
import Inference

/// The loaded driver, whose every call is checked.
@safe final class CUDADriver {
  let calls: swl_cuda_driver
  /// Of the device that it was loaded for.
  let fate: CUDADeviceFate

  /// What this backend calls is all there from CUDA 11.4 on.
  static let oldestVersion: Int32 = 11_040

  private static func load(_ path: String?, _ calls: inout swl_cuda_driver, _ text: inout [CChar]) -> Int32 {
    let count = text.count
    guard let path else { return unsafe swl_cuda_load(nil, &calls, &text, count) }
    return unsafe path.withCString { unsafe swl_cuda_load($0, &calls, &text, count) }
  }

  /// - Parameters:
  ///   - path: nil for the system's.
  ///   - fate: learns of every error that stays with the process.
  init(path: String?, fate: CUDADeviceFate) throws(InferenceError) {
    var calls = swl_cuda_driver()
    var text = [CChar](repeating: 0, count: 512)
    let result = Self.load(path, &calls, &text)
    let reason = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    switch result {
    case 0: break
    case -ENOENT: throw InferenceError(.deviceAbsent, "there is no CUDA driver here: \(reason)")
    default: throw InferenceError(.deviceFailed, "the CUDA driver lacks \(reason): it is older than CUDA 11.4; install a newer one")
    }
    (self.calls, self.fate) = (calls, fate)
    var version: Int32 = 0
    try checkEarly(unsafe calls.cuDriverGetVersion(&version), "asking the driver for its version")
    guard version >= Self.oldestVersion else {
      throw InferenceError(.deviceFailed, "the CUDA driver serves CUDA \(Self.name(version)), and 11.4 is the least: install a newer one")
    }
    let started = calls.cuInit(0)
    guard started != Int32(SWL_CUDA_NO_DEVICE) else {
      throw InferenceError(.deviceAbsent, "CUDA: starting the driver: no CUDA-capable device is detected (\(started))")
    }
    try checkEarly(started, "starting the driver")
  }

  /// 12020 is 12.2.
  static func name(_ version: Int32) -> String { "\(version / 1000).\(version % 1000 / 10)" }

  /// As `check`, of what comes before there is a context: whatever it is may pass, as a driver's kernel module may be loaded later.
  func checkEarly(_ result: Int32, _ doing: @autoclosure () -> String) throws(InferenceError) {
    guard result != 0 else { return }
    throw InferenceError(.deviceFailed, "CUDA: \(doing()): \(reason(result)) (\(result))")
  }

  /// - Parameter doing: what failed, as in "allocating memory".
  func check(_ result: Int32, _ doing: @autoclosure () -> String) throws(InferenceError) {
    guard result != 0 else { return }
    throw error(result, doing())
  }

  func error(_ result: Int32, _ doing: String) -> InferenceError {
    fate.note(result)
    guard result != Self.senseless else { return InferenceError(.deviceFailed, "CUDA: \(doing): the device's count of faults makes no sense") }
    guard result != Self.timedOut else {
      return InferenceError(.deviceLost, "CUDA: \(doing): the device doesn't answer; this process can't use it any more: restart it")
    }
    let reason = reason(result)
    if result == Int32(SWL_CUDA_OUT_OF_MEMORY) { return InferenceError(.noResources, "CUDA: \(doing): \(reason) (\(result))") }
    guard swl_cuda_is_lasting(result) else { return InferenceError(.deviceFailed, "CUDA: \(doing): \(reason) (\(result))") }
    return InferenceError(.deviceLost, "CUDA: \(doing): \(reason) (\(result)); this process can't use the device any more: restart it")
  }

  private func reason(_ result: Int32) -> String {
    var text: UnsafePointer<CChar>?
    let isKnown = unsafe calls.cuGetErrorString(result, &text) == 0
    return if isKnown, let text = unsafe text { unsafe String(cString: text) } else { "unknown error" }
  }

  /// Of our own, where the driver would wait without an end; no code of the driver is negative.
  static let timedOut: Int32 = -1
  /// Of our own, where a run gave what none can give.
  static let senseless: Int32 = -2
}
