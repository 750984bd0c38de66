import CVideo4Linux
import Glibc
import Pipelines

/// The real system.
@safe final class KernelVideo: VideoSystem, @unchecked Sendable {
  private let wake: Int32
  private let mutex = PthreadMutex()
  private var stopped = false
  /// Watches the folder of devices; opened when a device is first waited for.
  private var watch: Int32 = -1

  init() throws(CaptureError) {
    var descriptor: Int32 = -1
    let status = unsafe swl_wake_open(&descriptor)
    guard status == 0 else {
      throw CaptureError(.inputOutput, "no descriptor for a camera (\(systemMessage(-status))); raise the limit on open files")
    }
    wake = descriptor
  }

  deinit {
    close(wake)
    if watch >= 0 { close(watch) }
  }

  var isStopped: Bool {
    mutex.withLock { stopped }
  }

  func stop() {
    mutex.withLock { stopped = true }
    swl_wake(wake)
  }

  func now() -> MonotonicInstant {
    MonotonicClock.now()
  }

  func open(_ path: String) throws(SystemFailure) -> any VideoDevice {
    try KernelVideoDevice(path: path)
  }

  func waitForFrame(from device: any VideoDevice, until deadline: MonotonicInstant) -> VideoWait {
    guard let device = device as? KernelVideoDevice else { return .failed }
    return wait(for: device.descriptor, until: deadline)
  }

  func waitForDevice(at path: String, until deadline: MonotonicInstant) -> VideoWait {
    if watch < 0 {
      let folder = path.split(separator: "/").dropLast().map { "/" + $0 }.joined()
      // A folder that isn't there yet (/dev/v4l/by-id) comes with its parent's change; without a watch the deadline serves.
      if unsafe swl_watch_open(folder.isEmpty ? "/" : folder, &watch) != 0 { _ = unsafe swl_watch_open("/dev", &watch) }
    }
    let result = wait(for: watch, until: deadline)
    if result == .ready { swl_watch_drain(watch) }
    return result
  }

  private func wait(for descriptor: Int32, until deadline: MonotonicInstant) -> VideoWait {
    switch swl_wait(wake, descriptor, now().duration(to: deadline).wholeNanoseconds) {
    case SWL_WAIT_WOKEN: .stopped
    case SWL_WAIT_READY: .ready
    case SWL_WAIT_FAILED: .failed
    default: .timedOut
    }
  }
}
