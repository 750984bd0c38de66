import CSoundFile
import Glibc

/// An open sound file, read from its start to its end as mono samples at its own rate: WAV, FLAC, and whatever else libsndfile knows. The
/// channels' mean becomes the one channel; whole numbers become −1…1, real numbers stay as they are.
@safe public struct SoundFile: ~Copyable {
  public let path: String
  /// Samples a second.
  public let sampleRate: Int
  public let channelCount: Int
  /// Samples of each channel read so far.
  public private(set) var position = 0
  private let handle: OpaquePointer
  /// Samples of all channels, as they come.
  private var interleaved: [Float]

  private static let framesAtOnce = 8192

  /// - Throws: where there is no sound that can be read, naming the file.
  public init(path: String) throws(SoundFileError) {
    guard swl_sound_file_is_available() else {
      throw SoundFileError(.noLibrary, "\(path): sound files are read by libsndfile.so.1, which isn't installed: install libsndfile1")
    }
    var facts = SF_INFO()
    let descriptor = try Self.open(path)
    // It closes the descriptor whether or not it succeeds.
    guard let handle = unsafe swl_sound_file_open(descriptor, Int32(SFM_READ), &facts, 1) else {
      throw SoundFileError(.unsupportedFormat, "\(path): is no sound that can be read (\(unsafe Self.explanation(nil))); give a WAV or FLAC file")
    }
    guard SoundBounds.channels.contains(Int(facts.channels)), SoundBounds.sampleRates.contains(Int(facts.samplerate)) else {
      unsafe swl_sound_file_close(handle)
      throw SoundFileError(
        .outOfBounds,
        "\(path): says that it has \(facts.channels) channel(s) of \(facts.samplerate) samples a second; \(SoundBounds.channels.upperBound) channels and "
          + "\(SoundBounds.sampleRates.lowerBound) to \(SoundBounds.sampleRates.upperBound) can be read")
    }
    self.path = path
    sampleRate = Int(facts.samplerate)
    channelCount = Int(facts.channels)
    unsafe self.handle = handle
    interleaved = [Float](repeating: 0, count: Self.framesAtOnce * Int(facts.channels))
  }

  deinit { unsafe swl_sound_file_close(handle) }

  /// Goes on reading, and puts mono samples in place of what `samples` held; none at the end.
  /// - Throws: where the file is damaged here, or holds what is no number.
  public mutating func read(into samples: inout [Float]) throws(SoundFileError) {
    let count = Int(unsafe swl_sound_file_read(handle, &interleaved, sf_count_t(Self.framesAtOnce)))
    samples.removeAll(keepingCapacity: true)
    guard unsafe swl_sound_file_error(handle) == 0, count >= 0 else {
      throw SoundFileError(.damagedSound, "\(path): is damaged after \(seconds) s (\(unsafe Self.explanation(handle)))")
    }
    for frame in 0..<count {
      var sum: Float = 0
      for channel in 0..<channelCount { sum += interleaved[frame * channelCount + channel] }
      guard sum.isFinite else {
        position += frame
        throw SoundFileError(.damagedSound, "\(path): has a sample after \(seconds) s that is no number: convert the file anew")
      }
      samples.append(sum / Float(channelCount))
    }
    position += count
  }

  /// Where reading has come to, in hundredths.
  private var seconds: Double { (Double(position) / Double(sampleRate) * 100).rounded() / 100 }

  private static func explanation(_ handle: OpaquePointer?) -> String {
    guard let text = unsafe swl_sound_file_explanation(handle) else { return "no reason is known" }
    var line = unsafe String(cString: text)
    while line.last == "." || line.last == "\n" { line.removeLast() }
    return line
  }

  /// A regular file's descriptor.
  private static func open(_ path: String) throws(SoundFileError) -> Int32 {
    // A pipe without a writer must not hold the program up.
    let descriptor = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw failure(path, errno) }
    var facts = stat()
    guard unsafe fstat(descriptor, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw SoundFileError(.unreadableFile, "\(path): is not a regular file")
    }
    guard facts.st_size > 0 else {
      close(descriptor)
      throw SoundFileError(.emptySound, "\(path): is empty")
    }
    return descriptor
  }

  static func failure(_ path: String, _ number: Int32) -> SoundFileError {
    switch number {
    case ENOENT: SoundFileError(.missingFile, "\(path): there is no such file or folder; check the path")
    case EACCES: SoundFileError(.forbiddenFile, "\(path): may not be read; give this user permission to read it")
    default: SoundFileError(.unreadableFile, "\(path): can't be read (\(unsafe String(cString: strerror(number))))")
    }
  }
}
