/// Why bytes are no package, or a program is not well formed.
public struct ModelFormatError: Error, Equatable {
  public enum Code: Sendable, Equatable {
    /// The file doesn't begin as a package does.
    case notAPackage
    /// A version of the format that this build can't read.
    case unsupportedVersion
    /// Shorter than its own tables say.
    case truncated
    /// A section's checksum differs: the file was damaged.
    case damaged
    /// A section that is needed isn't there.
    case missingSection
    /// The program breaks a rule of the format.
    case malformedProgram
  }

  public let code: Code
  /// What was wrong, for a person.
  public let message: String

  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }
}
