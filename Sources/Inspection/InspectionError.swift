/// Why a rule can't be understood, or doesn't fit its model.
public struct InspectionError: Error, Equatable, Sendable {
  public enum Code: Sendable, Equatable {
    /// It isn't in the language of expressions.
    case syntax
    /// It names something that isn't there.
    case unknownName
    /// Longer, deeper or more than is allowed.
    case limit
    /// It asks for what this model can't tell.
    case unsuitable
  }

  public let code: Code
  /// Where in the expression, in characters from 1; 0 where that says nothing.
  public let column: Int
  /// What was wrong and what was expected, for a person.
  public let message: String

  public init(_ code: Code, column: Int = 0, _ message: String) {
    (self.code, self.column, self.message) = (code, column, message)
  }

  /// With its column.
  public var explanation: String { column > 0 ? "column \(column): \(message)" : message }
}
