/// A parsed YAML value with the place where it stands.
public struct YAMLNode: Sendable, Equatable {
  public indirect enum Content: Sendable, Equatable {
    case scalar(YAMLScalar)
    case sequence([YAMLNode])
    /// Entries in the file's order; no key occurs twice.
    case mapping([YAMLEntry])
  }

  public let content: Content
  /// Both count from 1.
  public let line: Int
  public let column: Int

  public init(_ content: Content, line: Int, column: Int) {
    self.content = content
    self.line = line
    self.column = column
  }

  /// Whether nothing is written: an empty value, `~` or `null`.
  public var isNull: Bool {
    guard case .scalar(let scalar) = content, scalar.isPlain else { return false }
    return ["", "~", "null", "Null", "NULL"].contains(scalar.text)
  }
}

/// Text as written; what it means is decided by whoever reads it, so `no` can be a label.
public struct YAMLScalar: Sendable, Equatable {
  public let text: String
  /// Whether it stands without quotes (a quoted `"30"` is text and never a number).
  public let isPlain: Bool

  public init(text: String, isPlain: Bool) {
    self.text = text
    self.isPlain = isPlain
  }
}

/// A key and its value.
public struct YAMLEntry: Sendable, Equatable {
  public let key: String
  /// Where the key stands.
  public let line: Int
  public let column: Int
  public let value: YAMLNode

  public init(key: String, line: Int, column: Int, value: YAMLNode) {
    self.key = key
    self.line = line
    self.column = column
    self.value = value
  }
}

/// Bounds against files that are made to exhaust memory or the stack.
public struct YAMLLimits: Sendable {
  /// Largest file; 1 MB.
  public var byteCount = 1_000_000
  /// Deepest nesting; 32.
  public var depth = 32
  /// Most values, each alias counted as all that it stands for; 100,000.
  public var nodeCount = 100_000

  public init() {}
}
