import ModelGraph

/// A rewriting of the graph: reads it, returns what to change. Nobody else mutates a graph.
protocol GraphPass: Sendable {
  /// What `--verbose` and failures of the grammar call it.
  var name: String { get }
  /// The changes of one round; an empty patch ends the pass. Changes of one round don't touch each other.
  func patch(for graph: Graph) throws(CompilerError) -> GraphPatch
}

/// The passes in their order, run before and after calibration sets 8-bit forms.
enum PassList {
  /// Brings a model into the form that calibration observes: one node an operation that has a kernel.
  static let canonical: [any GraphPass] = [
    RemoveIdentities(),
    MergeDequantise(),
    RaiseDequantise(),
    AbsorbQuantisation(),
    FoldBatchNormalisation(),
    RecogniseGatedActivation(),
    RecogniseLinear(),
    FuseLinearBias(),
  ]

  /// Merges nodes into single instructions, keeping every rounding that 8-bit forms ask for.
  static let fusion: [any GraphPass] = [
    FuseActivation(),
    FuseResidual(),
    FuseActivation(),
  ]

  /// Runs each pass until it finds nothing more; checks the grammar after each change in debug builds.
  static func run(_ passes: [any GraphPass], on graph: inout Graph) throws(CompilerError) {
    for pass in passes {
      // Every round removes or merges a node, so this bound is never met by a correct pass.
      for _ in 0...graph.nodes.count + graph.values.count {
        let patch = try pass.patch(for: graph)
        if patch.isEmpty { break }
        graph.apply(patch)
      }
      graph.removeDeadNodes()
      assert(GraphGrammar.violations(of: graph).isEmpty, "after \(pass.name): \(GraphGrammar.violations(of: graph).joined(separator: "; "))")
    }
  }
}
