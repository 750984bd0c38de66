import Foundation

/// Real data beside the package: the folder in SWIFTLET_SHARED, or `../shared`.
public enum Shared {
  public static let root: String? = {
    let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let path = ProcessInfo.processInfo.environment["SWIFTLET_SHARED"] ?? package.deletingLastPathComponent().appendingPathComponent("shared").path
    if FileManager.default.fileExists(atPath: path) { return path }
    print("SKIPPED: tests on real images, there is no folder \(path); set SWIFTLET_SHARED")
    return nil
  }()

  public static var isPresent: Bool { root != nil }
}

/// Numbers that look random and are the same everywhere (SplitMix64).
public struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  public init(seed: UInt64) { state = seed }

  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }
}
