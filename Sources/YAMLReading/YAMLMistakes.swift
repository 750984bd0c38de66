/// Every mistake found while a file is read, so that a person corrects them in one go.
public final class YAMLMistakes {
  public let file: String
  public private(set) var errors: [YAMLError] = []

  public init(file: String) { self.file = file }

  public var isEmpty: Bool { errors.isEmpty }

  /// In the file's order.
  public var sorted: [YAMLError] { errors.sorted { ($0.line, $0.column) < ($1.line, $1.column) } }

  public func report(_ code: YAMLError.Code, line: Int, column: Int, _ message: String) {
    errors.append(YAMLError(code, file: file, line: line, column: column, message))
  }
}

extension YAMLNode {
  /// The whole document as a mapping. `read` takes what it knows; keys that it leaves are mistakes.
  public func readMapping<Result>(_ mistakes: YAMLMistakes, _ read: (YAMLMapping) -> Result?) -> Result? {
    YAMLValue(node: self, path: "", mistakes: mistakes).mapping(read)
  }
}
