/// Why a sound file can't be read.
public struct SoundFileError: Error, Equatable {
  public enum Code: Sendable, Equatable {
    /// There is no such file or folder.
    case missingFile
    /// This user may not read it.
    case forbiddenFile
    /// The file can't be opened or read, or is no regular file.
    case unreadableFile
    /// No sound, or a header that is damaged or cut off.
    case unsupportedFormat
    /// The samples break their own format, or aren't numbers.
    case damagedSound
    /// A sound without samples.
    case emptySound
    /// More channels, or another rate, than `SoundBounds` allow.
    case outOfBounds
    /// libsndfile isn't installed.
    case noLibrary
    /// The resampler has no memory, or isn't installed.
    case noResources
  }

  public let code: Code
  /// What was wrong and what to do, for a person.
  public let message: String

  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }
}

/// What a sound may be: bounds that a hostile header can't exceed.
public enum SoundBounds {
  public static let channels = 1...64
  /// Samples a second.
  public static let sampleRates = 1000...768_000
}
