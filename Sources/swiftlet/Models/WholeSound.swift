import SoundFiles

/// Short sounds, read at once.
enum WholeSound {
  /// Seconds that are read; what comes behind them isn't.
  private static let limit = 60

  static func samples(of path: String, sampleRate: Int) throws -> [Float] {
    var reader = try SoundReader(path: path, sampleRate: sampleRate)
    var (samples, next): ([Float], [Float]) = ([], [])
    while samples.count < limit * sampleRate, try reader.read(into: &next) { samples += next }
    return samples
  }
}
