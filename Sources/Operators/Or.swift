public import ModelGraph

/// a ∨ b. Evaluated while compiling only.
public struct Or: ComparisonOperator {
  public static let names = ["Or"]

  public init(_ description: OperatorDescription) {}

  public static func compare(_ a: Double, _ b: Double) -> Bool { a != 0 || b != 0 }
  public static func compare(_ a: Int64, _ b: Int64) -> Bool { a != 0 || b != 0 }
}
