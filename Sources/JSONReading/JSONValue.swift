/// A parsed JSON value (RFC 8259). Numbers stay text until someone says which type they are to be.
public indirect enum JSONValue: Equatable, Sendable {
  case null
  case boolean(Bool)
  case number(String)
  case string(String)
  case array([JSONValue])
  case object([String: JSONValue])

  /// For messages.
  public var kind: String {
    switch self {
    case .null: "null"
    case .boolean: "true or false"
    case .number: "a number"
    case .string: "text"
    case .array: "a list"
    case .object: "an object"
    }
  }
}

/// Why bytes are no JSON.
public struct JSONSyntaxError: Error, Equatable, CustomStringConvertible {
  let what: String
  let position: Int
  public var description: String { "\(what) at byte \(position)" }
}
