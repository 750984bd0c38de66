public import ModelGraph

/// Every operator that the compiler knows: one line each.
public enum OperatorCatalog {
  public static let all: [any Operator.Type] = [
    Conv.self,
    DequantizeLinear.self,
    Gemm.self,
    QuantizeLinear.self,
  ]

  private static let byName: [String: any Operator.Type] = all.reduce(into: [:]) { table, type in
    for name in type.names { table[name] = type }
  }

  /// The operator of an `op_type`, nil where this version has none.
  public static func type(named name: String) -> (any Operator.Type)? { byName[name] }
}
