import Foundation

/// Sound files as tests write them, byte by byte.
enum WrittenSound {
  /// Runs with a folder that is removed afterwards.
  static func withFolder<Result>(_ body: (URL) throws -> Result) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("swiftlet-sounds-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder)
  }

  /// A WAV file. - Parameter format: 1 for whole numbers, 3 for real ones.
  static func wav(_ data: Data, rate: Int, channels: Int, bits: Int, format: Int = 1) -> Data {
    var file = Data("RIFF".utf8) + bytes(36 + data.count, 4) + Data("WAVEfmt ".utf8) + bytes(16, 4)
    file += bytes(format, 2) + bytes(channels, 2) + bytes(rate, 4) + bytes(rate * channels * bits / 8, 4) + bytes(channels * bits / 8, 2) + bytes(bits, 2)
    return file + Data("data".utf8) + bytes(data.count, 4) + data
  }

  static func bytes(_ value: Int, _ count: Int) -> Data { Data((0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }) }

  static func reals(_ values: [Float]) -> Data { values.reduce(into: Data()) { $0 += bytes(Int($1.bitPattern), 4) } }

  static func sine(_ hertz: Double, rate: Int, count: Int) -> [Double] {
    (0..<count).map { 0.5 * sin(2 * .pi * hertz * Double($0) / Double(rate)) }
  }
}
