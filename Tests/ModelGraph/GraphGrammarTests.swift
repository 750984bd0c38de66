import ModelGraph
import Tensors
import Testing

/// Twice its input; stands for any operator.
private struct Doubling: Operator {
  static let names = ["Doubling"]
  init(_ description: OperatorDescription) {}
  init() {}
  func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    guard inputs.count == 1, let input = inputs[0] else { throw OperatorError(.invalid, "needs one input") }
    return [input.type]
  }
  func evaluate(_ inputs: [HostTensor?]) -> [HostTensor] { [HostTensor(inputs[0]!.floats().map { 2 * $0 }, dimensions: inputs[0]!.dimensions)] }
  func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) { throw OperatorError(.unsupported, "a test's own") }
}

/// Each rule lets a well-formed graph pass and names what breaks it.
struct GraphGrammarTests {
  private static let type = TensorType(.float32, [2, 3])

  /// x → first → second → y
  private var chain: Graph {
    var graph = Graph(name: "chain")
    let ids = ["x", "between", "y"].map { graph.add(Value(name: $0, type: Self.type)) }
    graph[ids[0]].declaredType = .float32
    graph[ids[2]].declaredType = .float32
    graph.inputs = [ids[0]]
    graph.outputs = [ids[2]]
    graph.outputNames = ["y"]
    graph.nodes = [
      Node(name: "first", operation: Doubling(), inputs: [ids[0]], outputs: [ids[1]]),
      Node(name: "second", operation: Doubling(), inputs: [ids[1]], outputs: [ids[2]]),
    ]
    return graph
  }

  private func breaks(_ reason: String, sourceLocation: SourceLocation = #_sourceLocation, _ change: (inout Graph) -> Void) {
    var graph = chain
    change(&graph)
    let violations = GraphGrammar.violations(of: graph)
    #expect(violations.contains { $0.contains(reason) }, "\(violations)", sourceLocation: sourceLocation)
  }

  @Test func `a well-formed graph breaks no rule`() {
    #expect(GraphGrammar.violations(of: chain) == [])
  }

  @Test func `names of values that don't exist`() {
    breaks("names value 3 of 3") { $0.nodes[0].inputs = [ValueID(3)] }
    breaks("names value -1 of 3") { $0.nodes[1].outputs = [ValueID(-1)] }
    breaks("names value 9 of 3") { $0.outputs = [ValueID(9)] }
    breaks("names value 9 of 3") { $0.inputs = [ValueID(9)] }
    breaks("1 outputs have 2 names") { $0.outputNames.append("z") }
  }

  @Test func `values without a type, and types that can't be`() {
    breaks("has no type") { $0.values[1].type = nil }
    breaks("impossible dimensions") { $0.values[1].type = TensorType(.float32, [2, -3]) }
    breaks("impossible dimensions") { $0.values[1].type = TensorType(.float32, [1 << 40, 1 << 40]) }
  }

  @Test func `constants that disagree with their types`() {
    breaks("disagrees with its type") { _ = $0.add(Value(name: "c", type: Self.type, constant: HostTensor([Float(1)], dimensions: [1]))) }
    let integers = HostTensor([Int8(1), 2, 3, 4, 5, 6], dimensions: [2, 3])
    func constant(_ quantised: QuantisedConstant) -> Value {
      var value = Value(name: "c", type: Self.type, constant: HostTensor(integers.floats(), dimensions: [2, 3]))
      value.quantisedConstant = quantised
      return value
    }
    let right = QuantisedConstant(integers: integers, scales: [1, 1], zeroPoints: [0, 0], axis: 0)
    var graph = chain
    _ = graph.add(constant(right))
    #expect(GraphGrammar.violations(of: graph) == [])
    let changes: [(inout QuantisedConstant) -> Void] = [
      { $0.axis = 1 }, { $0.axis = 2 }, { $0.scales = [1, 1, 1] }, { $0.zeroPoints = [0] }, { $0.integers = integers.reshaped(to: [3, 2]) },
    ]
    for change in changes {
      var broken = right
      change(&broken)
      breaks("integers behind constant 'c'") { _ = $0.add(constant(broken)) }
    }
  }

  @Test func `a value with two producers`() {
    breaks("makes 'y' a second time") { $0.nodes[0].outputs = [ValueID(2)] }
    breaks("makes 'x' a second time") { $0.nodes[1].outputs = [ValueID(0)] }
    breaks("a constant or stands twice") { $0.inputs.append(ValueID(0)) }
    breaks("a constant or stands twice") { $0.values[0].constant = HostTensor([Float](repeating: 0, count: 6), dimensions: [2, 3]) }
  }

  @Test func `nodes out of order, and cycles`() {
    breaks("reads 'between' before it is made") { $0.nodes.reverse() }
    breaks("reads 'y' before it is made") { $0.nodes[0].inputs = [ValueID(2)] }
    breaks("reads 'y' before it is made") { $0.nodes[1].inputs = [ValueID(2)] }
  }

  @Test func `sorting a cycle ends, and leaves what the grammar refuses`() {
    var graph = chain
    graph.nodes[0].inputs = [ValueID(2)]
    graph.sortTopologically()
    #expect(graph.nodes.count == 2)
    #expect(!GraphGrammar.violations(of: graph).isEmpty)
  }

  @Test func `outputs that nothing makes`() {
    breaks("output 'y' is never made") { $0.nodes.removeLast() }
    breaks("reads 'between' before it is made") { $0.nodes.removeFirst() }
  }

  @Test func `outputs of other types than the operator gives`() {
    breaks("makes 'between' float32 [2, 3], whose type says float32 [3, 2]") { $0.values[1].type = TensorType(.float32, [3, 2]) }
    breaks("whose type says int8") { $0.values[1].type = TensorType(.int8, [2, 3]) }
    breaks("its operator gives 1") { $0.nodes[0].outputs.append($0.add(Value(name: "extra", type: Self.type))) }
    breaks("breaks its operator's rules: needs one input") { $0.nodes[0].inputs = [] }
    breaks("breaks its operator's rules") { $0.nodes[0].inputs = [nil] }
  }

  @Test func `inputs and outputs without a declared type`() {
    breaks("'x' goes in or out") { $0.values[0].declaredType = nil }
    breaks("'y' goes in or out") { $0.values[2].declaredType = nil }
  }

  @Test(arguments: [
    (ElementType.uint8, Float(1), Int32(-1)), (.uint8, 1, 256), (.int8, 1, 128), (.int8, 1, -129), (.int8, 0, 0), (.int8, -1, 0), (.int8, .infinity, 0),
    (.int8, .nan, 0), (.int16, 1, 1), (.int32, 1, 0), (.float32, 1, 0),
  ]) func `impossible integer forms`(type: ElementType, scale: Float, zeroPoint: Int32) {
    breaks("impossible integer form") { $0.values[1].stored = StoredQuantisation(type, Quantisation(scale: scale, zeroPoint: zeroPoint)) }
  }

  @Test func `integer forms at the ends of their range stand on floats only`() {
    for (type, zeroPoint) in [(ElementType.uint8, Int32(0)), (.uint8, 255), (.int8, -128), (.int8, 127), (.int16, 0)] {
      var graph = chain
      graph.values[1].stored = StoredQuantisation(type, Quantisation(scale: 0.5, zeroPoint: zeroPoint))
      #expect(GraphGrammar.violations(of: graph) == [])
    }
    breaks("is no float and has an integer form") {
      for index in 0..<3 { $0.values[index].type = TensorType(.int32, [2, 3]) }
      $0.values[1].stored = StoredQuantisation(.int8, Quantisation(scale: 1, zeroPoint: 0))
    }
  }
}
