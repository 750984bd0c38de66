import ModelFormat
import ModelGraph
import Tensors

extension Lowering {
  /// The most copies that one node may become; what needs more has no place on a device.
  private static let mostCopies = 4096

  /// Emits a movement's copies in the form in which its inputs are at hand.
  mutating func lower(_ movement: Movement, of node: Node) throws(OperatorError) {
    guard movement.copies.count <= Self.mostCopies else {
      throw OperatorError(.unsupported, "would take \(movement.copies.count) copies; at most \(Self.mostCopies) are supported")
    }
    if let value = try unmoved(movement, node) { return passThrough(value, to: node.outputs[0]) }
    let sources = Set(movement.copies.map(\.source)).sorted().compactMap { node.input($0) }
    let leading = sources.first { !isConstant($0) } ?? sources.first ?? node.inputs[0]!
    let inputLayout = layout(of: leading)
    var representation = movingRepresentation(sources.isEmpty ? [leading] : sources, to: node.outputs[0])
    if let fill = movement.fill { representation = self.representation(representation, holding: fill, in: node.outputs[0]) }
    var inputs: [Int: TensorIndex] = [:]
    for (target, output) in node.outputs.enumerated() where target < movement.outputs.count {
      let copies = movement.copies.filter { $0.target == target }
      let outputLayout = outputLayout(of: copies.first, rank: movement.outputs[target].count, from: inputLayout)
      let tensor = result(output, layout: outputLayout, as: representation)
      if let fill = movement.fill { emit(.fill(Fill(output: tensor, pattern: pattern(fill, of: output, as: representation)))) }
      for copy in copies {
        let value = node.inputs[copy.source]!
        let input = inputs[copy.source] ?? operand(value, layout: inputLayout, as: representation)
        inputs[copy.source] = input
        let read = copy.input(strides: inputLayout.strides(of: dimensions(of: value)))
        let write = copy.output(strides: outputLayout.strides(of: movement.outputs[target]))
        guard copy.extents.filter({ $0 != 1 }).count <= 8 else { throw OperatorError(.unsupported, "moves more than eight axes") }
        emitMove(copy.extents, from: input, read.strides, offset: read.offset, to: tensor, write.strides, offset: write.offset)
      }
    }
  }

  /// The input that the movement leaves exactly as it is, nil where it moves something.
  private func unmoved(_ movement: Movement, _ node: Node) throws(OperatorError) -> ValueID? {
    guard movement.copies.count == 1, node.outputs.count == 1, let copy = movement.copies.first, let value = node.input(copy.source) else { return nil }
    let own = dimensions(of: value)
    guard own == movement.outputs[0], own.elementCount == copy.extents.elementCount else { return nil }
    let read = copy.input(strides: own.rowMajorStrides)
    let write = copy.output(strides: own.rowMajorStrides)
    let moves = copy.loops.indices.contains { copy.loops[$0].extent > 1 && read.strides[$0] != write.strides[$0] }
    return read.offset == 0 && write.offset == 0 && !moves ? value : nil
  }

  /// The form in which several values move together: the result's own where that is 8 bits, else the one that all share, else
  /// float.
  private func movingRepresentation(_ sources: [ValueID], to output: ValueID) -> Representation {
    let forms = sources.map { representation(of: $0) }
    if forms.allSatisfy({ $0 == forms[0] }), !sources.contains(where: isConstant) || forms[0] == .plain && graph[output].stored == nil { return forms[0] }
    let isEightBit = zip(sources, forms).contains { !isConstant($0) && $1 != .plain }
    if isEightBit, let stored = graph[output].stored { return .stored(stored) }
    return .plain
  }

  /// The form itself where it has the very number that fills the output; else the one in which the output is stored, or plain numbers.
  func representation(_ given: Representation, holding fill: HostTensor, in output: ValueID) -> Representation {
    guard case .stored(let form) = given, let range = form.elementType.eightBitRange, let value = fill.floats().first,
      form.quantisation.dequantised(form.quantisation.quantised(value, in: range)) != value
    else { return given }
    return graph[output].stored.map { .stored($0) } ?? .plain
  }

  /// Output axes lie in the order in which the input axes lie that feed them; new axes come first.
  private func outputLayout(of copy: BoxCopy?, rank: Int, from input: Layout) -> Layout {
    guard let copy else { return .identity(rank: rank) }
    var keys = [Int](repeating: -1, count: rank)
    var steps = [Int](repeating: -1, count: rank)
    for loop in copy.loops where loop.input.step != 0 && loop.output.step > steps[loop.output.axis] {
      steps[loop.output.axis] = loop.output.step
      keys[loop.output.axis] = input.position(of: loop.input.axis)
    }
    return Layout((0..<rank).sorted { (keys[$0], $0) < (keys[$1], $1) })
  }

  private func pattern(_ fill: HostTensor, of output: ValueID, as representation: Representation) -> UInt64 {
    let element: HostTensor
    switch representation {
    case .plain: element = fill.converted(to: graph.type(of: output).elementType)
    case .stored(let stored): element = fill.converted(to: .float32).quantised(as: stored)
    }
    return element.bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }
}
