/// What is wrong in a YAML file, and where.
public struct YAMLError: Error, Equatable, CustomStringConvertible {
  public enum Code: Sendable, Equatable {
    /// The file can't be read.
    case unreadable
    /// The text is no YAML, or uses a part of YAML that settings don't need (tags, several documents).
    case syntax
    /// There is nothing in the file.
    case empty
    /// Larger, deeper or more repetitive than `YAMLLimits` allow.
    case limit
    /// A mapping names a key twice.
    case duplicateKey
    /// A key that nothing reads.
    case unknownKey
    /// A key that must be there isn't.
    case missingKey
    /// A value of the wrong kind, outside its range, or otherwise unusable.
    case invalidValue
  }

  public let code: Code
  /// The file's name as the caller gave it.
  public let file: String
  /// Both count from 1; 0 where the whole file is meant.
  public let line: Int
  public let column: Int
  /// What was wrong and what was expected, for a person.
  public let message: String

  public init(_ code: Code, file: String, line: Int, column: Int, _ message: String) {
    self.code = code
    self.file = file
    self.line = line
    self.column = column
    self.message = message
  }

  /// `FILE:LINE: message`
  public var description: String { line > 0 ? "\(file):\(line): \(message)" : "\(file): \(message)" }
}
