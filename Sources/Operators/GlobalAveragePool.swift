public import ModelFormat
public import ModelGraph

/// The mean of each channel over all positions.
public struct GlobalAveragePool: GlobalPooling {
  public static let names = ["GlobalAveragePool"]
  public static let kind = Reduction.Kind.mean

  public init(_ description: OperatorDescription) {}

  public var quantisationRule: QuantisationRule { .ownRange }
}
