import ModelGraph
import ONNX
import Operators
import Tensors

/// Loop and Scan, written out.
extension GraphImport {
  /// Body: (iteration, condition, carried…) → (condition, carried…, scanned…).
  mutating func addLoop(_ node: ONNXNode) throws(CompilerError) -> [ValueID] {
    let body = try node.body("body")
    let carriedCount = max(0, node.inputs.count - 2)
    guard body.inputs.count == carriedCount + 2, body.outputs.count > carriedCount else {
      throw CompilerError(.invalid, "carries \(carriedCount) values; its body has \(body.inputs.count) inputs and \(body.outputs.count) outputs")
    }
    let trips = try tripCount(node)
    // Without a condition of its own a loop counts only; what its body says then is ignored.
    let counts = node.inputs.count < 2 || node.inputs[1].isEmpty
    let always = addConstant(.truth(true), name: "condition")
    var condition = counts ? always : try flowInput(node, 1, "cond")
    var carried: [ValueID] = []
    for position in 0..<carriedCount { carried.append(try flowInput(node, position + 2, "v_initial")) }
    var scanned = [[ValueID]](repeating: [], count: body.outputs.count - carriedCount - 1)
    var iteration = 0
    while trips.map({ iteration < $0 }) ?? true {
      guard let goesOn = try truth(condition, "cond") else {
        throw CompilerError(.unsupported, "its condition is computed at run time; only a loop whose end is known when the model is compiled is supported")
      }
      guard goesOn else { break }
      guard iteration < ControlFlow.mostIterations else {
        throw CompilerError(.unsupported, "runs for more than \(ControlFlow.mostIterations) iterations, which is the limit")
      }
      let number = addConstant(HostTensor([Int64(iteration)], dimensions: []), name: "iteration")
      let made = try inline(body, [number, condition] + carried)
      if !counts { condition = made[0] }
      carried = Array(made[1..<1 + carriedCount])
      for index in scanned.indices { scanned[index].append(made[1 + carriedCount + index]) }
      iteration += 1
    }
    guard iteration > 0 || scanned.isEmpty else {
      throw CompilerError(.unsupported, "never runs, and hands out what its iterations would have made")
    }
    for slices in scanned { carried.append(try stacked(slices, axis: 0, isReversed: false)) }
    return carried
  }

  /// The most iterations that a Loop's first input allows; nil where it allows any number.
  private func tripCount(_ node: ONNXNode) throws(CompilerError) -> Int? {
    guard let name = node.inputs.first, !name.isEmpty else { return nil }
    let id = try flowInput(node, 0, "M")
    guard let constant = graph[id].constant else {
      throw CompilerError(
        .unsupported, "its number of iterations is computed at run time; only a number known when the model is compiled is supported (see --constant)")
    }
    guard constant.elementCount == 1, constant.elementType == .int64 || constant.elementType == .int32 else {
      throw CompilerError(.invalid, "input 'M' is \(constant.elementType.name) \(constant.dimensions), not one int64")
    }
    return Int(constant.integers()[0])
  }

  /// Body: (carried…, slice of each scanned input…) → (carried…, slice of each scanned output…).
  mutating func addScan(_ node: ONNXNode) throws(CompilerError) -> [ValueID] {
    guard model.opset(of: node) >= 9 else {
      throw CompilerError(.unsupported, "is the Scan of operator set 8, which runs over batches: export the model with a later one")
    }
    let body = try node.body("body")
    guard let scannedCount = try node.integer("num_scan_inputs"), 1...node.inputs.count ~= scannedCount, body.inputs.count == node.inputs.count else {
      throw CompilerError(.invalid, "its 'num_scan_inputs' doesn't fit its \(node.inputs.count) inputs and its body's \(body.inputs.count)")
    }
    let carriedCount = node.inputs.count - scannedCount
    guard body.outputs.count >= carriedCount else { throw CompilerError(.invalid, "carries \(carriedCount) values; its body makes \(body.outputs.count)") }
    let inputs = try ScanAxes(node, "input", count: scannedCount)
    let outputs = try ScanAxes(node, "output", count: body.outputs.count - carriedCount)
    var carried: [ValueID] = []
    for position in 0..<carriedCount { carried.append(try flowInput(node, position, "initial state")) }
    var sources: [ValueID] = []
    for position in 0..<scannedCount { sources.append(try flowInput(node, carriedCount + position, "scan input")) }
    let length = try scanLength(sources, inputs)
    var scanned = [[ValueID]](repeating: [], count: body.outputs.count - carriedCount)
    for iteration in 0..<length {
      var slices: [ValueID] = []
      for (index, source) in sources.enumerated() {
        slices.append(try slice(of: source, axis: inputs.axes[index], at: inputs.isReversed[index] ? length - 1 - iteration : iteration))
      }
      let made = try inline(body, carried + slices)
      carried = Array(made[..<carriedCount])
      for index in scanned.indices { scanned[index].append(made[carriedCount + index]) }
    }
    for index in scanned.indices { carried.append(try stacked(scanned[index], axis: outputs.axes[index], isReversed: outputs.isReversed[index])) }
    return carried
  }

  /// Iterations of a Scan: the extent of the axis that it runs along, the same in all its inputs.
  private func scanLength(_ sources: [ValueID], _ inputs: ScanAxes) throws(CompilerError) -> Int {
    var lengths: [Int] = []
    for (source, axis) in zip(sources, inputs.axes) {
      let dimensions = graph.type(of: source).dimensions
      let position = axis < 0 ? axis + dimensions.count : axis
      guard dimensions.indices.contains(position) else { throw CompilerError(.invalid, "scans axis \(axis) of \(dimensions)") }
      lengths.append(dimensions[position])
    }
    guard let length = lengths.first, lengths.allSatisfy({ $0 == length }) else { throw CompilerError(.invalid, "scans inputs of lengths \(lengths)") }
    guard length >= 1 else { throw CompilerError(.unsupported, "scans nothing, and hands out what its iterations would have made") }
    guard length <= ControlFlow.mostIterations else {
      throw CompilerError(.unsupported, "runs for \(length) iterations; the limit is \(ControlFlow.mostIterations)")
    }
    return length
  }

  private mutating func slice(of source: ValueID, axis: Int, at position: Int) throws(CompilerError) -> ValueID {
    let index = addConstant(HostTensor([Int64(position)], dimensions: []), name: "position")
    let name = "\(graph[source].name).\(position)"
    return try converting { (reading) throws(OperatorError) in
      try reading.apply(try Gather(.plain("Gather", ["axis": .integer(Int64(axis))])), name: name, to: [source, index], outputNames: [name])[0]
    }
  }

  /// Slices side by side along a new axis, in the order of the iterations or backwards.
  private mutating func stacked(_ slices: [ValueID], axis: Int, isReversed: Bool) throws(CompilerError) -> ValueID {
    let axes = addConstant(HostTensor([Int64(axis)], dimensions: [1]), name: "axis")
    return try converting { (reading) throws(OperatorError) in
      var parts: [ValueID?] = []
      for slice in slices {
        let name = "\(reading.graph[slice].name).slice"
        parts.append(try reading.apply(try Unsqueeze(.plain("Unsqueeze")), name: name, to: [slice, axes], outputNames: [name])[0])
      }
      let name = "\(reading.graph[slices[0]].name).stacked"
      let concatenation = try Concat(.plain("Concat", ["axis": .integer(Int64(axis))]))
      return try reading.apply(concatenation, name: name, to: isReversed ? parts.reversed() : parts, outputNames: [name])[0]
    }
  }
}

/// The axes along which a Scan reads or writes, and which of them backwards.
private struct ScanAxes {
  let axes: [Int]
  let isReversed: [Bool]

  init(_ node: ONNXNode, _ role: String, count: Int) throws(CompilerError) {
    axes = try node.integers("scan_\(role)_axes") ?? [Int](repeating: 0, count: count)
    let directions = try node.integers("scan_\(role)_directions") ?? [Int](repeating: 0, count: count)
    isReversed = directions.map { $0 == 1 }
    guard axes.count == count, directions.count == count, axes.allSatisfy({ -32...32 ~= $0 }) else {
      throw CompilerError(.invalid, "has \(axes.count) axes and \(directions.count) directions for \(count) scan \(role)s")
    }
  }
}

extension HostTensor {
  /// One truth value.
  static func truth(_ value: Bool) -> HostTensor { HostTensor(elementType: .bool, dimensions: [], bytes: [value ? 1 : 0]) }
}
