import CCUDADriver
import Inference

/// An order of work on the device.
@safe final class CUDAStream {
  fileprivate let device: CUDADevice
  fileprivate let handle: UnsafeMutableRawPointer
  private var calls: swl_cuda_driver { device.driver.calls }

  init(_ device: CUDADevice) throws(InferenceError) {
    self.device = device
    var handle: UnsafeMutableRawPointer?
    try device.driver.check(unsafe device.driver.calls.cuStreamCreate(&handle, UInt32(SWL_CUDA_STREAM_NON_BLOCKING)), "making a stream")
    guard let handle = unsafe handle else { throw InferenceError(.deviceFailed, "CUDA: making a stream gave nothing") }
    unsafe self.handle = handle
  }

  deinit {
    _ = device.becomeCurrent()
    _ = unsafe calls.cuStreamDestroy_v2(handle)
  }

  // What follows allocates nothing and gives the driver's code.

  func copy(from source: UnsafeMutableRawPointer, to address: DeviceAddress, _ byteCount: Int) -> Int32 {
    unsafe calls.cuMemcpyHtoDAsync_v2(address, source, byteCount, handle)
  }

  func copy(from address: DeviceAddress, to target: UnsafeMutableRawPointer, _ byteCount: Int) -> Int32 {
    unsafe calls.cuMemcpyDtoHAsync_v2(target, address, byteCount, handle)
  }

  func launch(_ step: CUDAStep) -> Int32 {
    var arguments: UnsafeMutableRawPointer? = unsafe step.arguments
    return unsafe calls.cuLaunchKernel(
      step.function, step.grid.x, step.grid.y, step.grid.z, step.threads, 1, 1, 0, handle, &arguments, nil)
  }

  func wait() -> Int32 { unsafe calls.cuStreamSynchronize(handle) }
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

  deinit {
    _ = device.becomeCurrent()
    _ = unsafe device.driver.calls.cuGraphExecDestroy(executable)
  }
}
