import Tensors

extension Graph {
  /// The graph with its float16 and float64 values as float32, which is how they are computed at run time: constants converted, operators
  /// that name such a type asked for their float32 form. Inputs and outputs keep the types that their author declared
  /// (`Value.declaredType`); the session converts at the ports.
  public func inSinglePrecision() -> Graph {
    var graph = self
    for index in graph.values.indices {
      guard var type = graph.values[index].type, type.elementType == .float16 || type.elementType == .float64 else { continue }
      type.elementType = .float32
      graph.values[index].type = type
      graph.values[index].constant = graph.values[index].constant?.converted(to: .float32)
    }
    for index in graph.nodes.indices { graph.nodes[index].operation = graph.nodes[index].operation.inSinglePrecision }
    return graph
  }
}
