import Foundation

@testable import SoundCapture

/// ALSA's own plugins as capture devices: `clip-NAME` gives a raw file's bytes as fast as they are read, `nothing` gives silence. Behind its
/// file's end a clip gives what happens to stand in memory.
///
/// libasound is told by the environment where its configuration is, so this is made once in a process.
struct ALSAFiles {
  static let shared = ALSAFiles()

  let folder: URL
  /// 0.3 s of 48 kHz stereo sound, as numbers of 16 bits.
  let values: [Int16]
  private static let formats = SampleFormat.allCases

  private init() {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("swiftlet-alsa-\(UUID().uuidString)")
    values = (0..<28_800).map { Int16(truncatingIfNeeded: (($0 &* 7919) % 40_001) - 20_000) }
    try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    var configuration = "pcm.nothing { type null }\n"
    for format in Self.formats {
      let path = folder.appendingPathComponent("\(format.rawValue).raw").path
      try? data(format).write(to: URL(fileURLWithPath: path))
      configuration += "pcm.clip-\(format.rawValue) { type file slave.pcm { type null } file /dev/null infile \"\(path)\" format raw }\n"
    }
    let path = folder.appendingPathComponent("asound.conf").path
    try? Data(configuration.utf8).write(to: URL(fileURLWithPath: path))
    unsafe setenv("ALSA_CONFIG_PATH", path, 1)
    atexit { try? FileManager.default.removeItem(at: ALSAFiles.shared.folder) }
  }

  private func data(_ format: SampleFormat) -> Data {
    values.reduce(into: Data()) { data, value in
      switch format {
      case .u8: data.append(UInt8(Int(value) / 256 + 128))
      case .s16: data.append(bytes(UInt64(UInt16(bitPattern: value)), 2))
      case .s24InThreeBytes: data.append(bytes(UInt64(bitPattern: Int64(value) << 8), 3))
      case .s24: data.append(bytes(UInt64(bitPattern: Int64(value) << 8), 4))
      case .s32: data.append(bytes(UInt64(bitPattern: Int64(value) << 16), 4))
      case .float32: data.append(bytes(UInt64((Float(value) / 32_768).bitPattern), 4))
      }
    }
  }

  private func bytes(_ value: UInt64, _ count: Int) -> Data { Data((0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * UInt64($0))) }) }

  /// The values as samples, in a format's precision.
  func samples(_ format: SampleFormat) -> [Float] {
    values.map { format == .u8 ? Float(Int($0) / 256) / 128 : Float($0) / 32_768 }
  }
}
