import Glibc
import Inference
import ModelFormat
import Pipelines
import Tensors

/// The kernel's high-water mark of this process's resident memory.
enum PeakMemory {
  /// From /proc/self/status; `getrusage` would report the parent's mark where that was higher when it forked.
  static func mebibytes() -> Double {
    for line in ProcessFile.text("/proc/self/status").split(separator: "\n") where line.hasPrefix("VmHWM:") {
      let fields = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
      if fields.count >= 2, let kibibytes = Double(fields[1]) { return kibibytes / 1024 }
    }
    return .nan
  }
}

/// Small files that the kernel makes up.
private enum ProcessFile {
  static func text(_ path: String) -> String {
    guard let file = unsafe fopen(path, "r") else { return "" }
    defer { unsafe fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 16384)
    let count = unsafe fread(&bytes, 1, bytes.count, file)
    return String(decoding: bytes[..<count], as: UTF8.self)
  }
}

/// Time since the kernel started this process.
enum ProcessStart {
  static func elapsedMilliseconds() -> Double {
    guard let started = startTicks() else { return .nan }
    var now = timespec()
    unsafe clock_gettime(CLOCK_BOOTTIME, &now)
    let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
    return (Double(now.tv_sec) + Double(now.tv_nsec) / 1e9 - Double(started) / ticks) * 1000
  }

  /// Field 22 of /proc/self/stat; the command's name before it may hold anything, so fields count from its closing bracket.
  private static func startTicks() -> Int? {
    let text = ProcessFile.text("/proc/self/stat")
    guard let end = text.lastIndex(of: ")") else { return nil }
    let fields = text[end...].split(separator: " ")
    return fields.count > 20 ? Int(fields[20]) : nil
  }
}

/// Fixed random inputs in the model's declared form, brought into a session before each measured run.
struct DeclaredInputs {
  private var tensors: [HostTensor] = []

  init(of program: Program) {
    var state: UInt64 = 0x9E37_79B9_7F4A_7C15
    func next() -> Float {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return Float(state >> 40) / Float(1 << 24)
    }
    func nextWhole() -> Int { Int((next() * 200 - 100).rounded()) }
    for port in program.inputs {
      let count = port.declaredDimensions.elementCount
      var bytes: [UInt8] = []
      switch port.declaredType {
      case .float32:
        unsafe bytes = [UInt8](unsafeUninitializedCapacity: 4 * count) { buffer, used in
          let raw = UnsafeMutableRawBufferPointer(buffer)
          for index in 0..<count { unsafe raw.storeBytes(of: next(), toByteOffset: 4 * index, as: Float.self) }
          used = 4 * count
        }
      case .int8, .uint8:
        let isSigned = port.declaredType == .int8
        bytes.reserveCapacity(count)
        for _ in 0..<count { bytes.append(isSigned ? UInt8(bitPattern: Int8(clamping: nextWhole())) : UInt8(clamping: nextWhole())) }
      default:
        let values = (0..<count).map { _ in Float(nextWhole()) }
        tensors.append(HostTensor(values, dimensions: port.declaredDimensions).converted(to: port.declaredType))
        continue
      }
      tensors.append(HostTensor(elementType: port.declaredType, dimensions: port.declaredDimensions, bytes: bytes))
    }
  }

  func write<Engine: Backend & ~Copyable>(to session: Session<Engine>) {
    for (index, tensor) in tensors.enumerated() {
      unsafe tensor.bytes.withUnsafeBytes { unsafe session.writeInput(index, from: $0) }
    }
  }
}

extension MonotonicInstant {
  func milliseconds(to other: MonotonicInstant) -> Double {
    Double(duration(to: other).wholeNanoseconds) / 1e6
  }
}
