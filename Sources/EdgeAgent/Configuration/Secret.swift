import YAMLReading

/// Text that never appears in messages or logs. Read once, with the configuration.
public struct Secret: Equatable, Sendable, CustomStringConvertible {
  public let text: String

  public init(_ text: String) { self.text = text }

  public var description: String { "(secret)" }

  /// `{file: PATH}` (a final newline is no part of it), `{environment: NAME}`, or the text itself, with a warning.
  static func read(_ value: YAMLValue, _ context: ConfigurationContext) -> Secret? {
    guard value.isMapping else {
      guard let text = value.string() else { return nil }
      context.warn(value, "\(value.path): stands in the configuration itself; better {file: PATH} or {environment: NAME}")
      return Secret(text)
    }
    return value.mapping { map in
      let file = map["file"]
      let environment = map["environment"]
      if let file, environment == nil { return fromFile(file, context) }
      if let environment, file == nil { return fromEnvironment(environment, context) }
      value.report("\(value.path): expected either {file: PATH} or {environment: NAME}")
      return nil
    }
  }

  private static func fromFile(_ value: YAMLValue, _ context: ConfigurationContext) -> Secret? {
    guard let path = context.file(value) else { return nil }
    do {
      var bytes = try readFile(path, limit: 65_536)
      while let last = bytes.last, last == UInt8(ascii: "\n") || last == UInt8(ascii: "\r") { bytes.removeLast() }
      guard !bytes.isEmpty else {
        value.report("\(value.path): \(path) is empty")
        return nil
      }
      return Secret(String(decoding: bytes, as: UTF8.self))
    } catch {
      value.report("\(value.path): \(error.message)")
      return nil
    }
  }

  private static func fromEnvironment(_ value: YAMLValue, _ context: ConfigurationContext) -> Secret? {
    guard let name = value.string() else { return nil }
    guard let text = context.environment(name), !text.isEmpty else {
      value.report("\(value.path): the environment variable \(name) is not set")
      return nil
    }
    return Secret(text)
  }
}
