public import ModelGraph

/// The position of the least element along one axis, int64.
public struct ArgMin: ArgReducingOperator {
  public static let names = ["ArgMin"]
  public static let findsLeast = true
  public let choice: ArgReductionChoice

  public init(_ description: OperatorDescription) throws(OperatorError) {
    choice = try ArgReductionChoice(description)
  }
}
