import CCUDAKernels
@testable import CUDAExecution
import Foundation
import Glibc
import Inference
import ModelFormat
import ProgramBuilding
import Tensors
import Testing

/// The driver of Tests/CUDAEmulation, whose device is this machine's processor; built where it is missing or older than its sources.
struct EmulatedDevice {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
  /// nil where it can't be built, which one test says and the others skip.
  static let shared: EmulatedDevice? = {
    if isReal { return EmulatedDevice() }
    let build = Process()
    build.executableURL = folder.appendingPathComponent("Tests/CUDAEmulation/build")
    do { try build.run() } catch {
      print("the emulated CUDA device can't be built: \(error)")
      return nil
    }
    build.waitUntilExit()
    guard build.terminationStatus == 0 else {
      print("the emulated CUDA device can't be built: see Tests/CUDAEmulation/build, which wants the toolchain's clang++ on PATH")
      return nil
    }
    return EmulatedDevice()
  }()

  static var isPresent: Bool { shared != nil }

  /// Set where the tests run on this machine's own device (`make test-cuda`): then what only an emulated one can tell is taken for granted.
  static let isReal = ProcessInfo.processInfo.environment["SWIFTLET_CUDA_DEVICE"] != nil

  let path = folder.appendingPathComponent("build/cuda/libfake-cuda.so").path
  /// The same without cuGraphLaunch.
  let incompletePath = folder.appendingPathComponent("build/cuda/libfake-cuda-without.so").path
  /// Of the loaded library; 0 for a real device.
  private let handle: UInt

  init() {
    multiplications = CUDAOptions.Multiplication.allCases.filter { !Self.isReal || Self.has($0) }
    handle = unsafe Self.isReal ? 0 : UInt(bitPattern: dlopen(path, RTLD_NOW))
  }

  /// All forms that the device has.
  let multiplications: [CUDAOptions.Multiplication]

  private func symbol<Function>(_ name: String) -> Function {
    unsafe unsafeBitCast(dlsym(UnsafeMutableRawPointer(bitPattern: handle), name), to: Function.self)
  }

  /// A device as new. What an earlier test left is forgotten.
  func reset(driver: Int32 = 12_020, devices: Int32 = 1, capability: (major: Int32, minor: Int32) = (8, 7)) {
    guard !Self.isReal else { return }
    let call: @convention(c) (Int32, Int32, Int32, Int32) -> Void = symbol("swl_fake_reset")
    call(driver, devices, capability.major, capability.minor)
    CUDADeviceFate.forgetAll()
  }

  /// Lets a call fail, the next one being 1, and with `isLasting` all after it.
  func fail(call: Int, code: Int32, isLasting: Bool) {
    let function: @convention(c) (UInt64, Int32, Bool) -> Void = symbol("swl_fake_fail")
    function(UInt64(call), code, isLasting)
  }

  /// Lets a call, the next one being 1, give nothing and say that all is well, where it allocates.
  func lie(call: Int) {
    let function: @convention(c) (UInt64) -> Void = symbol("swl_fake_lie")
    function(UInt64(call))
  }

  func limitMemory(to byteCount: Int) {
    let function: @convention(c) (UInt64) -> Void = symbol("swl_fake_limit")
    function(UInt64(byteCount))
  }

  /// Lets work be taken and not done, so that the device allocates nothing on the caller's thread.
  func idle() {
    let function: @convention(c) (Bool) -> Void = symbol("swl_fake_idle")
    function(true)
  }

  /// Lets nothing end that was begun, until it is told otherwise.
  func hang(_ isHung: Bool = true) {
    let function: @convention(c) (Bool) -> Void = symbol("swl_fake_hang")
    function(isHung)
  }

  /// Lets nothing end from a recording's launch on, the first since the reset being 1; with 0 all ends again.
  func hang(from launch: Int) {
    let function: @convention(c) (UInt64) -> Void = symbol("swl_fake_hang_from")
    function(UInt64(launch))
  }

  /// Lets a call stand still, the next one being 1, until the device is reset, or `unblock`.
  func block(call: Int) {
    let function: @convention(c) (UInt64) -> Void = symbol("swl_fake_block")
    function(UInt64(call))
  }

  /// The call that stands still fails.
  func unblock() { block(call: 0) }

  /// Refuses so many images as another device's.
  func refuseImages(_ count: Int) {
    let function: @convention(c) (Int32) -> Void = symbol("swl_fake_refuse_images")
    function(Int32(count))
  }

  /// Lets no recording end before so many have begun.
  func meet(_ threads: Int) {
    guard !Self.isReal else { return }
    let function: @convention(c) (Int32) -> Void = symbol("swl_fake_meet")
    function(Int32(threads))
  }

  /// Lets nothing end before so many more recordings have been launched.
  func gather(_ graphs: Int) {
    let function: @convention(c) (UInt64) -> Void = symbol("swl_fake_gather")
    function(UInt64(graphs))
  }

  /// Makes it a device that shares the host's memory.
  func integrate() {
    let function: @convention(c) (Bool) -> Void = symbol("swl_fake_integrate")
    function(true)
  }

  private func count(_ name: String) -> Int {
    guard !Self.isReal else { return 0 }
    let function: @convention(c) () -> UInt64 = symbol(name)
    return Int(function())
  }

  var callCount: Int { count("swl_fake_calls") }
  var launchedGraphCount: Int { count("swl_fake_launched_graphs") }
  var launchedKernelCount: Int { count("swl_fake_launched_kernels") }
  /// Copies to the device, and their bytes.
  var copyCount: Int { count("swl_fake_copies") }
  var copiedByteCount: Int { count("swl_fake_copied_bytes") }

  /// Runs of a kernel, by its name.
  func launchCount(of kernel: String) -> Int {
    let function: @convention(c) (UnsafePointer<CChar>) -> UInt64 = unsafe symbol("swl_fake_launches")
    return unsafe kernel.withCString { unsafe Int(function($0)) }
  }

  /// Objects that nobody gave back.
  var aliveCount: Int { count("swl_fake_alive") }
  /// Allocations of the device's memory so far, those given back included.
  var allocationCount: Int { count("swl_fake_allocations") }
  /// Allocations of the device's memory.
  var blockCount: Int { count("swl_fake_blocks") }
  /// Contexts that the calling thread is in.
  var contextDepth: Int { count("swl_fake_depth") }
  /// Whether a call that ends something failed.
  var hasFailedEnding: Bool { count("swl_fake_failed_endings") > 0 }
  /// Recordings so far.
  var meetingCount: Int { count("swl_fake_met") }
  /// Bytes that somebody wrote behind a block's end.
  var overrunCount: Int { count("swl_fake_overruns") }

  /// Whether a real device takes the least of programs with a form of multiplication.
  private static func has(_ multiplication: CUDAOptions.Multiplication) -> Bool {
    let program = Program(tensors: [], inputs: [], outputs: [], instructions: [], arenaByteCount: 64)
    let session = try? unsafe Session<CUDABackend>(
      program: program, weights: UnsafeRawBufferPointer(start: nil, count: 0), options: CUDAOptions(multiplication: multiplication))
    return session != nil
  }

  func options(_ multiplication: CUDAOptions.Multiplication? = nil) -> CUDAOptions {
    guard !Self.isReal else { return CUDAOptions(multiplication: multiplication) }
    var options = CUDAOptions(multiplication: multiplication, driverPath: path, image: TestImage.usual)
    // Each constant's end is guarded.
    options.regionByteCount = 1
    return options
  }
}

/// What tests give in place of compiled kernels.
enum TestImage {
  static let usual = image([(0, 7, 2, "FAKE"), (0, 7, 5, "FAKE"), (0, 8, 0, "FAKE"), (0, 8, 7, "FAKE"), (1, 8, 0, "// text")])

  static func image(_ entries: [(kind: UInt32, major: UInt32, minor: UInt32, code: String)]) -> [UInt8] {
    func bytes(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
    var head = Array("SWLCUDA1".utf8) + [UInt8](repeating: 0, count: 8) + bytes(UInt32(entries.count)) + bytes(UInt32(SWL_CUDA_ABI))
    var body: [UInt8] = []
    let start = head.count + 24 * entries.count
    for entry in entries {
      for number in [entry.kind, entry.major, entry.minor, UInt32(start + body.count), UInt32(entry.code.utf8.count), 0] { head += bytes(number) }
      body += Array(entry.code.utf8)
    }
    return head + body
  }
}

/// All that share the one emulated device.
@Suite(.serialized, .enabled(if: EmulatedDevice.isPresent)) struct CUDATests {
  static func run<Engine: Backend & ~Copyable>(
    _ program: Program, _ weights: [UInt8], _ inputs: [HostTensor], on engine: Engine.Type, _ options: Engine.Options
  ) throws -> [HostTensor] {
    let section = AlignedBytes(count: weights.count)
    unsafe section.bytes.copyBytes(from: weights)
    let session = try unsafe Session<Engine>(program: program, weights: UnsafeRawBufferPointer(section.bytes), options: options)
    for (index, input) in inputs.enumerated() { try session.setInput(index, to: input) }
    session.run()
    if let failure = session.failure { throw failure }
    let outputs = try program.outputs.indices.map { try session.rawOutput($0) }
    withExtendedLifetime(section) {}
    return outputs
  }

  /// The first difference between two runs' bits.
  static func difference(_ actual: [HostTensor], _ expected: [HostTensor]) -> String? {
    for (output, (one, other)) in zip(actual, expected).enumerated() {
      guard one.elementType == other.elementType, one.dimensions == other.dimensions else { return "output \(output) has another shape" }
      if one.bytes == other.bytes { continue }
      let place = zip(one.bytes, other.bytes).enumerated().first { $1.0 != $1.1 }!
      return "output \(output), byte \(place.offset): \(place.element.0) for \(place.element.1)"
    }
    return actual.count == expected.count ? nil : "another number of outputs"
  }
}
