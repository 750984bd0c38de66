public import ModelGraph

/// The position of the greatest element along one axis, int64.
public struct ArgMax: ArgReducingOperator {
  public static let names = ["ArgMax"]
  public static let findsLeast = false
  public let choice: ArgReductionChoice

  public init(_ description: OperatorDescription) throws(OperatorError) {
    choice = try ArgReductionChoice(description)
  }
}
