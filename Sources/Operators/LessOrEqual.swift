public import ModelGraph

/// a ≤ b. Evaluated while compiling only.
public struct LessOrEqual: ComparisonOperator {
  public static let names = ["LessOrEqual"]

  public init(_ description: OperatorDescription) {}

  public static func compare(_ a: Double, _ b: Double) -> Bool { a <= b }
  public static func compare(_ a: Int64, _ b: Int64) -> Bool { a <= b }
}
