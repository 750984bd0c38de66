import Glibc

/// Processors that this process may run on; at least one.
public func processorCount() -> Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }

/// Resident memory of this process, in bytes.
public struct ResidentMemory: Sendable {
  public var current: Int
  /// The kernel's high-water mark.
  public var peak: Int

  /// Read from `/proc/self/status`; nil where that can't be read.
  public static func read() -> ResidentMemory? {
    guard let bytes = try? readFile("/proc/self/status", limit: 65_536) else { return nil }
    let text = String(decoding: bytes, as: UTF8.self)
    func kilobytes(_ key: String) -> Int? {
      guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("\(key):") }) else { return nil }
      return line.split(whereSeparator: { $0 == "\t" || $0 == " " }).compactMap { Int($0) }.first.flatMap { $0 >= 0 && $0 <= .max / 1024 ? $0 : nil }
    }
    guard let current = kilobytes("VmRSS"), let peak = kilobytes("VmHWM") else { return nil }
    return ResidentMemory(current: current * 1024, peak: peak * 1024)
  }
}

/// The kernel's identifier of this boot; empty where it can't be read.
func bootIdentifier() -> String {
  guard let bytes = try? readFile("/proc/sys/kernel/random/boot_id", limit: 64) else { return "" }
  return String(decoding: bytes.prefix { $0 > 0x20 }, as: UTF8.self)
}
