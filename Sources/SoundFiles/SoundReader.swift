import SoundResampling

/// A sound file as mono samples at the rate that a model wants, in pieces: memory does not grow with the file.
public struct SoundReader: ~Copyable {
  public let path: String
  /// Samples a second.
  public let sampleRate: Int
  private var file: SoundFile
  private var resampler: Resampler?
  private var piece: [Float] = []
  private var isAtEnd = false

  /// - Throws: where there is no sound that can be read, naming the file.
  public init(path: String, sampleRate: Int) throws(SoundFileError) {
    let file = try SoundFile(path: path)
    resampler = try Self.resampler(from: file.sampleRate, to: sampleRate)
    self.file = file
    self.path = path
    self.sampleRate = sampleRate
  }

  private static func resampler(from inputRate: Int, to outputRate: Int) throws(SoundFileError) -> Resampler? {
    guard inputRate != outputRate else { return nil }
    do throws(SoundResamplingError) { return try Resampler(from: inputRate, to: outputRate) } catch {
      throw SoundFileError(.noResources, error.message)
    }
  }

  /// The first samples of a file, read at once.
  public static func samples(of path: String, sampleRate: Int, atMost count: Int) throws(SoundFileError) -> [Float] {
    var reader = try SoundReader(path: path, sampleRate: sampleRate)
    var (samples, piece): ([Float], [Float]) = ([], [])
    while samples.count < count, try reader.read(into: &piece) { samples += piece }
    return samples.count <= count ? samples : Array(samples.prefix(count))
  }

  /// Seconds of the file that were read so far.
  public var duration: Double { Double(file.position) / Double(file.sampleRate) }

  /// Puts the next samples, a fraction of a second of them, in place of what `samples` held.
  /// - Returns: false at the end, when there are none.
  /// - Throws: where the file is damaged here, or held no sample at all.
  public mutating func read(into samples: inout [Float]) throws(SoundFileError) -> Bool {
    samples.removeAll(keepingCapacity: true)
    // A resampler may hold its first pieces back.
    while !isAtEnd, samples.isEmpty {
      try file.read(into: &piece)
      isAtEnd = piece.isEmpty
      guard file.position > 0 else { throw SoundFileError(.emptySound, "\(path): has no samples") }
      guard resampler != nil else {
        samples += piece
        continue
      }
      do throws(SoundResamplingError) { try resampler!.convert(piece, addingTo: &samples) } catch {
        throw SoundFileError(.noResources, error.message)
      }
    }
    return !samples.isEmpty
  }
}
