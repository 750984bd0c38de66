public import ModelFormat
public import ModelGraph

/// The maximum of each channel over all positions.
public struct GlobalMaxPool: GlobalPooling {
  public static let names = ["GlobalMaxPool"]
  public static let kind = Reduction.Kind.maximum

  public init(_ description: OperatorDescription) {}

  public var quantisationRule: QuantisationRule { .sameAsInput }
  public func elementOrigin(for inputs: [OperatorInput?]) -> ElementOrigin { .ranked }
}
