import CCUDADriver
import Inference
import Pipelines
import Synchronization

/// What became of a device in this process. All sessions there share it, whoever opened them, and it outlives them: what one finds out spares the
/// others the wait.
final class CUDADeviceFate: Sendable {
  private let code = Atomic<Int32>(0)

  /// What stays with the process: the driver's code, or `CUDADriver.timedOut`; 0 while the device can be used.
  var loss: Int32 { code.load(ordering: .acquiring) }

  /// Whether something there didn't end in time: then nothing is given back, as the driver would wait for it without an end, and the device may
  /// still write where it was told to.
  var isHung: Bool { loss == CUDADriver.timedOut }

  /// Notes the driver's code where it stays with the process. Allocates nothing.
  func note(_ result: Int32) {
    if result == CUDADriver.timedOut {
      code.store(result, ordering: .releasing)
    } else if result > 0, swl_cuda_is_lasting(result) {
      _ = code.compareExchange(expected: 0, desired: result, ordering: .acquiringAndReleasing)
    }
  }

  /// - Throws: `.deviceLost`.
  func check() throws(InferenceError) {
    guard loss != 0 else { return }
    let what = isHung ? "the device doesn't answer" : "the device was lost earlier (\(loss))"
    throw InferenceError(.deviceLost, "CUDA: \(what); this process can't use it any more: restart it")
  }

  // By driver and number: of a few devices one each.
  private struct Place: Hashable {
    let path: String?
    let device: Int
  }

  private final class Known: @unchecked Sendable {
    let mutex = PthreadMutex()
    var fates: [Place: CUDADeviceFate] = [:]
  }

  private static let known = Known()

  static func of(_ options: CUDAOptions) -> CUDADeviceFate {
    known.mutex.withLock {
      let place = Place(path: options.driverPath, device: options.device)
      if let fate = known.fates[place] { return fate }
      let fate = CUDADeviceFate()
      known.fates[place] = fate
      return fate
    }
  }

  /// For tests, whose one process stands for several.
  static func forgetAll() { known.mutex.withLock { known.fates = [:] } }
}
