import CCUDAKernels
import Inference

/// What a device can, as NVIDIA numbers it.
struct ComputeCapability: Equatable, Comparable {
  let major: Int
  let minor: Int

  init(_ major: Int, _ minor: Int) {
    self.major = major
    self.minor = minor
  }

  static func < (left: ComputeCapability, right: ComputeCapability) -> Bool { (left.major, left.minor) < (right.major, right.minor) }

  var name: String { "\(major).\(minor)" }
}

/// The kernels compiled for several devices, as Packaging/cuda/compile.py writes them.
struct CUDAImage {
  struct Entry: Equatable {
    /// Text that the driver compiles, not machine code.
    let isPTX: Bool
    let capability: ComputeCapability
    let bytes: Range<Int>
  }

  let entries: [Entry]
  private let bytes: [UInt8]

  init(_ bytes: [UInt8]) throws(InferenceError) {
    self.bytes = bytes
    let magic = Array("SWLCUDA1".utf8)
    func number(_ offset: Int) -> Int { (0..<4).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) } }
    if bytes.count >= 24, Array(bytes[..<8]) == magic, number(20) != Int(SWL_CUDA_ABI) {
      throw InferenceError(.deviceFailed, "the CUDA kernels are of another version of this program: run 'make cuda', and build it anew")
    }
    guard bytes.count >= 24, Array(bytes[..<8]) == magic, number(16) <= 64, bytes.count >= 24 + 24 * number(16) else {
      throw InferenceError(.deviceFailed, "the CUDA kernels' image is damaged")
    }
    var entries: [Entry] = []
    for index in 0..<number(16) {
      let at = 24 + 24 * index
      let (offset, size) = (number(at + 12), number(at + 16))
      guard offset <= bytes.count, size > 0, size <= bytes.count - offset, number(at) <= 1 else {
        throw InferenceError(.deviceFailed, "entry \(index) of the CUDA kernels' image is damaged")
      }
      entries.append(
        Entry(isPTX: number(at) == 1, capability: ComputeCapability(number(at + 4), number(at + 8)), bytes: offset..<offset + size))
    }
    self.entries = entries
  }

  /// Xavier and Orin: their code runs on nothing else, whatever the numbers say.
  private static let embedded = [ComputeCapability(7, 2), ComputeCapability(8, 7)]

  /// What may run on a device, the best first. Machine code runs on its own and on later minor versions of its major one; text on everything
  /// later, compiled by the driver.
  func entries(for device: ComputeCapability) -> [Entry] {
    let native = entries.filter { entry in
      if entry.isPTX { return false }
      if Self.embedded.contains(entry.capability) { return entry.capability == device }
      return entry.capability.major == device.major && entry.capability.minor <= device.minor
    }
    let text = entries.filter { $0.isPTX && $0.capability <= device }
    return [native, text].flatMap { $0.sorted { $0.capability > $1.capability } }
  }

  /// The bytes of each of them, ended by a 0 as the driver wants text, and what they were compiled for.
  func codes(for device: ComputeCapability) -> [(capability: ComputeCapability, bytes: [UInt8])] {
    entries(for: device).map { ($0.capability, Array(bytes[$0.bytes]) + [0]) }
  }

  /// For messages.
  var described: String { entries.map { $0.isPTX ? "\($0.capability.name) and later" : $0.capability.name }.joined(separator: ", ") }
}
