import CCUDADriver
public import CImaging
public import Inference
public import ModelFormat
import Tensors

/// Executes programs on a CUDA device, as a whole or not at all, with the scalar CPU kernels' bits but where `Program.callsLibraryOnCUDA`: what is
/// rounded, cast, compared or chosen behind a function of the device's library may differ by a step there, integers included. A run is one launch of a
/// recorded graph.
@safe public final class CUDABackend: Backend {
  public typealias Options = CUDAOptions

  /// A port's tensor: where it lies in the session's arena, on the device, and between the two.
  @safe private struct Transfer {
    /// The port's number among the inputs or outputs.
    let port: Int
    let host: UnsafeMutableRawPointer
    let staging: UnsafeMutableRawPointer
    let device: DeviceAddress
    let byteCount: Int
  }

  private let device: CUDADevice
  private let memory: CUDAMemory
  private let constants: CUDAConstants
  private let staging: CUDAStaging
  private let stream: CUDAStream
  private let plan: CUDAPlan
  private let graph: CUDAGraph
  private let inputs: [Transfer]
  private let outputs: [Transfer]
  /// The device's count of indices outside their tensors, since the session began to load; and what it was when that was done.
  private let faults: Transfer?
  private var faultsWhileLoading: UInt64
  /// What the driver said when a run failed; 0 while all is well.
  private var failed: Int32 = 0
  /// Set once frames may be taken in place of an input's tensor.
  private var frames: CUDAFrames?
  private var frameGraph: CUDAGraph?
  /// Whether the last that was given is a frame.
  private var runsFrame = false

  /// - Throws: `.deviceAbsent` where there is no driver, no device or no code for it; `.deviceFailed` or `.deviceLost` where a call fails;
  ///   `.unsupported` with a list where the
  ///   program has instructions that no kernel does; `.noResources`; `.sumOverflow`; `.malformedProgram`.
  public convenience init(
    program: Program, weights: UnsafeRawBufferPointer, arena: UnsafeMutableRawBufferPointer, options: CUDAOptions, onCopy: ((UnsafeRawBufferPointer) -> Void)?
  ) throws(InferenceError) {
    let missing = program.missingOnCUDA
    guard missing.isEmpty else { throw Self.lacking(missing) }
    let device = try CUDADevice(options: options)
    try unsafe self.init(program, weights, arena, options, onCopy, device: device, constants: Self.constants(device, options, weights))
  }

  public func rebound(
    program: Program, weights: UnsafeRawBufferPointer, arena: UnsafeMutableRawBufferPointer, options: CUDAOptions, onCopy: ((UnsafeRawBufferPointer) -> Void)?
  ) throws(InferenceError) -> CUDABackend {
    let missing = program.missingOnCUDA
    guard missing.isEmpty else { throw Self.lacking(missing) }
    do throws(InferenceError) {
      return try unsafe CUDABackend(program, weights, arena, options, onCopy, device: device, constants: constants)
    } catch  where error.code == .noResources {
      // What other sizes left behind may have taken the room.
      return try unsafe CUDABackend(program, weights, arena, options, onCopy, device: device, constants: Self.constants(device, options, weights))
    }
  }

  /// Something on the device didn't return in time, whoever waited for it: this process's sessions there, present and later ones, fail from now on,
  /// and nothing is given back, as the driver would wait for it without an end.
  public static func giveUpDevice(_ options: CUDAOptions) { CUDADeviceFate.of(options).note(CUDADriver.timedOut) }

  /// Whether that was said, or found out.
  public static func isGivenUp(_ options: CUDAOptions) -> Bool { CUDADeviceFate.of(options).isHung }

  private static func constants(_ device: CUDADevice, _ options: CUDAOptions, _ weights: UnsafeRawBufferPointer) -> CUDAConstants {
    CUDAConstants(
      CUDAMemory(device, allowance: Program.loadAllowance(weightsByteCount: weights.count), regionByteCount: options.regionByteCount))
  }

  private static func lacking(_ missing: [String]) -> InferenceError {
    InferenceError(.unsupported, "the CUDA backend has no kernel for \(missing.joined(separator: "; "))")
  }

  private init(
    _ program: Program, _ weights: UnsafeRawBufferPointer, _ arena: UnsafeMutableRawBufferPointer, _ options: CUDAOptions,
    _ onCopy: ((UnsafeRawBufferPointer) -> Void)?, device: CUDADevice, constants: CUDAConstants
  ) throws(InferenceError) {
    let multiplication = try options.multiplication(on: device)
    try device.enter()
    defer { device.leave() }
    let stream = try CUDAStream(device, deadline: options.deadline)
    let loading = try CUDALoading(device, stream)
    // One allocation, and what its border may cost.
    let memory = CUDAMemory(device, allowance: program.arenaByteCount + 1024, regionByteCount: 1)
    let arenaAddress = try memory.take(program.arenaByteCount)
    try loading.clear(arenaAddress, byteCount: program.arenaByteCount)
    var faultAddress: DeviceAddress?
    if program.indexesByData {
      let address = try memory.take(8)
      try loading.clear(address, byteCount: 8)
      faultAddress = address
    }
    let ports = unsafe Self.transfers(program, arena, arenaAddress)
    // Many ports may name one tensor.
    guard ports.byteCount <= Program.largestArena else {
      throw InferenceError(.noResources, "inputs and outputs take \(ports.byteCount) bytes, and \(Program.largestArena) are allowed")
    }
    let staging = try CUDAStaging(device, byteCount: ports.byteCount + 8)
    // What the recording's first launch reads.
    unsafe staging.bytes.initializeMemory(as: UInt8.self, repeating: 0)
    var preparation = unsafe CUDAPreparation(
      program: program, device: device, constants: constants, loading: loading, multiplication: multiplication, weights: weights, arena: arenaAddress,
      faults: faultAddress, onCopy: onCopy)
    for (index, instruction) in program.instructions.enumerated() {
      preparation.index = index
      try preparation.append(instruction)
    }
    let plan = preparation.finish()
    let base = unsafe staging.bytes.baseAddress!
    inputs = ports.inputs.map { unsafe Transfer(port: $0.port, host: $0.host, staging: base + $0.offset, device: $0.device, byteCount: $0.byteCount) }
    outputs = ports.outputs.map { unsafe Transfer(port: $0.port, host: $0.host, staging: base + $0.offset, device: $0.device, byteCount: $0.byteCount) }
    let faultCount = unsafe base + ports.byteCount
    faults = faultAddress.map { unsafe Transfer(port: 0, host: faultCount, staging: faultCount, device: $0, byteCount: 8) }
    let (inputs, outputs, faults) = (inputs, outputs, faults)
    try Self.rehearse(plan, in: stream, on: device)
    let graph = try Self.record(inputs, nil, plan, outputs, faults, in: stream)
    var result = graph.launch(in: stream)
    if result == 0 { result = stream.wait() }
    try device.driver.check(result, "running the recorded model on '\(device.name)' for the first time")
    faultsWhileLoading = unsafe faultCount.load(as: UInt64.self)
    self.graph = graph
    self.device = device
    self.memory = memory
    self.constants = constants
    self.staging = staging
    self.stream = stream
    self.plan = plan
  }

  /// - Parameter first: goes before the plan's own steps.
  private static func record(
    _ inputs: [Transfer], _ first: CUDAStep?, _ plan: borrowing CUDAPlan, _ outputs: [Transfer], _ faults: Transfer?, in stream: CUDAStream
  ) throws(InferenceError) -> CUDAGraph {
    let steps = plan.steps
    return try CUDAGraph(recording: stream) {
      var result: Int32 = 0
      for port in inputs where result == 0 { result = unsafe stream.copy(from: port.staging, to: port.device, port.byteCount) }
      if result == 0, let first { result = stream.launch(first) }
      for step in steps where result == 0 { result = stream.launch(step) }
      for port in outputs where result == 0 { result = unsafe stream.copy(from: port.device, to: port.staging, port.byteCount) }
      if result == 0, let faults { result = unsafe stream.copy(from: faults.device, to: faults.staging, faults.byteCount) }
      return result
    }
  }

  /// Runs the steps once on zeros: what a driver loads with a kernel's first launch can't be loaded while it records, and a device that can't
  /// run them is found out here.
  private static func rehearse(_ plan: borrowing CUDAPlan, in stream: CUDAStream, on device: CUDADevice) throws(InferenceError) {
    var result: Int32 = 0
    for step in plan.steps where result == 0 { result = stream.launch(step) }
    let ended = stream.wait()
    try device.driver.check(result == 0 ? ended : result, "running the model on '\(device.name)' for the first time")
  }

  /// Each port's tensor in the arena, and what all take together, each at a boundary of 64 bytes.
  private static func transfers(
    _ program: Program, _ arena: UnsafeMutableRawBufferPointer, _ address: DeviceAddress
  ) -> (inputs: [PortPlace], outputs: [PortPlace], byteCount: Int) {
    var byteCount = 0
    func places(_ ports: [Port]) -> [PortPlace] {
      ports.enumerated().compactMap { number, port in
        let tensor = program.tensors[Int(port.tensor)]
        guard case .arena(let offset) = tensor.storage, tensor.byteCount > 0 else { return nil }
        defer { byteCount += (tensor.byteCount + 63) / 64 * 64 }
        return unsafe PortPlace(
          port: number, host: arena.baseAddress! + offset, offset: byteCount, device: address + UInt64(offset), byteCount: tensor.byteCount)
      }
    }
    let (inputs, outputs) = (places(program.inputs), places(program.outputs))
    return (inputs, outputs, byteCount)
  }

  public private(set) var faultCount: UInt64 = 0

  /// Also where another session has found out that the device is lost.
  public var hasFailed: Bool { failed != 0 || device.driver.fate.loss != 0 }

  public var failure: InferenceError? {
    let result = failed == 0 ? device.driver.fate.loss : failed
    return result == 0 ? nil : device.driver.error(result, "running the model on '\(device.name)'")
  }

  public func run() {
    guard bringInputs() else { return }
    var result: Int32 = 0
    if runsFrame, let frames, let frameGraph {
      result = frames.bring(in: stream)
      if result == 0 { result = frameGraph.launch(in: stream) }
    } else {
      result = graph.launch(in: stream)
    }
    if result == 0 { result = stream.wait() }
    finish(result)
  }

  public func run(recording nanoseconds: inout [UInt64]) {
    guard bringInputs() else { return }
    var result: Int32 = 0
    for port in inputs where result == 0 && !isOfFrame(port) { result = unsafe stream.copy(from: port.staging, to: port.device, port.byteCount) }
    if result == 0, runsFrame, let frames {
      result = frames.bring(in: stream)
      if result == 0 { result = stream.launch(frames.step) }
    }
    if result == 0 { result = stream.wait() }
    for step in plan.steps where result == 0 {
      let begin = ContinuousClock.now
      result = stream.launch(step)
      if result == 0 { result = stream.wait() }
      let (seconds, attoseconds) = begin.duration(to: .now).components
      nanoseconds[step.instruction] += UInt64(seconds) * 1_000_000_000 + UInt64(attoseconds / 1_000_000_000)
    }
    for port in outputs where result == 0 { result = unsafe stream.copy(from: port.device, to: port.staging, port.byteCount) }
    if result == 0, let faults { result = unsafe stream.copy(from: faults.device, to: faults.staging, faults.byteCount) }
    if result == 0 { result = stream.wait() }
    finish(result)
  }

  /// False where an earlier run failed, or the device can't be reached any more; else `finish` is due, which leaves the device.
  private func bringInputs() -> Bool {
    guard failed == 0 else { return false }
    let loss = device.driver.fate.loss
    let result = loss == 0 ? device.tryEnter() : loss
    guard result == 0 else {
      take(result)
      return false
    }
    // Counted by hand: an iterator of an unoptimised build allocates.
    var index = 0
    while index < inputs.count {
      defer { index += 1 }
      guard !isOfFrame(inputs[index]) else { continue }
      unsafe inputs[index].staging.copyMemory(from: inputs[index].host, byteCount: inputs[index].byteCount)
    }
    return true
  }

  private func isOfFrame(_ input: Transfer) -> Bool { runsFrame && input.port == frames?.port }

  public func openFrames(as input: Int, _ pass: swl_preparation, upTo size: (width: Int, height: Int)) throws(InferenceError) -> Bool {
    // Those opened before take no more, whatever becomes of these.
    (runsFrame, self.frames, frameGraph) = (false, nil, nil)
    let byteCount = unsafe Int(pass.width) * Int(pass.height) * Int(pass.channels) * Int(pass.element_bytes)
    // A tensor that several ports name would still be copied for the others.
    guard let port = inputs.first(where: { $0.port == input }), port.byteCount == byteCount, inputs.count(where: { $0.device == port.device }) == 1 else {
      return false
    }
    try device.enter()
    defer { device.leave() }
    let frames = try unsafe CUDAFrames(device, port: input, pass, tensor: port.device, size: size)
    var result = frames.bring(in: stream)
    if result == 0 { result = stream.launch(frames.step) }
    try settle(result, "preparing a frame on '\(device.name)' for the first time")
    let graph = try Self.record(inputs.filter { $0.port != input }, frames.step, plan, outputs, faults, in: stream)
    result = graph.launch(in: stream)
    try settle(result, "running the recorded model on a frame on '\(device.name)' for the first time")
    // A frame of nothing may have been outside tensors, which says nothing about the model.
    if let faults { faultsWhileLoading = unsafe faults.staging.load(as: UInt64.self) &- faultCount }
    (frameGraph, self.frames) = (graph, frames)
    return true
  }

  /// As a check, once nothing is under way to what goes where this throws. Who can't wait for that lacks more than room.
  private func settle(_ result: Int32, _ doing: String) throws(InferenceError) {
    let ended = stream.wait()
    guard ended == 0 else {
      let error = device.driver.error(ended, doing)
      throw error.code == .noResources ? InferenceError(.deviceFailed, error.message) : error
    }
    try device.driver.check(result, doing)
  }

  public func takeFrame(_ pass: swl_preparation, _ source: swl_source) -> Bool {
    guard let frames else { return false }
    // The run to come says how.
    guard !hasFailed else { return true }
    guard unsafe frames.take(pass, source) else { return false }
    runsFrame = true
    return true
  }

  public func leaveFrame(of input: Int) { if input == frames?.port { runsFrame = false } }

  /// What a device says is taken for true only where one run could have brought it about: it is added to other counts.
  static func isPlausible(_ count: UInt64, after before: UInt64) -> Bool { count >= before && count - before <= UInt64(CUDAPlan.largestWork) }

  private func finish(_ result: Int32) {
    device.leave()
    take(result)
  }

  /// What a run made, or zeros: nobody may take an earlier run's outputs for this one's.
  private func take(_ result: Int32) {
    var result = result
    if result == 0, let faults {
      let count = unsafe faults.staging.load(as: UInt64.self) &- faultsWhileLoading
      if Self.isPlausible(count, after: faultCount) { faultCount = count } else { result = CUDADriver.senseless }
    }
    device.driver.fate.note(result)
    failed = result
    var index = 0
    while index < outputs.count {
      if result == 0 {
        unsafe outputs[index].host.copyMemory(from: outputs[index].staging, byteCount: outputs[index].byteCount)
      } else {
        unsafe outputs[index].host.initializeMemory(as: UInt8.self, repeating: 0, count: outputs[index].byteCount)
      }
      index += 1
    }
  }
}

/// Where a port's tensor lies in the arenas, and its bytes' offset in the staging memory.
@safe private struct PortPlace {
  let port: Int
  let host: UnsafeMutableRawPointer
  let offset: Int
  let device: DeviceAddress
  let byteCount: Int
}
