import ModelFormat
import ModelGraph
import Operators
import Tensors

/// Lowers a graph and plans its memory: the last steps before the package.
struct ProgramEmission {
  struct Output {
    var program: Program
    var weights: [UInt8]
    var parts: PlacedParts
  }

  /// - Parameters:
  ///   - layouts: how inputs have to lie, where that matters to the caller; the others lie as their readers like it.
  ///   - observed: values to keep as further outputs (calibration).
  ///   - parts: which parts of joins may be made where the whole lies.
  static func emit(
    _ graph: Graph, layouts: [ValueID: Layout] = [:], observed: [ValueID] = [], parts: PartPlacement.Choice = .all
  ) throws(CompilerError) -> Output {
    let violations = GraphGrammar.violations(of: graph)
    guard violations.isEmpty else { throw CompilerError(.invalid, "the graph is not well formed: \(violations.joined(separator: "; "))") }
    var lowering = Lowering(graph: graph)
    var inputs: [Port] = []
    let consumers = graph.consumers()
    for input in graph.inputs {
      let layout = layouts[input] ?? graph.preferredLayout(ofInput: input, consumers)
      let tensor = lowering.declareInput(input, layout: layout)
      inputs.append(port(graph[input].name, graph, input, tensor, layout))
    }
    for node in graph.nodes {
      do throws(OperatorError) {
        try lowering.lower(node)
      } catch {
        var reported = CompilerError(error, at: "node '\(node.name)' (\(type(of: node.operation).names[0]))")
        // Small side inputs: parameters that most kernels want to know beforehand.
        let parameters = node.inputs.dropFirst().compactMap { $0 }.filter { graph.type(of: $0).dimensions.count <= 1 }
        reported.openInputs = graph.inputs(behind: parameters)
        throw reported
      }
    }
    var outputs: [Port] = []
    for (output, name) in zip(graph.outputs, graph.outputNames) {
      outputs.append(self.output(output, name, in: graph, &lowering))
    }
    for value in observed { outputs.append(self.output(value, graph[value].name, in: graph, &lowering)) }
    let output = assemble(consume lowering, inputs: inputs, outputs: outputs, parts: parts)
    let refusal = unsafe output.weights.withUnsafeBytes { bytes -> ModelFormatError? in
      do throws(ModelFormatError) {
        unsafe try output.program.validate(weights: bytes)
        return nil
      } catch {
        return error
      }
    }
    if let refusal { throw CompilerError(.unsupported, "the model makes a program that no runtime accepts: \(refusal.message)") }
    return output
  }

  private static func output(_ value: ValueID, _ name: String, in graph: Graph, _ lowering: inout Lowering) -> Port {
    let layout = Layout.identity(rank: graph.type(of: value).dimensions.count)
    let keepsEightBits = graph[value].declaredType?.isEightBitInteger ?? false
    let representation: Representation = keepsEightBits ? lowering.stored(of: value).map { .stored($0) } ?? .plain : .plain
    let tensor = lowering.operand(value, layout: layout, as: representation)
    return port(name, graph, value, tensor, layout)
  }

  private static func port(_ name: String, _ graph: Graph, _ value: ValueID, _ tensor: TensorIndex, _ layout: Layout) -> Port {
    let type = graph.type(of: value)
    return Port(
      name: name, tensor: tensor, declaredType: graph[value].declaredType ?? type.elementType, declaredDimensions: type.dimensions, permutation: layout.order)
  }

  /// Drops what nothing reads, plans the arena, and writes the tensor table.
  private static func assemble(_ lowering: consuming Lowering, inputs: [Port], outputs: [Port], parts: PartPlacement.Choice) -> Output {
    let handedOut = outputs.map(\.tensor)
    let all = needed(lowering.instructions, lowering, outputs: handedOut)
    var (instructions, lowering) = ByteFunctions.simplify(all, of: consume lowering, outputs: handedOut)
    instructions = LateDequantise.move(instructions, of: &lowering, outputs: handedOut)
    let (placement, plan) = arranged(instructions, of: lowering, inputs: inputs.map(\.tensor), outputs: handedOut, parts: parts)
    instructions = placement.kept(instructions)
    var used = [Bool](repeating: false, count: lowering.tensors.count)
    for tensor in instructions.flatMap({ $0.reads + [$0.written] }) + (inputs + outputs).map(\.tensor) { used[Int(tensor)] = true }
    var numbers = [TensorIndex](repeating: -1, count: lowering.tensors.count)
    var tensors: [TensorDescription] = []
    var placed = PlacedParts(copies: placement.copies)
    for (index, tensor) in lowering.tensors.enumerated() where used[index] {
      numbers[index] = TensorIndex(tensors.count)
      let storage: TensorDescription.Storage
      switch tensor.home {
      case .buffer(let buffer):
        let place = placement.places[buffer]
        storage = .arena(offset: plan.offsets[place.buffer] + place.offset)
        placed.offsets.append(place.offset)
      case .weights(let offset):
        storage = .weights(offset: offset)
        placed.offsets.append(0)
      }
      tensors.append(
        TensorDescription(
          name: tensor.name, elementType: tensor.elementType, dimensions: tensor.dimensions, quantisation: tensor.quantisation, storage: storage))
    }
    let renumber = { (ports: [Port]) in
      ports.map { port in
        var port = port
        port.tensor = numbers[Int(port.tensor)]
        return port
      }
    }
    let program = Program(
      tensors: tensors, inputs: renumber(inputs), outputs: renumber(outputs), instructions: instructions.map { $0.renumbered { numbers[Int($0)] } },
      arenaByteCount: plan.arenaByteCount)
    return Output(program: program, weights: lowering.weights, parts: placed)
  }

  /// Where everything lies. A whole that is there from its first part on may keep others apart that shared bytes: where the arena grows by more than an
  /// eighth, all parts are copied.
  private static func arranged(
    _ instructions: [Instruction], of lowering: Lowering, inputs: [TensorIndex], outputs: [TensorIndex], parts: PartPlacement.Choice
  ) -> (placement: PartPlacement, plan: MemoryPlan) {
    func planned(_ choice: PartPlacement.Choice) -> (placement: PartPlacement, plan: MemoryPlan) {
      let placement = PartPlacement(instructions, tensors: lowering.tensors, bufferCount: lowering.bufferCount, inputs: inputs, choice: choice)
      let lives = MemoryPlan.lives(of: placement.kept(instructions), tensors: lowering.tensors, placement: placement, ports: inputs + outputs)
      return (placement, MemoryPlan(lives))
    }
    let placed = planned(parts)
    guard case .all = parts, !placed.placement.copies.isEmpty else { return placed }
    let copied = planned(.only([]))
    return placed.plan.arenaByteCount <= copied.plan.arenaByteCount + copied.plan.arenaByteCount / 8 ? placed : copied
  }

  /// The instructions whose results reach an output.
  static func needed(_ instructions: [Instruction], _ lowering: Lowering, outputs: [TensorIndex]) -> [Instruction] {
    var isNeeded = [Bool](repeating: false, count: lowering.bufferCount)
    func mark(_ tensor: TensorIndex) {
      if case .buffer(let buffer) = lowering.tensors[Int(tensor)].home { isNeeded[buffer] = true }
    }
    outputs.forEach(mark)
    var kept: [Instruction] = []
    for instruction in instructions.reversed() {
      guard case .buffer(let buffer) = lowering.tensors[Int(instruction.written)].home, isNeeded[buffer] else { continue }
      kept.append(instruction)
      instruction.reads.forEach(mark)
    }
    return kept.reversed()
  }
}

extension Graph {
  /// Channels-last where the input reaches an image operator through nodes that follow its layout.
  func preferredLayout(ofInput input: ValueID, _ consumers: [[Int]]) -> Layout {
    let rank = type(of: input).dimensions.count
    guard rank == 3 || rank == 4 else { return .identity(rank: rank) }
    var pending = [input]
    var seen: Set<ValueID> = [input]
    while let value = pending.popLast() {
      for position in consumers[value.index] {
        let node = nodes[position]
        if node.operation.prefersChannelsLast { return .channelsLast(rank: rank) }
        if node.operation.isNamed("Transpose", "Reshape", "Flatten", "Gemm", "MatMul", "Squeeze", "Unsqueeze") { continue }
        for output in node.outputs where seen.insert(output).inserted { pending.append(output) }
      }
    }
    return .identity(rank: rank)
  }
}
