import SoundFiles

/// Short sounds, read at once.
enum WholeSound {
  /// Seconds that are read; what comes behind them isn't.
  private static let limit = 60

  static func samples(of path: String, sampleRate: Int) throws -> [Float] {
    try SoundReader.samples(of: path, sampleRate: sampleRate, atMost: limit * sampleRate)
  }
}
