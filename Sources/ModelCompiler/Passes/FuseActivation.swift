import ModelFormat
import ModelGraph
import Operators

/// A unary function behind a convolution or a matrix product moves into its epilogue; behind a fused residual only a clamp
/// does.
struct FuseActivation: GraphPass {
  let name = "fuse activation"

  func patch(for graph: Graph) -> GraphPatch {
    var patch = GraphPatch()
    let producers = graph.producers()
    let consumers = graph.consumers()
    let outputs = Set(graph.outputs)
    // For a function that was merged, the node that computes it now.
    var carriers: [Int: Int] = [:]
    for (position, node) in graph.nodes.enumerated() {
      guard let function = node.elementFunction(in: graph), let x = node.input(0), let made = producers[x.index], consumers[x.index].count == 1,
        !outputs.contains(x)
      else { continue }
      let producer = carriers[made] ?? made
      let linear = patch.replacements[producer] ?? graph.nodes[producer]
      guard var epilogue = linear.operation.linearEpilogue, Self.append(function, behind: graph[x].stored, to: &epilogue) else { continue }
      var merged = linear
      merged.operation = linear.operation.with(epilogue)
      merged.outputs = node.outputs
      patch.replacements[producer] = merged
      patch.removals.insert(position)
      carriers[position] = producer
    }
    return patch
  }

  /// Adds a function to what an epilogue does already, where it can.
  private static func append(_ unary: ElementFunction, behind stored: StoredQuantisation?, to epilogue: inout Epilogue) -> Bool {
    let isClamp = unary.function == .clamp
    if epilogue.hasResidual {
      guard isClamp, stored == nil else { return false }
      // A clamp of a clamp has the first one's bounds, clamped: right for ranges that don't meet as well.
      (epilogue.lower, epilogue.upper) = (unary(epilogue.lower), unary(epilogue.upper))
      return true
    }
    guard epilogue == Epilogue() else { return false }
    epilogue.function = unary.function
    (epilogue.alpha, epilogue.beta) = (unary.alpha, unary.beta)
    epilogue.beforeFunction = stored
    return true
  }
}

extension Operator {
  /// The epilogue of an operator that has one.
  var linearEpilogue: Epilogue? { (self as? Conv)?.epilogue ?? (self as? Gemm)?.epilogue }

  func with(_ epilogue: Epilogue) -> any Operator {
    if var convolution = self as? Conv {
      convolution.epilogue = epilogue
      return convolution
    }
    if var product = self as? Gemm {
      product.epilogue = epilogue
      return product
    }
    return self
  }
}
