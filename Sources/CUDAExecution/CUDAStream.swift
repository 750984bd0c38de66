import CCUDADriver
import Glibc
import Inference

/// An order of work on the device.
@safe final class CUDAStream {
  fileprivate let device: CUDADevice
  fileprivate let handle: UnsafeMutableRawPointer
  private let deadline: Int64
  private var calls: swl_cuda_driver { device.driver.calls }

  /// - Parameter deadline: how long anything may take that is waited for.
  init(_ device: CUDADevice, deadline: Duration) throws(InferenceError) {
    self.device = device
    self.deadline = Int64(min(max(deadline / .nanoseconds(1), 0), 1e18))
    var handle: UnsafeMutableRawPointer?
    try device.driver.check(unsafe device.driver.calls.cuStreamCreate(&handle, UInt32(SWL_CUDA_STREAM_NON_BLOCKING)), "making a stream")
    guard let handle = unsafe handle else { throw InferenceError(.deviceFailed, "CUDA: making a stream gave nothing") }
    unsafe self.handle = handle
  }

  deinit { device.release { _ = unsafe calls.cuStreamDestroy_v2(handle) } }

  // What follows allocates nothing and gives the driver's code.

  func copy(from source: UnsafeMutableRawPointer, to address: DeviceAddress, _ byteCount: Int) -> Int32 {
    unsafe calls.cuMemcpyHtoDAsync_v2(address, source, byteCount, handle)
  }

  func copy(from address: DeviceAddress, to target: UnsafeMutableRawPointer, _ byteCount: Int) -> Int32 {
    unsafe calls.cuMemcpyDtoHAsync_v2(target, address, byteCount, handle)
  }

  func clear(_ address: DeviceAddress, _ byteCount: Int) -> Int32 { unsafe calls.cuMemsetD8Async(address, 0, byteCount, handle) }

  func launch(_ step: CUDAStep) -> Int32 {
    var arguments: UnsafeMutableRawPointer? = unsafe step.arguments
    return unsafe calls.cuLaunchKernel(
      step.function, step.grid.x, step.grid.y, step.grid.z, step.threads, 1, 1, 0, handle, &arguments, nil)
  }

  /// Until all is done that was put in, or the deadline has passed; from then on the device counts as lost. The driver itself waits without
  /// an end, so it is asked again and again, with a sixteenth of the time that has passed between two questions.
  func wait() -> Int32 {
    let begin = Self.nanoseconds()
    while true {
      let result = unsafe calls.cuStreamQuery(handle)
      guard result == Int32(SWL_CUDA_NOT_READY) else { return result }
      let passed = Self.nanoseconds() - begin
      // What another session has waited for in vain nobody waits for again.
      guard passed < deadline, !device.driver.fate.isHung else {
        device.driver.fate.note(CUDADriver.timedOut)
        return CUDADriver.timedOut
      }
      var pause = timespec(tv_sec: 0, tv_nsec: Int(min(max(passed / 16, 10_000), 1_000_000)))
      unsafe nanosleep(&pause, nil)
    }
  }

  private static func nanoseconds() -> Int64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}

/// Work recorded once and launched as one.
@safe final class CUDAGraph {
  private let device: CUDADevice
  private let executable: UnsafeMutableRawPointer

  /// - Parameter work: puts into the stream what is to be recorded, and gives the driver's code.
  init(recording stream: CUDAStream, _ work: () -> Int32) throws(InferenceError) {
    device = stream.device
    let driver = stream.device.driver
    try driver.check(
      unsafe driver.calls.cuStreamBeginCapture_v2(stream.handle, Int32(SWL_CUDA_CAPTURE_THREAD_LOCAL)), "beginning to record the model")
    let result = work()
    var graph: UnsafeMutableRawPointer?
    // The recording ends, whatever became of it.
    let ended = unsafe driver.calls.cuStreamEndCapture(stream.handle, &graph)
    defer { if let graph = unsafe graph { _ = unsafe driver.calls.cuGraphDestroy(graph) } }
    try driver.check(result, "recording the model")
    try driver.check(ended, "recording the model")
    var executable: UnsafeMutableRawPointer?
    try driver.check(unsafe driver.calls.cuGraphInstantiateWithFlags(&executable, graph, 0), "preparing the recorded model")
    guard let executable = unsafe executable else { throw InferenceError(.deviceFailed, "CUDA: preparing the recorded model gave nothing") }
    unsafe self.executable = executable
  }

  func launch(in stream: CUDAStream) -> Int32 { unsafe device.driver.calls.cuGraphLaunch(executable, stream.handle) }

  deinit { device.release { _ = unsafe device.driver.calls.cuGraphExecDestroy(executable) } }
}
