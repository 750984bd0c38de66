import ModelGraph
import Operators
import Tensors

/// What a method of choosing ranges gives each value of a graph by itself, by value name. Searching is what costs time in quantising, and
/// depends neither on which values share a form nor on which stay float.
struct RangeChoice: Sendable {
  private var forms: [String: StoredQuantisation] = [:]
  private var pairs: [String: RangeSearch.Pair] = [:]

  init(_ graph: Graph, _ observed: ObservedValues) {
    for value in graph.inputs + graph.nodes.flatMap(\.outputs) where graph.type(of: value).elementType == .float32 {
      // What is larger than any computed quantity (a mask's lowest number) is no range.
      guard let known = observed[graph[value].name], max(known.range.upperBound, -known.range.lowerBound) < 1e30 else { continue }
      forms[graph[value].name] = graph.inputs.contains(value) ? .covering(known.range) : RangeSearch.form(of: known, by: observed.method)
    }
    guard observed.method == .meanSquaredError else { return }
    for behind in FunctionBehindLayer.all(of: graph) where behind.function.function != .clamp {
      guard let known = observed[graph[behind.argument].name] else { continue }
      pairs[graph[behind.argument].name] = RangeSearch.pair(of: known, before: { behind.function($0) })
    }
  }

  /// A value's own form; nil where it has no range.
  func form(of name: String) -> StoredQuantisation? { forms[name] }

  /// The form of a linear layer's result that only a function reads, and of the function's result.
  func pair(before name: String) -> RangeSearch.Pair? { pairs[name] }
}

/// A unary function that alone reads a convolution's or matrix product's result.
struct FunctionBehindLayer {
  let function: ElementFunction
  let argument: ValueID
  let result: ValueID

  static func all(of graph: Graph) -> [FunctionBehindLayer] {
    let (producers, consumers) = (graph.producers(), graph.consumers())
    return graph.nodes.compactMap { node in
      guard let function = node.elementFunction(in: graph), let x = node.input(0), let y = node.outputs.first, let producer = producers[x.index],
        graph.nodes[producer].operation.linearEpilogue != nil, consumers[x.index].count == 1, !graph.outputs.contains(x)
      else { return nil }
      return FunctionBehindLayer(function: function, argument: x, result: y)
    }
  }
}
