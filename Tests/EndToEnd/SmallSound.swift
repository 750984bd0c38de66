import Foundation

/// Sound files as tests write them.
enum SmallSound {
  /// A WAV file of a second of 16-bit samples at 8 kHz: a tone that swells and fades.
  static func tone(_ hertz: Double) -> Data {
    func bytes(_ value: Int, _ count: Int) -> Data { Data((0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }) }
    let samples = (0..<8000).reduce(into: Data()) { data, index in
      let wave: Double = sin(2 * .pi * hertz * Double(index) / 8000)
      data += bytes(Int(8000 * wave * sin(Double(index) / 900)), 2)
    }
    let header: [Data] = [
      Data("RIFF".utf8), bytes(36 + samples.count, 4), Data("WAVEfmt ".utf8), bytes(16, 4), bytes(1, 2), bytes(1, 2), bytes(8000, 4), bytes(16000, 4),
      bytes(2, 2), bytes(16, 2), Data("data".utf8), bytes(samples.count, 4),
    ]
    return header.reduce(Data(), +) + samples
  }
}
